/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entry of the first vCPU (PVH, 32-bit), the trampoline of the others, and the trap stubs. */

#define CR0_PE_WP_PG 0x80010033
#define CR4_PAE_PGE 0xa0
#define EFER 0xc0000080
#define EFER_SCE_LME_NXE 0x901
#define CODE64 0x08
#define CODE32 0x10
#define DATA 0x18
#define TRAMPOLINE 0x8000
#define STACK_STRIDE 12288	/* STACK_SIZE and the guard page below it */
#define CPUS 8			/* CPUS_MAX */

	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18		/* name size, description size, XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long pvh_start

	.section .boot, "ax"
	.code32
	.globl pvh_start
	.type pvh_start, @function
pvh_start:
	cld
	movl %ebx, %edi			/* the start info: first argument of main */
	movl $boot_pml4, %eax
	jmp enter_long

/* Both ways lead here: %eax = page tables, %edi = argument, 32-bit flat segments. */
	.globl enter_long
	.type enter_long, @function
enter_long:
	movl %eax, %cr3
	movl $CR4_PAE_PGE, %eax
	movl %eax, %cr4
	movl $EFER, %ecx
	movl $EFER_SCE_LME_NXE, %eax
	xorl %edx, %edx
	wrmsr
	movl $CR0_PE_WP_PG, %eax
	movl %eax, %cr0			/* paging on: compatibility mode from here */
	lgdt boot_gdt_ptr
	ljmp $CODE64, $long_start

	.code64
	.globl long_start
	.type long_start, @function
long_start:
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	xorl %ebp, %ebp			/* the end of the frame chain */
	cmpb $0, boot_done
	jne secondary_start
	movb $1, boot_done
	leaq stacks + STACK_STRIDE(%rip), %rsp
	call main
1:	cli
	hlt
	jmp 1b

/* Every other vCPU: its number is its APIC id, and with it goes a stack. */
	.type secondary_start, @function
secondary_start:
	movl $1, %eax
	lock xaddl %eax, cpus_started
	movl $1, %eax
	cpuid
	shrl $24, %ebx
	movl %ebx, %edi
	cmpl $CPUS, %edi
	jae 1f
	leal 1(%rdi), %eax
	imull $STACK_STRIDE, %eax, %eax
	leaq stacks(%rax), %rsp
	call secondary_main
1:	cli
	hlt
	jmp 1b
	.size secondary_start, . - secondary_start

/* Copied to TRAMPOLINE: started by SIPI in real mode, CS = TRAMPOLINE >> 4. */
	.section .rodata
	.balign 16
	.globl trampoline_start, trampoline_end
	.code16
trampoline_start:
	cli
	movw %cs, %ax
	movw %ax, %ds
	lgdtl (trampoline_gdt_ptr - trampoline_start)
	movl $0x11, %eax
	movl %eax, %cr0
	ljmpl $CODE32, $(TRAMPOLINE + trampoline32 - trampoline_start)
	.code32
trampoline32:
	movl $DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	movl $final_pml4, %eax
	movl $enter_long, %ecx
	jmp *%ecx
	.balign 4
trampoline_gdt_ptr:
	.word boot_gdt_end - boot_gdt - 1
	.long boot_gdt
trampoline_end:

	.section .data
	.balign 16
	.globl boot_gdt
boot_gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* CODE64 */
	.quad 0x00cf9b000000ffff	/* CODE32 */
	.quad 0x00cf93000000ffff	/* DATA */
boot_gdt_end:
boot_gdt_ptr:
	.word boot_gdt_end - boot_gdt - 1
	.quad boot_gdt
boot_done:
	.byte 0

/* The first GiB one to one, built by the assembler: paging.c makes the real tables later. */
	.balign 4096
boot_pml4:
	.quad boot_pdpt + 3
	.fill 511, 8, 0
boot_pdpt:
	.quad boot_pd + 3
	.fill 511, 8, 0
boot_pd:
	.set page, 0
	.rept 512
	.quad page + 0x83
	.set page, page + 0x200000
	.endr

	.section .stacks, "aw", @nobits
	.balign 4096
	.globl stacks
stacks:
	.skip STACK_STRIDE * CPUS

	.text
	.code64
/* One stub a vector; those without an error code push 0 for it. */
	.macro stub vector, error
	.balign 16
trap_\vector:
	.if \error == 0
	pushq $0
	.endif
	pushq $\vector
	jmp trap_common
	.endm

	.set vector, 0
	.altmacro
	.macro stub_numbered n
	.if (\n == 8) || (\n >= 10 && \n <= 14) || (\n == 17) || (\n == 21) || (\n == 29) || (\n == 30)
	stub \n, 1
	.else
	stub \n, 0
	.endif
	.endm
	.rept 32
	stub_numbered %vector
	.set vector, vector + 1
	.endr
	stub 52, 0	/* VECTOR_UART */
	stub 64, 0	/* VECTOR_TIMER */
	stub 255, 0	/* VECTOR_SPURIOUS */

	.type trap_common, @function
trap_common:
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	cld
	movq %rsp, %rdi
	/* A frame that continues at the interrupted code: %rbp and the return address are its link. */
	pushq 136(%rsp)			/* rip */
	pushq %rbp
	movq %rsp, %rbp
	call trap
	addq $16, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rbx
	popq %rax
	addq $16, %rsp			/* vector and error code */
	iretq
	.size trap_common, . - trap_common

	.section .rodata
	.balign 8
	.globl trap_stubs
trap_stubs:
	.set vector, 0
	.macro stub_address n
	.quad trap_\n
	.endm
	.rept 32
	stub_address %vector
	.set vector, vector + 1
	.endr
	.quad trap_52, trap_64, trap_255

	.section .note.GNU-stack, "", @progbits

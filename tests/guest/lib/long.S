/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entry of ELF64 guests, and trap stubs for irq.c. */
	.text
	.globl _start
_start:
	xorl %ebp, %ebp
	call main
	movl %eax, %edi
	call finish

	.altmacro
	.macro stub n
	.balign 16
	.if (\n != 8) && ((\n < 10) || (\n > 14)) && (\n != 17)
	pushq $0
	.endif
	pushq $\n
	jmp trap_common
	.endm
	.balign 16
	.globl trap_stubs	/* 16 bytes each, vectors 0-79 */
trap_stubs:
	.set vector, 0
	.rept 80
	stub %vector
	.set vector, vector + 1
	.endr
	.balign 16
trap_common:
	pushq %rax
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	cld
	movq 72(%rsp), %rdi	/* vector */
	movq 80(%rsp), %rsi	/* error code */
	movq 88(%rsp), %rdx	/* rip */
	subq $8, %rsp
	call irq_trap
	addq $8, %rsp
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rdi
	popq %rsi
	popq %rdx
	popq %rcx
	popq %rax
	addq $16, %rsp
	iretq
	.section .note.GNU-stack, "", @progbits

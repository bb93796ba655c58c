/* SPDX-License-Identifier: GPL-3.0-or-later */
/* PVH: 32-bit entry; checks what the ABI promises and prints the command line, status 1, else 3. */
	.section .note.pvh, "a", @note
	.balign 4
	.long 4, 4, 18
	.asciz "Xen"
	.long _start

	.text
	.code32
	.globl _start
_start:
	cmpl $0x336ec578, (%ebx)	/* EBX: start info */
	jne bad
	movl %cr0, %eax
	testl $1, %eax			/* protected */
	jz bad
	testl $0x80000000, %eax		/* not paged */
	jnz bad
	movw %cs, %ax
	testw $3, %ax
	jnz bad
	movl 24(%ebx), %esi		/* cmdline_paddr */
	testl %esi, %esi
	jz bad
	movw $0x3f8, %dx
1:	lodsb
	testb %al, %al
	jz good
	outb %al, %dx
	jmp 1b
good:
	movb $'\n', %al
	outb %al, %dx
	movb $0, %al
	outb %al, $0xf4
bad:
	movb $1, %al
	outb %al, $0xf4
	cli
	hlt
	.section .note.GNU-stack, "", @progbits

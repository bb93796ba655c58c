/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes the operand of its next instruction, four times: status (1+2+3+4 << 1) | 1 = 21. */
	.text
	.globl main, patched
main:
	pushq %rbp
	movq %rsp, %rbp
	xorl %eax, %eax
	movl $1, %ecx
1:
	movb %cl, 1 + patched(%rip)
patched:
	addb $0x7f, %al			/* 04 ib */
	incl %ecx
	cmpl $5, %ecx
	jne 1b
	popq %rbp
	ret
	.section .note.GNU-stack, "", @progbits

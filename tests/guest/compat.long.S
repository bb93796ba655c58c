/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compatibility mode: from 64-bit code to 32-bit code of the boot GDT (0x08) and back. Status 13. */
	.text
	.globl main, code32, back
main:
	pushq %rbp
	movq %rsp, %rbp
	movabsq $0x1111222233334444, %rdi
	pushq $0x08
	pushq $code32
	lretq
	.code32
code32:
	movl $6, %eax
	incl %edi
	pushl %eax
	popl %ecx
	ljmp $0x10, $back
	.code64
back:
	popq %rbp
	ret
	.section .note.GNU-stack, "", @progbits

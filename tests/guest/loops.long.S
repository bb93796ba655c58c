/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Goes round for ever with interrupts off; `halt` stays in HLT for ever. Set rip to choose. */
	.text
	.globl main, spin, halt
main:
	xorl %eax, %eax
spin:
	addq $1, %rax
	jmp spin
halt:
	cli
	hlt
	jmp halt
	.section .note.GNU-stack, "", @progbits

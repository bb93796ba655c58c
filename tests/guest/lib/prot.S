/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Multiboot header and entry of 32-bit guests. */
	.section .multiboot, "a"
	.balign 4
	.long 0x1badb002, 3, -(0x1badb002 + 3)
	.text
	.globl _start
_start:
	movl $stack_top, %esp
	xorl %ebp, %ebp
	pushl %ebx
	pushl %eax
	call main
	pushl %eax
	call finish
	.bss
	.balign 16
	.skip 4096
stack_top:
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real mode: prints with a string instruction, in a call, and ends with status 33. */
	.code16
	.text
	.globl _start
_start:
	xorw %ax, %ax
	movw %ax, %ds
	movw $message, %si
	call print
	movb $0x10, %al
	outb %al, $0xf4
	cli
	hlt

	.globl print
print:
	movw $message_end - message, %cx
	movw $0x3f8, %dx
	rep outsb
	ret

message:
	.ascii "hello from real mode\n"
message_end:

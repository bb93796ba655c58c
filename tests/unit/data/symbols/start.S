/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Labels without sizes, a constant and a local label; nop is the same word everywhere. */
	.set	PORT, 0x3f8
	.globl	_start
	.text
_start:
	nop
	nop
after_start:
	nop
.Lhidden:
	nop
	nop
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-3.0-or-later */
	.section .rodata
	.balign 16
	.globl demo_blob_start, demo_blob_end
demo_blob_start:
	.incbin DEMO_ELF
demo_blob_end:
	.section .note.GNU-stack, "", @progbits

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Three lines by H_PUT_TERM_CHAR, then the exit status 7; of either byte order. */
	.section .text
	.globl _start
_start:
	mr 31,3
	li 30,0
again:
	li 3,0x58
	li 4,0
	li 5,6
	lis 6,0x6865
	ori 6,6,0x6c6c
	sldi 6,6,32
	oris 6,6,0x6f0a
	sc 1
	addi 30,30,1
	cmpdi 30,3
	blt again
	mfmsr 29
	li 3,0
	ori 3,3,0xf0f0
	li 4,7
	sc 1
	b .

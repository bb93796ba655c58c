/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every form of branch between first and last, in exactly 60 steps: r10 counts what must be executed, r11
 * what must not be. A sequence from lwarx to stwcx. is one step. */
	.section .text
	.globl _start, first, last, landed
_start:
	li 10, 0
	li 11, 0
	li 12, 0
	lis 20, word@ha
	addi 20, 20, word@l
	nop
first:
	b 1f			/* 1 */
	addi 11, 11, 1
1:	addi 10, 10, 1		/* 2 */
	bl 2f			/* 3 */
	addi 10, 10, 1		/* 6: after the return */
	b 3f			/* 7 */
2:	addi 10, 10, 1		/* 4 */
	blr			/* 5 */
3:	cmpdi 10, 3		/* 8 */
	bne 9f			/* 9: not taken */
	beq 4f			/* 10: taken */
	addi 11, 11, 1
4:	li 5, 5			/* 11 */
	mtctr 5			/* 12 */
5:	addi 10, 10, 1		/* 5 rounds of 2: 13 to 22 */
	bdnz 5b
	lis 6, 6f@ha		/* 23 */
	addi 6, 6, 6f@l		/* 24 */
	mtctr 6			/* 25 */
	bctr			/* 26 */
	addi 11, 11, 1
6:	mtctr 6			/* 27 */
	lis 6, 7f@ha		/* 28 */
	addi 6, 6, 7f@l		/* 29 */
	mtctr 6			/* 30 */
	bctrl			/* 31 */
	b 8f			/* 34 */
7:	addi 10, 10, 1		/* 32 */
	bclr 20, 0		/* 33 */
8:	lwarx 7, 0, 20		/* 35: with the two below */
	addi 7, 7, 1
	stwcx. 7, 0, 20
	bne- 8b			/* 36 */
	lwz 12, 0(20)		/* 37 */
	lis 6, 10f@ha		/* 38 */
	addi 6, 6, 10f@l	/* 39 */
	mtsrr0 6		/* 40 */
	mfmsr 7			/* 41 */
	mtsrr1 7		/* 42 */
	rfid			/* 43 */
9:	addi 11, 11, 1
10:	li 3, 0x58		/* 44 */
	li 4, 0			/* 45 */
	li 5, 0			/* 46 */
	sc 1			/* 47: a hypercall comes back */
	addi 10, 10, 1		/* 48 */
	cmpdi 3, 0		/* 49 */
	bnelr			/* 50: not taken */
	li 5, 4			/* 51 */
	mtctr 5			/* 52 */
	bdnz .			/* 3 rounds and the end: 53 to 56 */
	nop			/* 57 */
	nop			/* 58 */
	addi 10, 10, 1		/* 59 */
	b last			/* 60 */
	addi 11, 11, 1
last:	li 5, 9
	mtctr 5
	bdnz landed
	addi 11, 11, 1
landed:	nop
	li 3, 0
	ori 3, 3, 0xf0f0
	li 4, 5
	sc 1
	b .
	.balign 8
word:	.long 41

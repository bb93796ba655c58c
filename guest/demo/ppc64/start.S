/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Interrupt vectors, the entries of the first and of the other vCPUs, and the hypercall. */

#define STACK_SIZE 16384
#define RED_ZONE 512
#define FRAME (RED_ZONE + 64 + 39 * 8 + 8)
#define AT(n) (64 + 8 * (n))		/* of struct frame in the stack frame */
#define SRR0_AT AT(32)

	.section .vectors, "ax"
	.macro VECTOR at
	.org \at
	mtsprg 1, 3
	li 3, \at
	b interrupt_entry
	.endm

	VECTOR 0x100
	VECTOR 0x200
	VECTOR 0x300
	VECTOR 0x380
	VECTOR 0x400
	VECTOR 0x480
	VECTOR 0x500
	VECTOR 0x600
	VECTOR 0x700
	VECTOR 0x800
	VECTOR 0x900
	VECTOR 0xa00
	VECTOR 0xc00
	VECTOR 0xd00
	VECTOR 0xf00
	VECTOR 0xf20
	VECTOR 0xf40
	VECTOR 0xf60

	.org 0x1000
/* r3 = vector, its old value in SPRG1. Handlers leave r13 to r31 alone, as all functions do. */
	.globl interrupt_entry
	.type interrupt_entry, @function
interrupt_entry:
	stdu 1, -FRAME(1)
	std 0, AT(0)(1)
	std 2, AT(2)(1)
	std 4, AT(4)(1)
	std 5, AT(5)(1)
	std 6, AT(6)(1)
	std 7, AT(7)(1)
	std 8, AT(8)(1)
	std 9, AT(9)(1)
	std 10, AT(10)(1)
	std 11, AT(11)(1)
	std 12, AT(12)(1)
	std 3, AT(38)(1)
	mfsprg 0, 1
	std 0, AT(3)(1)
	addi 0, 1, FRAME
	std 0, AT(1)(1)
	mfsrr0 0
	std 0, AT(32)(1)
	mfsrr1 0
	std 0, AT(33)(1)
	mflr 0
	std 0, AT(34)(1)
	mfctr 0
	std 0, AT(35)(1)
	mfxer 0
	std 0, AT(36)(1)
	mfcr 0
	std 0, AT(37)(1)
	addi 3, 1, AT(0)
	bl interrupt
	nop
	ld 0, AT(32)(1)
	mtsrr0 0
	ld 0, AT(33)(1)
	mtsrr1 0
	ld 0, AT(34)(1)
	mtlr 0
	ld 0, AT(35)(1)
	mtctr 0
	ld 0, AT(36)(1)
	mtxer 0
	ld 0, AT(37)(1)
	mtcr 0
	ld 0, AT(0)(1)
	ld 2, AT(2)(1)
	ld 3, AT(3)(1)
	ld 4, AT(4)(1)
	ld 5, AT(5)(1)
	ld 6, AT(6)(1)
	ld 7, AT(7)(1)
	ld 8, AT(8)(1)
	ld 9, AT(9)(1)
	ld 10, AT(10)(1)
	ld 11, AT(11)(1)
	ld 12, AT(12)(1)
	addi 1, 1, FRAME
	rfid
	.size interrupt_entry, . - interrupt_entry

	.text
/* The first vCPU: r3 = device tree. */
	.globl _start
	.type _start, @function
_start:
	li 4, 0
	bl setup
	bl main
	nop
	.size _start, . - _start

/* The others, by RTAS start-cpu: r3 = number. */
	.globl secondary_start
	.type secondary_start, @function
secondary_start:
	mr 4, 3
	bl setup
	bl secondary_main
	nop
	.size secondary_start, . - secondary_start

/* Stack and TOC of vCPU r4; r3 stays. A zero back chain ends the frames. */
	.type setup, @function
setup:
	addi 4, 4, 1
	mulli 4, 4, STACK_SIZE
	lis 1, stacks@ha
	addi 1, 1, stacks@l
	add 1, 1, 4
	li 0, 0
	stdu 0, -64(1)
	lis 2, .TOC.@ha
	addi 2, 2, .TOC.@l
	blr
	.size setup, . - setup

/* hcall(nr, a, b, c, d, e, ret) */
	.globl hcall
	.type hcall, @function
hcall:
	std 9, -8(1)
	sc 1
	ld 10, -8(1)
	cmpdi 10, 0
	beqlr
	std 4, 0(10)
	std 5, 8(10)
	std 6, 16(10)
	std 7, 24(10)
	blr
	.size hcall, . - hcall

/* relocate(msr): goes on with that MSR. */
	.globl set_msr
	.type set_msr, @function
set_msr:
	mflr 0
	mtsrr0 0
	mtsrr1 3
	rfid
	.size set_msr, . - set_msr

	.section .stacks, "aw", @nobits
	.balign 65536
	.globl stacks
stacks:
	.space 8 * STACK_SIZE
	.section .note.GNU-stack, "", @progbits

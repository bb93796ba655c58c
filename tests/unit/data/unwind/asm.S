/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames written by hand: what the test fabricates a stack for. */
	.text
	.globl	_start
	.type	_start, @function
_start:
	.cfi_startproc
#ifdef __x86_64__
	.cfi_undefined rip
	xor	%ebp, %ebp
	call	entry
	ud2
#else
	nop
#endif
	.cfi_endproc
	.size	_start, . - _start

#ifdef __x86_64__
/* An interrupt handler's frame: rip, cs, rflags, rsp, ss above an error code. */
	.globl	handler, handler_pushed
	.type	handler, @function
handler:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa rsp, 48
	.cfi_offset rip, -40
	/* What the CPU pushed, not the CFA as after a call. */
	.cfi_offset rsp, -16
	push	%rbx
	.cfi_adjust_cfa_offset 8
	.cfi_offset rbx, -56
handler_pushed:
	nop
	pop	%rbx
	.cfi_adjust_cfa_offset -8
	.cfi_restore rbx
	add	$8, %rsp
	.cfi_adjust_cfa_offset -8
	iretq
	.cfi_endproc
	.size	handler, . - handler

/* A CFA that needs an expression, as PLT entries have: rsp + 8 + ((rip & 15) >= 11) * 8. */
	.globl	odd_cfa, odd_cfa_late
	.type	odd_cfa, @function
	.balign	16
odd_cfa:
	.cfi_startproc
	.cfi_escape 0x0f, 0x0b, 0x77, 0x08, 0x80, 0x00, 0x3f, 0x1a, 0x3b, 0x2a, 0x33, 0x24, 0x22
	nop; nop; nop; nop; nop; nop; nop; nop; nop; nop; nop
odd_cfa_late:
	nop
	ret
	.cfi_endproc
	.size	odd_cfa, . - odd_cfa

/* Nothing is known here: frame pointers have to do. */
	.globl	no_cfi, no_cfi_body
	.type	no_cfi, @function
no_cfi:
	push	%rbp
	mov	%rsp, %rbp
no_cfi_body:
	nop
	leave
	ret
	.size	no_cfi, . - no_cfi
#endif
	.section .note.GNU-stack, "", @progbits

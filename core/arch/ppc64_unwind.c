/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The back chain (64-bit ELF V2 ABI 2.2.2): r1 points at a word that holds the caller's r1, and the caller's
 * frame keeps the return address of whom it called at 16(r1). The innermost function may not have made its
 * frame yet, or may never (a leaf): what its code still does up to the end tells.
 */
#include "core/arch/ppc64_insn.h"

#define LOOK_AHEAD 64		/* instructions */
#define LR_SAVE 16		/* bytes above the caller's r1 */

#define INSN_MFLR_R0 0x7c0802a6u
#define INSN_MTLR_MASK 0xfc1fffffu
#define INSN_MTLR 0x7c0803a6u
#define INSN_BLR 0x4e800020u

/* What the code from pc on says of the innermost frame. */
struct innermost {
	bool lr_live;		/* LR is the return address */
	bool frame_made;	/* r1 is this function's own */
};

static bool is_stack_push(uint32_t w)
{
	/* stdu r1,-N(r1), stdux r1,r1,rN */
	return (w & 0xffff0003) == 0xf8210001 || (w & 0xffff07ff) == 0x7c21016a;
}

static bool is_stack_pop(uint32_t w)
{
	/* addi r1,r1,N; ld r1,0(r1); mr r1,rN */
	return (w & 0xffff0000) == 0x38210000 || w == 0xe8210000 || ((w & 0xfc1f07fe) == 0x7c010378 &&
	       (w >> 21 & 31) == (w >> 11 & 31));
}

static bool is_call(const struct ppc64_insn *i)
{
	return i->link && i->kind >= PPC64_INSN_B && i->kind <= PPC64_INSN_BCTAR &&
	       !(i->kind == PPC64_INSN_BC && i->disp == 4); /* bcl 20,31,$+4 only asks where it is */
}

/*
 * Follows the code to where it returns. A frame taken down on the way stands now; LR set on the way was
 * saved. A function that still calls somebody has made its frame, unless it makes it first.
 */
static struct innermost look(const struct regs *regs, const struct mem_reader *mem, uint64_t pc)
{
	bool big = arch_is_big_endian(regs), popped = false, restored = false;

	for (unsigned n = 0; n < LOOK_AHEAD; n++) {
		struct ppc64_insn i;
		uint8_t raw[4];
		uint32_t w;

		if (!mem->virt(mem->ctx, pc, raw, 4))
			break;
		w = (uint32_t)bytes_read(raw, 4, big);
		ppc64_insn_decode(w, 0, &i);
		if (w == INSN_MFLR_R0 || is_stack_push(w)) {
			if (!popped && !restored)
				return (struct innermost){ .lr_live = true };
			w = INSN_BLR; /* of the function it jumps to at its end */
		}
		if (w == INSN_BLR || (i.kind == PPC64_INSN_BCCTR && !i.link && (popped || restored)))
			return (struct innermost){ .lr_live = !restored, .frame_made = popped };
		if (is_call(&i) || (i.kind == PPC64_INSN_BCCTR && ppc64_insn_always(&i)))
			break;
		restored |= (w & INSN_MTLR_MASK) == INSN_MTLR;
		popped |= is_stack_pop(w);
		if (i.kind == PPC64_INSN_B)
			pc = i.absolute ? (uint64_t)i.disp : pc + i.disp;
		else
			pc += i.len;
	}
	return (struct innermost){ .frame_made = true };
}

static bool read_word(const struct mem_reader *mem, bool big, unsigned size, uint64_t addr, uint64_t *ret)
{
	uint8_t raw[8];

	if (!mem->virt(mem->ctx, addr, raw, size))
		return false;
	*ret = bytes_read(raw, size, big);
	return true;
}

/* Frames go upwards, so a hostile chain ends after at most the size of memory; callers bound the count. */
bool ppc64_unwind(const struct regs *regs, const struct mem_reader *mem, struct frame *f)
{
	bool big = arch_is_big_endian(regs);
	bool first = f->pc == regs->arch->pc_linear(regs) && f->sp == regs->arch->sp_linear(regs);
	struct innermost in = { .frame_made = true };
	uint64_t sp = f->sp, ret;

	if (sp == 0 || sp & 7)
		return false;
	if (first)
		in = look(regs, mem, f->pc);
	if (in.frame_made && (!read_word(mem, big, 8, f->sp, &sp) || sp <= f->sp))
		return false;
	if (in.lr_live)
		ret = regs_u64(regs, PPC64_LR);
	else if (!read_word(mem, big, 8, sp + LR_SAVE, &ret))
		return false;
	ret &= ~3ull;
	if (ret == 0 || !mem->virt(mem->ctx, ret, &(uint8_t){ 0 }, 1))
		return false;
	/* The outermost frame's chain word is 0: it has a caller's address, but no caller. */
	*f = (struct frame){ .pc = ret, .sp = sp, .fp = f->fp };
	return true;
}

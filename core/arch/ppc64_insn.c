/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/arch/ppc64_insn.h"

#include "core/base/vec.h"

#define PRIMARY(w) ((w) >> 26)
#define EXTENDED(w) ((w) >> 1 & 0x3ff)
#define RA(w) ((w) >> 16 & 31)
#define RB(w) ((w) >> 11 & 31)

/* BO of a branch (ISA I 2.4): bits as numbers. */
#define BO_NO_CR 0x10	/* CR is not looked at */
#define BO_CR_TRUE 0x08
#define BO_NO_CTR 0x04	/* CTR is neither decremented nor looked at */
#define BO_CTR_ZERO 0x02

enum access { LOAD = 1, STORE = 2 };

/* D-form loads and stores, primary opcodes 32 to 55. */
static const struct {
	uint8_t size, access;
} d_forms[] = {
	{ 4, LOAD }, { 4, LOAD }, { 1, LOAD }, { 1, LOAD }, { 4, STORE }, { 4, STORE }, { 1, STORE },
	{ 1, STORE }, { 2, LOAD }, { 2, LOAD }, { 2, LOAD }, { 2, LOAD }, { 2, STORE }, { 2, STORE },
	{ 0, LOAD }, { 0, STORE }, { 4, LOAD }, { 4, LOAD }, { 8, LOAD }, { 8, LOAD }, { 4, STORE },
	{ 4, STORE }, { 8, STORE }, { 8, STORE },
};

/* X-form loads and stores: primary 31. */
static const struct {
	uint16_t xop;
	uint8_t size, access;
	uint8_t kind;
} x_forms[] = {
	{ 20, 4, LOAD, PPC64_INSN_LARX }, { 52, 1, LOAD, PPC64_INSN_LARX }, { 84, 8, LOAD, PPC64_INSN_LARX },
	{ 116, 2, LOAD, PPC64_INSN_LARX }, { 276, 16, LOAD, PPC64_INSN_LARX },
	{ 150, 4, STORE, PPC64_INSN_STCX }, { 214, 8, STORE, PPC64_INSN_STCX }, { 694, 1, STORE, PPC64_INSN_STCX },
	{ 726, 2, STORE, PPC64_INSN_STCX }, { 182, 16, STORE, PPC64_INSN_STCX },
	{ 21, 8, LOAD }, { 53, 8, LOAD }, { 23, 4, LOAD }, { 55, 4, LOAD }, { 87, 1, LOAD }, { 119, 1, LOAD },
	{ 279, 2, LOAD }, { 311, 2, LOAD }, { 343, 2, LOAD }, { 375, 2, LOAD }, { 341, 4, LOAD },
	{ 373, 4, LOAD }, { 149, 8, STORE }, { 181, 8, STORE }, { 151, 4, STORE }, { 183, 4, STORE },
	{ 215, 1, STORE }, { 247, 1, STORE }, { 407, 2, STORE }, { 439, 2, STORE }, { 532, 8, LOAD },
	{ 534, 4, LOAD }, { 790, 2, LOAD }, { 660, 8, STORE }, { 662, 4, STORE }, { 918, 2, STORE },
	{ 535, 4, LOAD }, { 567, 4, LOAD }, { 599, 8, LOAD }, { 631, 8, LOAD }, { 663, 4, STORE },
	{ 695, 4, STORE }, { 727, 8, STORE }, { 759, 8, STORE }, { 103, 16, LOAD }, { 359, 16, LOAD },
	{ 231, 16, STORE }, { 487, 16, STORE }, { 844, 16, LOAD }, { 780, 16, LOAD }, { 268, 16, LOAD },
	{ 876, 16, LOAD }, { 972, 16, STORE }, { 908, 16, STORE }, { 396, 16, STORE }, { 1004, 16, STORE },
	/* Cache inhibited, of hypervisors and real mode. */
	{ 789, 4, LOAD }, { 821, 2, LOAD }, { 853, 1, LOAD }, { 885, 8, LOAD }, { 917, 4, STORE },
	{ 949, 2, STORE }, { 981, 1, STORE }, { 1013, 8, STORE },
};

static void set_mem(struct ppc64_insn *i, unsigned access, unsigned size, int rb, int64_t disp)
{
	i->load = access & LOAD;
	i->store = access & STORE;
	i->mem_size = size;
	i->ra = RA(i->word) ? (int)RA(i->word) : -1;
	i->rb = rb;
	i->mem_disp = disp;
}

static void decode_19(struct ppc64_insn *i)
{
	static const struct {
		uint16_t xop;
		uint8_t kind;
	} forms[] = {
		{ 16, PPC64_INSN_BCLR }, { 528, PPC64_INSN_BCCTR }, { 560, PPC64_INSN_BCTAR },
		{ 18, PPC64_INSN_RFID }, { 274, PPC64_INSN_HRFID }, { 82, PPC64_INSN_RFSCV },
		{ 146, PPC64_INSN_RFEBB }, { 370, PPC64_INSN_STOP }, { 434, PPC64_INSN_STOP },
		{ 402, PPC64_INSN_STOP }, { 466, PPC64_INSN_STOP }, { 498, PPC64_INSN_STOP },
	};

	for (unsigned n = 0; n < ARRAY_SIZE(forms); n++)
		if (forms[n].xop == EXTENDED(i->word))
			i->kind = forms[n].kind;
	if (i->kind == PPC64_INSN_BCLR || i->kind == PPC64_INSN_BCCTR || i->kind == PPC64_INSN_BCTAR) {
		i->bo = i->word >> 21 & 31;
		i->bi = i->word >> 16 & 31;
		i->link = i->word & 1;
	}
}

static void decode_31(struct ppc64_insn *i)
{
	unsigned xop = EXTENDED(i->word);

	if (xop == 4 || xop == 68)
		i->kind = PPC64_INSN_TRAP;
	else if (xop == 30)
		i->kind = PPC64_INSN_STOP;
	for (unsigned n = 0; n < ARRAY_SIZE(x_forms); n++) {
		if (x_forms[n].xop != xop)
			continue;
		/* Store conditional is the form with the record bit: the others have it clear, or are no loads. */
		if (x_forms[n].kind == PPC64_INSN_STCX && !(i->word & 1))
			return;
		i->kind = x_forms[n].kind;
		set_mem(i, x_forms[n].access, x_forms[n].size, RB(i->word), 0);
		return;
	}
}

/* DS- and DQ-forms: two bits of the displacement select the instruction. */
static void decode_ds(struct ppc64_insn *i, unsigned access)
{
	unsigned form = i->word & 3;
	unsigned size = access == LOAD && form == 2 ? 4 : access == STORE && form == 2 ? 16 : 8;

	if (form != 3)
		set_mem(i, access, size, -1, sign_extend(i->word & 0xfffc, 16));
}

void ppc64_insn_decode(uint32_t word, uint32_t suffix, struct ppc64_insn *ret)
{
	struct ppc64_insn i = { .word = word, .len = 4, .ra = -1, .rb = -1 };
	unsigned primary = PRIMARY(word);

	switch (primary) {
	case 1:
		i.len = 8;
		i.suffix = suffix;
		break;
	case 2:
	case 3:
		i.kind = PPC64_INSN_TRAP;
		break;
	case 16:
		i.kind = PPC64_INSN_BC;
		i.bo = word >> 21 & 31;
		i.bi = word >> 16 & 31;
		i.disp = sign_extend(word & 0xfffc, 16);
		i.absolute = word & 2;
		i.link = word & 1;
		break;
	case 17:
		/* Bits 30 and 31 tell sc (1, reserved) from scv (0, 1). */
		if (word & 2)
			i.kind = PPC64_INSN_SC;
		else if (word & 1)
			i.kind = PPC64_INSN_SCV;
		i.lev = word >> 5 & 0x7f;
		break;
	case 18:
		i.kind = PPC64_INSN_B;
		i.disp = sign_extend(word & 0x03fffffc, 26);
		i.absolute = word & 2;
		i.link = word & 1;
		break;
	case 19:
		decode_19(&i);
		break;
	case 31:
		decode_31(&i);
		break;
	case 58:
		decode_ds(&i, LOAD);
		break;
	case 62:
		decode_ds(&i, STORE);
		break;
	default:
		if (primary >= 32 && primary < 32 + ARRAY_SIZE(d_forms))
			set_mem(&i, d_forms[primary - 32].access, d_forms[primary - 32].size, -1,
				sign_extend(word & 0xffff, 16));
	}
	*ret = i;
}

static bool is_conditional_form(const struct ppc64_insn *insn)
{
	return insn->kind == PPC64_INSN_BC || insn->kind == PPC64_INSN_BCLR ||
	       insn->kind == PPC64_INSN_BCCTR || insn->kind == PPC64_INSN_BCTAR;
}

bool ppc64_insn_always(const struct ppc64_insn *insn)
{
	if (!is_conditional_form(insn))
		return insn->kind == PPC64_INSN_B;
	/* bcctr that decrements is an invalid form: CTR is taken as it is. */
	return (insn->bo & BO_NO_CR) && ((insn->bo & BO_NO_CTR) || insn->kind == PPC64_INSN_BCCTR);
}

bool ppc64_insn_taken(const struct ppc64_insn *insn, const struct regs *regs)
{
	uint64_t ctr = regs_u64(regs, PPC64_CTR) - 1, cr = regs_u64(regs, PPC64_CR);
	bool ctr_ok = true, cr_ok = true;

	if (!is_conditional_form(insn))
		return insn->kind == PPC64_INSN_B;
	if (!(insn->bo & BO_NO_CTR) && insn->kind != PPC64_INSN_BCCTR) {
		if (regs->arch->code_bits(regs) == 32)
			ctr &= MASK(31, 0);
		ctr_ok = (ctr == 0) == !!(insn->bo & BO_CTR_ZERO);
	}
	if (!(insn->bo & BO_NO_CR))
		cr_ok = (cr >> (31 - insn->bi) & 1) == !!(insn->bo & BO_CR_TRUE);
	return ctr_ok && cr_ok;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Possible successors of an instruction: KVM HV has no single step (kernel's kvm_hv only stores the flag), so
 * a step is breakpoints at all of them. */
#include "core/arch/ppc64_insn.h"

#include "core/base/vec.h"

#define SEQUENCE_MAX 64	/* instructions from larx to stcx.; compilers and kernels use at most about 16 */

static uint64_t wrap(uint64_t msr, uint64_t address)
{
	return msr & PPC64_MSR_SF ? address : address & MASK(31, 0);
}

static bool fetch(const struct regs *regs, const struct mem_reader *mem, uint64_t pc, struct ppc64_insn *ret)
{
	bool big = arch_is_big_endian(regs);
	uint8_t raw[8] = { 0 };
	uint32_t word;

	if (!mem->virt(mem->ctx, pc, raw, 4))
		return false;
	word = (uint32_t)bytes_read(raw, 4, big);
	/* A prefix alone is an instruction nobody can execute; its suffix may lie outside memory. */
	if (ppc64_insn_prefixed(word) && !mem->virt(mem->ctx, pc + 4, raw + 4, 4))
		return false;
	ppc64_insn_decode(word, (uint32_t)bytes_read(raw + 4, 4, big), ret);
	return true;
}

static bool add(struct ppc64_step *s, uint64_t pc, uint64_t msr)
{
	for (unsigned i = 0; i < s->n; i++)
		if (s->next[i].pc == pc && s->next[i].msr == msr)
			return true;
	if (s->n == PPC64_STEP_MAX)
		return false;
	s->next[s->n++] = (struct ppc64_succ){ pc, msr };
	return true;
}

/* Where a taken branch goes. */
static uint64_t branch_target(const struct ppc64_insn *i, const struct regs *regs, uint64_t pc)
{
	switch (i->kind) {
	case PPC64_INSN_BCLR:
		return regs_u64(regs, PPC64_LR) & ~3ull;
	case PPC64_INSN_BCCTR:
		return regs_u64(regs, PPC64_CTR) & ~3ull;
	case PPC64_INSN_BCTAR:
		return regs_u64(regs, PPC64_TAR) & ~3ull;
	default:
		return i->absolute ? (uint64_t)i->disp : pc + i->disp;
	}
}

uint64_t ppc64_interrupt_msr(const struct regs *regs, unsigned vector)
{
	uint64_t msr = regs_u64(regs, PPC64_MSR), relocation = PPC64_MSR_IR | PPC64_MSR_DR;
	uint64_t lpcr = regs_u64(regs, PPC64_LPCR), ret = PPC64_MSR_SF | (msr & (PPC64_MSR_ME | PPC64_MSR_HV));
	bool kept = (msr & relocation) == relocation && PPC64_LPCR_AIL(lpcr) >= 2 && vector != 0x100 &&
		    vector != 0x200;

	if (lpcr & PPC64_LPCR_ILE)
		ret |= PPC64_MSR_LE;
	/* scv keeps relocation and external interrupts as they are. */
	if (vector >= 0x3000)
		return ret | (msr & (relocation | PPC64_MSR_EE | PPC64_MSR_RI));
	return ret | (kept ? relocation : 0);
}

/*
 * The return instructions take MSR from SRR1. Without HV the guest can not set HV and ME; with PR it also
 * gets EE, IR, DR (ISA III 3.3.1).
 */
static uint64_t returned_msr(const struct regs *regs, uint64_t from)
{
	uint64_t fixed = PPC64_MSR_HV | PPC64_MSR_ME | PPC64_MSR_S;
	uint64_t msr = (from & ~fixed) | (regs_u64(regs, PPC64_MSR) & fixed);

	return msr & PPC64_MSR_PR ? msr | PPC64_MSR_EE | PPC64_MSR_IR | PPC64_MSR_DR : msr;
}

/*
 * From the larx at @pc to its stcx.: every branch inside must stay inside or leave to a known place, and
 * nothing may leave otherwise. False: it is no such sequence, and the larx is stepped alone.
 */
static bool decode_sequence(const struct regs *regs, const struct mem_reader *mem, uint64_t pc, uint64_t msr,
			    struct ppc64_step *ret)
{
	struct ppc64_step s = { 0 };
	uint64_t out[PPC64_STEP_MAX], at = wrap(msr, pc + 4);
	unsigned nout = 0;

	for (s.insns = 2; s.insns <= SEQUENCE_MAX; s.insns++) {
		struct ppc64_insn i;

		if (!fetch(regs, mem, at, &i))
			return false;
		switch (i.kind) {
		case PPC64_INSN_STCX:
			at = wrap(msr, at + i.len);
			add(&s, at, msr);
			for (unsigned n = 0; n < nout; n++)
				if ((out[n] < pc || out[n] >= at) && !add(&s, out[n], msr))
					return false;
			*ret = s;
			return true;
		case PPC64_INSN_B:
		case PPC64_INSN_BC:
		case PPC64_INSN_BCLR:
			if (i.link || nout == PPC64_STEP_MAX)
				return false;
			out[nout++] = wrap(msr, branch_target(&i, regs, at));
			break;
		case PPC64_INSN_OTHER:
			/* mtlr: a later bclr would go elsewhere. */
			if ((i.word & 0xfc1fffff) == 0x7c0803a6)
				return false;
			break;
		case PPC64_INSN_LARX:
		case PPC64_INSN_TRAP:
			break;
		default:
			return false;
		}
		at = wrap(msr, at + i.len);
	}
	return false;
}

static bool decode_return(const struct regs *regs, unsigned kind, struct ppc64_step *s)
{
	uint64_t msr = regs_u64(regs, PPC64_MSR);
	uint64_t to;

	switch (kind) {
	case PPC64_INSN_RFID:
		to = regs_u64(regs, PPC64_SRR0);
		msr = returned_msr(regs, regs_u64(regs, PPC64_SRR1));
		break;
	case PPC64_INSN_RFSCV:
		to = regs_u64(regs, PPC64_LR);
		msr = returned_msr(regs, regs_u64(regs, PPC64_CTR));
		break;
	case PPC64_INSN_RFEBB:
		to = regs_u64(regs, PPC64_EBBRR);
		break;
	default:
		return false;
	}
	return add(s, wrap(msr, to & ~3ull), msr);
}

static unsigned scv_vector(const struct ppc64_insn *i)
{
	return 0x3000 + 0x20 * i->lev;
}

bool ppc64_step_decode(const struct regs *regs, const struct mem_reader *mem, struct ppc64_step *ret)
{
	uint64_t msr = regs_u64(regs, PPC64_MSR), pc = wrap(msr, regs_u64(regs, PPC64_PC));
	struct ppc64_step s = { .insns = 1 };
	struct ppc64_insn i;

	if (!fetch(regs, mem, pc, &i))
		return false;
	switch (i.kind) {
	case PPC64_INSN_B:
	case PPC64_INSN_BC:
	case PPC64_INSN_BCLR:
	case PPC64_INSN_BCCTR:
	case PPC64_INSN_BCTAR:
		add(&s, wrap(msr, ppc64_insn_taken(&i, regs) ? branch_target(&i, regs, pc) : pc + 4), msr);
		break;
	case PPC64_INSN_SC:
		/* Level 1 is for the hypervisor, but user code's is handed to its kernel (KVM HV). */
		s.hypercall = i.lev == 1 && !(msr & PPC64_MSR_PR);
		if (s.hypercall)
			add(&s, wrap(msr, pc + 4), msr);
		else
			add(&s, ppc64_vector_address(regs, 0xc00), ppc64_interrupt_msr(regs, 0xc00));
		break;
	case PPC64_INSN_SCV:
		add(&s, ppc64_vector_address(regs, scv_vector(&i)), ppc64_interrupt_msr(regs, scv_vector(&i)));
		break;
	case PPC64_INSN_RFID:
	case PPC64_INSN_HRFID:
	case PPC64_INSN_RFSCV:
	case PPC64_INSN_RFEBB:
		/* hrfid in a guest is a program interrupt: only the vectors are left. */
		decode_return(regs, i.kind, &s);
		break;
	case PPC64_INSN_LARX:
		if (decode_sequence(regs, mem, pc, msr, &s))
			break;
		s = (struct ppc64_step){ .insns = 1 };
		add(&s, wrap(msr, pc + 4), msr);
		break;
	default:
		add(&s, wrap(msr, pc + i.len), msr);
	}
	*ret = s;
	return true;
}

unsigned ppc64_step_vectors(const struct regs *regs, bool async, uint64_t *ret, unsigned max)
{
	static const uint16_t sync_vectors[] = {
		0x300, 0x380, 0x400, 0x480, 0x600, 0x700, 0x800, 0xd00, 0xf20, 0xf40, 0xf60,
	};
	static const uint16_t async_vectors[] = { 0x100, 0x200, 0x500, 0x900, 0xa00, 0xf00 };
	unsigned n = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(sync_vectors) && n < max; i++)
		ret[n++] = ppc64_vector_address(regs, sync_vectors[i]);
	for (unsigned i = 0; async && i < ARRAY_SIZE(async_vectors) && n < max; i++)
		ret[n++] = ppc64_vector_address(regs, async_vectors[i]);
	return n;
}

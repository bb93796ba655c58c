/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hashed translation: segments, and where their pages' entries are (Power ISA 3.0B III 5.7.7 to 5.7.9). */
#include "core/arch/ppc64_mmu.h"

#define SLB_VALID BIT(27)
#define SLB_KS BIT(11)
#define SLB_KP BIT(10)
#define SLB_N BIT(9)
#define SLB_L BIT(8)
#define SLB_C BIT(7)
#define SLB_LP(v) FIELD(v, 5, 4)
#define SLB_B(v) FIELD(v, 63, 62)	/* 0: 256 MiB, 1: 1 TiB */

#define SHIFT_256M 28
#define SHIFT_1T 40
#define VSID_BITS_1T 38

static unsigned segment_shift(const struct ppc64_slbe *s)
{
	return s->segment_1t ? SHIFT_1T : SHIFT_256M;
}

/* L and LP together, as POWER9 has them: 4 KiB without L; 16 MiB and 64 KiB with. */
static unsigned page_shift(uint64_t vsid)
{
	if (!(vsid & SLB_L))
		return 12;
	switch (SLB_LP(vsid)) {
	case 0: return 24;
	case 1: return 16;
	default: return 0;
	}
}

void ppc64_slbe_decode(uint64_t esid, uint64_t vsid, struct ppc64_slbe *ret)
{
	struct ppc64_slbe s = {
		.valid = esid & SLB_VALID, .index = FIELD(esid, 11, 0), .ks = vsid & SLB_KS, .kp = vsid & SLB_KP,
		.nx = vsid & SLB_N, .large = vsid & SLB_L, .class_bit = vsid & SLB_C, .segment_1t = SLB_B(vsid) == 1,
		.page_shift = page_shift(vsid),
	};

	/* The VSID of a 1 TiB segment has 12 bits less, and its field ends that much higher. */
	s.vsid = s.segment_1t ? FIELD(vsid, 61, 24) : FIELD(vsid, 61, 12);
	s.esid = esid & ~MASK(segment_shift(&s) - 1, 0);
	*ret = s;
}

bool ppc64_slbe_match(const struct ppc64_slbe *s, uint64_t ea)
{
	return s->valid && s->page_shift && (ea & ~MASK(segment_shift(s) - 1, 0)) == s->esid;
}

void ppc64_hash_ea(const struct ppc64_slbe *s, uint64_t ea, struct ppc64_hash *ret)
{
	uint64_t offset = ea & MASK(segment_shift(s) - 1, 0), page = offset >> s->page_shift;

	/* 78 bits of virtual address: the low 64 are enough to compare with AVA, which starts at bit 23. */
	ret->va = s->vsid << segment_shift(s) | (offset & ~MASK(s->page_shift - 1, 0));
	ret->hash = s->segment_1t ? (s->vsid ^ (s->vsid << 25) ^ page) & MASK(38, 0) : (s->vsid ^ page) & MASK(38, 0);
	/* AVA holds the virtual address from bit 23 on, at bit 7; with pages above 8 MiB its lowest bits are 0. */
	ret->avpn = (s->vsid << (segment_shift(s) - 23) | (offset >> 23 & ~(s->page_shift > 23 ? 1ull : 0))) << 7;
	ret->avpn = (ret->avpn & MASK(61, 7)) | (s->segment_1t ? BIT(62) : 0);
}

uint64_t ppc64_hash_group(const struct ppc64_hash *h, unsigned order, bool secondary)
{
	/* A group has 128 bytes. */
	uint64_t mask = order > 7 && order < 64 ? MASK(order - 8, 0) : 0;

	return (secondary ? ~h->hash : h->hash) & mask;
}

bool ppc64_hpte_match(const struct ppc64_slbe *s, const struct ppc64_hash *h, uint64_t v, bool secondary)
{
	/* Large pages say so, and which of their sizes is in the second doubleword. */
	return (v & PPC64_HPTE_VALID) && !!(v & PPC64_HPTE_SECONDARY) == secondary &&
	       !!(v & PPC64_HPTE_LARGE) == s->large && (v & (MASK(61, 7) | MASK(63, 62))) == h->avpn;
}

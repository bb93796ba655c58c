/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local APIC registers by offset in the page (SDM vol. 3A 10.4.1), shared by the LAPIC and IOAPIC views. */
#pragma once

#include "core/base/bits.h"
#include "core/target/state.h"

enum {
	LAPIC_ID = 0x20, LAPIC_VERSION = 0x30, LAPIC_TPR = 0x80, LAPIC_PPR = 0xa0, LAPIC_LDR = 0xd0,
	LAPIC_DFR = 0xe0, LAPIC_SVR = 0xf0, LAPIC_ISR = 0x100, LAPIC_TMR = 0x180, LAPIC_IRR = 0x200,
	LAPIC_ESR = 0x280, LAPIC_LVT_CMCI = 0x2f0, LAPIC_ICR = 0x300, LAPIC_ICR_HIGH = 0x310,
	LAPIC_LVT_TIMER = 0x320, LAPIC_LVT_THERMAL = 0x330, LAPIC_LVT_PERF = 0x340,
	LAPIC_LVT_LINT0 = 0x350, LAPIC_LVT_LINT1 = 0x360, LAPIC_LVT_ERROR = 0x370,
	LAPIC_TIMER_INITIAL = 0x380, LAPIC_TIMER_CURRENT = 0x390, LAPIC_TIMER_DIVIDE = 0x3e0,
};

#define LAPIC_SVR_ENABLE BIT(8)
#define LAPIC_LVT_MASKED BIT(16)
#define LAPIC_BASE_X2 BIT(10)
#define LAPIC_BASE_ENABLE BIT(11)

static inline uint32_t lapic_reg(const struct state_x86_lapic *l, unsigned offset)
{
	return le32_read(l->regs + offset);
}

static inline bool lapic_x2(const struct state_x86_lapic *l)
{
	return l->apic_base & LAPIC_BASE_X2;
}

/* In x2APIC mode the register holds the whole id, when KVM was asked for that format. */
static inline uint32_t lapic_id(const struct state_x86_lapic *l)
{
	uint32_t v = lapic_reg(l, LAPIC_ID);

	return lapic_x2(l) && (l->flags & 1) ? v : v >> 24;
}

/* The 8 words of a vector map at @offset. */
static inline void lapic_map(const struct state_x86_lapic *l, unsigned offset, uint32_t map[8])
{
	for (unsigned i = 0; i < 8; i++)
		map[i] = lapic_reg(l, offset + 0x10 * i);
}

/* Delivery modes of LVT entries, ICR and redirection entries. */
static inline const char *apic_delivery_name(unsigned mode)
{
	static const char *const names[8] = {
		"fixed", "lowest", "smi", "reserved", "nmi", "init", "sipi", "extint",
	};

	return names[mode & 7];
}

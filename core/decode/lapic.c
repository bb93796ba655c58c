/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The local APIC of a vCPU, every register (SDM vol. 3A 10). */
#include "core/decode/decode.h"
#include "core/decode/lapic_regs.h"

#include <stdio.h>

#include "core/base/vec.h"

static const struct lvt {
	const char *name;
	unsigned offset;
	bool has_delivery, has_pin, is_timer;
} lvts[] = {
	{ "timer", LAPIC_LVT_TIMER, .is_timer = true },
	{ "thermal", LAPIC_LVT_THERMAL, .has_delivery = true },
	{ "perf", LAPIC_LVT_PERF, .has_delivery = true },
	{ "lint0", LAPIC_LVT_LINT0, .has_delivery = true, .has_pin = true },
	{ "lint1", LAPIC_LVT_LINT1, .has_delivery = true, .has_pin = true },
	{ "error", LAPIC_LVT_ERROR },
	{ "cmci", LAPIC_LVT_CMCI, .has_delivery = true },
};

/* The version register tells how many entries there are; CMCI is the seventh. */
static unsigned lvt_count(const struct state_x86_lapic *l)
{
	unsigned n = FIELD(lapic_reg(l, LAPIC_VERSION), 23, 16) + 1;

	return n < ARRAY_SIZE(lvts) ? n : ARRAY_SIZE(lvts);
}

static const char *lvt_mode(const struct lvt *lvt, uint32_t v)
{
	static const char *const timer[4] = { "oneshot", "periodic", "tsc-deadline", "reserved" };

	if (lvt->is_timer)
		return timer[FIELD(v, 18, 17)];
	return lvt->has_delivery ? apic_delivery_name(FIELD(v, 10, 8)) : "fixed";
}

static void label(struct out *out, const char *name)
{
	out_text(out, ROLE_LABEL, "  %-6s", name);
}

static void show_head(struct out *out, unsigned vcpu, const struct state_x86_lapic *l)
{
	uint32_t svr = lapic_reg(l, LAPIC_SVR);

	out_text(out, ROLE_HEADING, "LAPIC of vCPU ");
	out_dec(out, ROLE_HEADING, "vcpu", 0, vcpu);
	out_text(out, ROLE_TEXT, ": ");
	out_bool(out, ROLE_TEXT, "x2apic", "x2APIC id ", "xAPIC id ", lapic_x2(l));
	out_dec(out, ROLE_NUMBER, "id", 0, lapic_id(l));
	out_text(out, ROLE_TEXT, ", version ");
	out_hex(out, ROLE_NUMBER, "version", 2, lapic_reg(l, LAPIC_VERSION) & 0xff);
	out_text(out, ROLE_TEXT, ", ");
	out_bool(out, ROLE_TEXT, "enabled", "enabled", "disabled",
		 (svr & LAPIC_SVR_ENABLE) && (l->apic_base & LAPIC_BASE_ENABLE));
	out_text(out, ROLE_TEXT, ", base ");
	out_hex(out, ROLE_ADDR, "base", 0, l->apic_base & MASK(51, 12));
	out_bool(out, ROLE_TEXT, "bsp", " BSP", "", l->apic_base & BIT(8));
	out_nl(out);
}

static void show_priority(struct out *out, const struct state_x86_lapic *l)
{
	uint32_t svr = lapic_reg(l, LAPIC_SVR), dfr = lapic_reg(l, LAPIC_DFR);

	label(out, "SVR");
	out_hex(out, ROLE_NUMBER, "svr", 8, svr);
	out_text(out, ROLE_COMMENT, "  %s, spurious vector 0x%02x%s",
		 svr & LAPIC_SVR_ENABLE ? "enabled" : "disabled", svr & 0xff,
		 svr & BIT(12) ? ", EOI broadcast off" : "");
	out_nl(out);
	label(out, "TPR");
	out_hex(out, ROLE_NUMBER, "tpr", 2, lapic_reg(l, LAPIC_TPR));
	out_text(out, ROLE_LABEL, "  PPR ");
	out_hex(out, ROLE_NUMBER, "ppr", 2, lapic_reg(l, LAPIC_PPR));
	out_text(out, ROLE_LABEL, "  LDR ");
	out_hex(out, ROLE_NUMBER, "ldr", 8, lapic_reg(l, LAPIC_LDR));
	if (!lapic_x2(l)) {
		out_text(out, ROLE_LABEL, "  DFR ");
		out_hex(out, ROLE_NUMBER, "dfr", 8, dfr);
		out_text(out, ROLE_COMMENT, " %s", dfr >> 28 == 15 ? "flat" : dfr >> 28 == 0 ? "cluster" :
			 "reserved model");
	}
	out_nl(out);
}

static void show_vectors(struct out *out, const struct state_x86_lapic *l)
{
	static const struct {
		const char *label, *name;
		unsigned offset;
	} maps[] = {
		{ "ISR", "isr", LAPIC_ISR }, { "TMR", "tmr", LAPIC_TMR }, { "IRR", "irr", LAPIC_IRR },
	};
	static const char *const comments[] = { "in service", "level-triggered", "pending" };
	uint32_t map[8];

	for (unsigned i = 0; i < ARRAY_SIZE(maps); i++) {
		lapic_map(l, maps[i].offset, map);
		label(out, maps[i].label);
		decode_vectors(out, ROLE_NUMBER, maps[i].name, map);
		out_text(out, ROLE_COMMENT, "  %s", comments[i]);
		out_nl(out);
	}
}

static void show_lvt(struct out *out, const struct state_x86_lapic *l)
{
	out_list(out, "lvt");
	for (unsigned i = 0; i < lvt_count(l); i++) {
		uint32_t v = lapic_reg(l, lvts[i].offset);

		out_begin(out, "lvt");
		out_text(out, ROLE_LABEL, "  LVT ");
		out_str(out, ROLE_LABEL, "name", 8, lvts[i].name);
		out_hex(out, ROLE_NUMBER, "value", 8, v);
		out_text(out, ROLE_TEXT, "  vector ");
		out_hex(out, ROLE_NUMBER, "vector", 2, v & 0xff);
		out_text(out, ROLE_TEXT, "  ");
		out_str(out, ROLE_TEXT, "mode", 12, lvt_mode(&lvts[i], v));
		out_bool(out, v & LAPIC_LVT_MASKED ? ROLE_DIM : ROLE_TEXT, "masked", " masked", " unmasked",
			 v & LAPIC_LVT_MASKED);
		out_bool(out, ROLE_WARN, "send_pending", " send-pending", "", v & BIT(12));
		if (lvts[i].has_pin) {
			out_bool(out, ROLE_TEXT, "level", " level", " edge", v & BIT(15));
			out_bool(out, ROLE_TEXT, "active_low", " low", "", v & BIT(13));
			out_bool(out, ROLE_WARN, "remote_irr", " remote-irr", "", v & BIT(14));
		}
		out_end(out);
	}
	out_list_end(out);
}

/* SDM figure 10-10: bits 3, 1, 0 are the power of two, shifted by one; 7 is "by 1". */
static unsigned timer_divide(uint32_t tdcr)
{
	unsigned n = FIELD(tdcr, 3, 3) << 2 | FIELD(tdcr, 1, 0);

	return n == 7 ? 1 : 2u << n;
}

static void show_timer(struct out *out, const struct state_x86_lapic *l)
{
	label(out, "timer");
	out_text(out, ROLE_TEXT, "initial ");
	out_dec(out, ROLE_NUMBER, "timer_initial", 0, lapic_reg(l, LAPIC_TIMER_INITIAL));
	out_text(out, ROLE_TEXT, ", current ");
	out_dec(out, ROLE_NUMBER, "timer_current", 0, lapic_reg(l, LAPIC_TIMER_CURRENT));
	out_text(out, ROLE_TEXT, ", divided by ");
	out_dec(out, ROLE_NUMBER, "timer_divide", 0, timer_divide(lapic_reg(l, LAPIC_TIMER_DIVIDE)));
	out_nl(out);
}

static void show_icr(struct out *out, const struct state_x86_lapic *l)
{
	static const char *const shorthands[] = { "", "self", "all", "all-but-self" };
	uint32_t low = lapic_reg(l, LAPIC_ICR), high = lapic_reg(l, LAPIC_ICR_HIGH);
	unsigned shorthand = FIELD(low, 19, 18);

	label(out, "ICR");
	out_hex(out, ROLE_NUMBER, "icr", 16, (uint64_t)high << 32 | low);
	out_text(out, ROLE_COMMENT, "  %s vector 0x%02x %s %s to ", apic_delivery_name(FIELD(low, 10, 8)), low & 0xff,
		 low & BIT(15) ? "level" : "edge", low & BIT(14) ? "assert" : "deassert");
	if (shorthand)
		out_text(out, ROLE_COMMENT, "%s", shorthands[shorthand]);
	else
		out_text(out, ROLE_COMMENT, "%s 0x%x", low & BIT(11) ? "logical" : "APIC",
			 lapic_x2(l) ? high : high >> 24);
	if (!lapic_x2(l) && (low & BIT(12)))
		out_text(out, ROLE_WARN, " send-pending");
	out_nl(out);
}

static const char *esr_text(uint32_t esr, char *buf, size_t size)
{
	static const char *const bits[8] = {
		"send-checksum", "receive-checksum", "send-accept", "receive-accept", "redirectable-ipi",
		"send-illegal-vector", "receive-illegal-vector", "illegal-register",
	};
	size_t len = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < 8 && len < size; i++)
		if (esr & BIT(i))
			len += snprintf(buf + len, size - len, "%s%s", len ? " " : "", bits[i]);
	return buf;
}

/* Why the next vector is not delivered, when one waits (SDM 10.8.3.1: its class must exceed PPR's). */
static void show_waiting(struct out *out, const struct state_x86_lapic *l)
{
	uint32_t irr[8], ppr = lapic_reg(l, LAPIC_PPR) & 0xff;
	int next;

	lapic_map(l, LAPIC_IRR, irr);
	next = decode_highest(irr);
	if (next < 0)
		return;
	label(out, "next");
	out_hex(out, ROLE_NUMBER, "next", 2, next);
	out_bool(out, ROLE_COMMENT, "held_back", "  held back: its class is not above PPR's",
		 "  deliverable when interrupts are enabled", next >> 4 <= (int)ppr >> 4);
	out_nl(out);
}

static void find_wrong(struct out *out, const struct state_x86_lapic *l)
{
	uint32_t irr[8], svr = lapic_reg(l, LAPIC_SVR), esr = lapic_reg(l, LAPIC_ESR) & 0xff;
	bool enabled = (svr & LAPIC_SVR_ENABLE) && (l->apic_base & LAPIC_BASE_ENABLE);
	char text[160];

	lapic_map(l, LAPIC_IRR, irr);
	if (!enabled && decode_highest(irr) >= 0)
		decode_finding(out, "lapic", "LAPIC-1", "vector 0x%02x is pending but the LAPIC is disabled "
			       "(%s): it is never delivered", decode_highest(irr),
			       l->apic_base & LAPIC_BASE_ENABLE ? "SVR bit 8 clear" : "APIC base bit 11 clear");
	for (unsigned i = 0; i < lvt_count(l); i++) {
		uint32_t v = lapic_reg(l, lvts[i].offset);
		bool fixed = !lvts[i].has_delivery || FIELD(v, 10, 8) == 0;

		if (v & LAPIC_LVT_MASKED)
			continue;
		/* At reset with LINT0/1 entries KVM leaves ExtINT and NMI unmasked: no vector is used. */
		if (fixed && (v & 0xff) < 16 && enabled)
			decode_finding(out, "lapic", "LAPIC-2", "LVT %s is unmasked with vector 0x%02x: vectors "
				       "below 16 are illegal", lvts[i].name, v & 0xff);
	}
	if (esr)
		decode_finding(out, "lapic", "LAPIC-3", "errors were recorded: %s", esr_text(esr, text, sizeof(text)));
	if (lapic_x2(l) && !(l->apic_base & LAPIC_BASE_ENABLE))
		decode_finding(out, "lapic", "LAPIC-4", "APIC base 0x%llx has x2APIC set without enable: illegal",
			       (unsigned long long)l->apic_base);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct state_x86_lapic l;
	struct error *err = decode_state(ctx, STATE_X86_LAPIC, ctx->vcpu, &l, sizeof(l));

	if (err)
		return err;
	out_begin(out, "lapic");
	show_head(out, ctx->vcpu, &l);
	show_priority(out, &l);
	show_vectors(out, &l);
	show_waiting(out, &l);
	show_lvt(out, &l);
	show_timer(out, &l);
	show_icr(out, &l);
	label(out, "ESR");
	out_hex(out, ROLE_NUMBER, "esr", 2, lapic_reg(&l, LAPIC_ESR));
	out_end(out);
	find_wrong(out, &l);
	return NULL;
}

const struct view view_lapic = {
	.name = "lapic",
	.title = "local APIC",
	.help = "every register of the vCPU's local APIC, pending vectors and why they wait",
	.arch = "x86_64",
	.per_vcpu = true,
	.show = show,
};

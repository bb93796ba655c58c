/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The IOAPIC's redirection table (82093AA 3.2.4). */
#include "core/decode/decode.h"
#include "core/decode/lapic_regs.h"

#include <stdio.h>

#include "core/base/vec.h"

#define REDIR_MASKED BIT(16)

/* What is known of the LAPICs, to tell where an interrupt went. */
struct lapics {
	unsigned count;			/* vCPUs with a readable LAPIC */
	uint64_t ids[4];		/* bit i: some vCPU has APIC id i */
	uint32_t taken[8];		/* ISR and IRR of all vCPUs together: delivered and not yet ended */
};

static void read_lapics(const struct view_ctx *ctx, struct lapics *ret)
{
	unsigned n = target_vcpu_count(ctx->target);

	*ret = (struct lapics){ 0 };
	for (unsigned i = 0; i < n && i < 4096; i++) {
		struct state_x86_lapic l;
		uint32_t map[8];
		struct error *err = decode_state(ctx, STATE_X86_LAPIC, i, &l, sizeof(l));

		if (err) {
			error_destroy(err);
			continue;
		}
		ret->count++;
		if (lapic_id(&l) < 256)
			ret->ids[lapic_id(&l) / 64] |= BIT(lapic_id(&l) % 64);
		lapic_map(&l, LAPIC_ISR, map);
		for (unsigned w = 0; w < 8; w++)
			ret->taken[w] |= map[w];
		lapic_map(&l, LAPIC_IRR, map);
		for (unsigned w = 0; w < 8; w++)
			ret->taken[w] |= map[w];
	}
}

static void show_entry(struct out *out, unsigned pin, uint64_t e)
{
	out_begin(out, "redirection");
	out_text(out, ROLE_LABEL, "  pin ");
	out_dec(out, ROLE_LABEL, "pin", 2, pin);
	out_text(out, ROLE_TEXT, "  vector ");
	out_hex(out, ROLE_NUMBER, "vector", 2, FIELD(e, 7, 0));
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_TEXT, "delivery", 7, apic_delivery_name(FIELD(e, 10, 8)));
	out_text(out, ROLE_TEXT, " to ");
	out_bool(out, ROLE_TEXT, "logical", "logical ", "APIC ", e & BIT(11));
	out_hex(out, ROLE_NUMBER, "dest", 2, FIELD(e, 63, 56));
	out_bool(out, ROLE_TEXT, "level", "  level", "  edge ", e & BIT(15));
	out_bool(out, ROLE_TEXT, "active_low", " low ", " high", e & BIT(13));
	out_bool(out, e & REDIR_MASKED ? ROLE_DIM : ROLE_TEXT, "masked", "  masked", "  unmasked", e & REDIR_MASKED);
	out_bool(out, ROLE_WARN, "remote_irr", " remote-irr", "", e & BIT(14));
	out_bool(out, ROLE_WARN, "send_pending", " send-pending", "", e & BIT(12));
	out_hidden_hex(out, "value", e);
	out_end(out);
}

static void find_wrong(struct out *out, unsigned pin, uint64_t e, const struct lapics *lapics)
{
	unsigned vector = FIELD(e, 7, 0), dest = FIELD(e, 63, 56), delivery = FIELD(e, 10, 8);

	if (!(e & REDIR_MASKED) && delivery <= 1 && vector < 16)
		decode_finding(out, "ioapic", "IOAPIC-1", "pin %u is unmasked with vector 0x%02x: vectors below 16 "
			       "are illegal", pin, vector);
	if ((e & BIT(15)) && (e & BIT(14)) && lapics->count &&
	    !(lapics->taken[vector / 32] >> (vector % 32) & 1))
		decode_finding(out, "ioapic", "IOAPIC-2", "pin %u waits for the EOI of vector 0x%02x, which no vCPU has "
			       "pending or in service: the EOI was lost", pin, vector);
	if (!(e & REDIR_MASKED) && !(e & BIT(11)) && lapics->count && dest != 0xff &&
	    !(lapics->ids[dest / 64] & BIT(dest % 64)))
		decode_finding(out, "ioapic", "IOAPIC-3", "pin %u goes to APIC id 0x%02x, which no vCPU has", pin, dest);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct state_x86_ioapic io;
	struct lapics lapics;
	struct error *err = decode_state(ctx, STATE_X86_IOAPIC, 0, &io, sizeof(io));
	const unsigned n = ARRAY_SIZE(io.redir);
	uint32_t hidden[8] = { 0 }, lines[8] = { 0 };

	if (err)
		return err;
	out_begin(out, "ioapic");
	out_text(out, ROLE_HEADING, "IOAPIC");
	out_text(out, ROLE_TEXT, ": id ");
	out_dec(out, ROLE_NUMBER, "id", 0, io.id);
	out_text(out, ROLE_TEXT, ", base ");
	out_hex(out, ROLE_ADDR, "base", 0, io.base);
	out_text(out, ROLE_TEXT, ", select ");
	out_hex(out, ROLE_NUMBER, "select", 2, io.ioregsel);
	out_text(out, ROLE_TEXT, ", lines raised ");
	lines[0] = io.irr & MASK(n - 1, 0);
	decode_numbers(out, ROLE_NUMBER, "lines", lines);
	out_nl(out);
	out_list(out, "pins");
	for (unsigned i = 0; i < n; i++) {
		/* Pins nobody set up are summed up in text; JSON has them all. */
		if (!out->is_json && (io.redir[i] == REDIR_MASKED || io.redir[i] == 0)) {
			hidden[0] |= BIT(i);
			continue;
		}
		show_entry(out, i, io.redir[i]);
	}
	out_list_end(out);
	if (hidden[0]) {
		out_text(out, ROLE_DIM, "  not set up: ");
		decode_numbers(out, ROLE_DIM, "unused", hidden);
	}
	out_end(out);
	read_lapics(ctx, &lapics);
	for (unsigned i = 0; i < n; i++)
		if (io.redir[i])
			find_wrong(out, i, io.redir[i], &lapics);
	return NULL;
}

const struct view view_ioapic = {
	.name = "ioapic",
	.title = "I/O APIC",
	.help = "the redirection entry of each pin, and interrupts that can not arrive",
	.arch = "x86_64",
	.show = show,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The GSI routing table: which chip and pin, or which message, an interrupt line reaches. */
#include "core/decode/decode.h"
#include "core/decode/lapic_regs.h"

#include <stddef.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"

#define ROUTES_MAX 4096 /* KVM_MAX_IRQ_ROUTES */

static void show_msi(struct out *out, const struct state_irq_route *r)
{
	out_text(out, ROLE_TEXT, "MSI ");
	out_hex(out, ROLE_ADDR, "address", 0, r->msi_addr);
	out_text(out, ROLE_TEXT, " data ");
	out_hex(out, ROLE_NUMBER, "data", 0, r->msi_data);
	out_text(out, ROLE_TEXT, ": vector ");
	out_hex(out, ROLE_NUMBER, "vector", 2, r->msi_data & 0xff);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "delivery", 0, apic_delivery_name(FIELD(r->msi_data, 10, 8)));
	out_bool(out, ROLE_TEXT, "logical", " to logical ", " to APIC ", r->msi_addr & BIT(2));
	out_hex(out, ROLE_NUMBER, "dest", 2, FIELD(r->msi_addr, 19, 12));
	out_bool(out, ROLE_TEXT, "level", " level", " edge", r->msi_data & BIT(15));
}

static void show_route(struct out *out, const struct state_irq_route *r)
{
	static const char *const chips[] = { "PIC master", "PIC slave", "IOAPIC" };

	out_begin(out, "route");
	out_text(out, ROLE_LABEL, "  GSI ");
	out_dec(out, ROLE_LABEL, "gsi", 3, r->gsi);
	out_text(out, ROLE_TEXT, "  ");
	if (r->type == STATE_ROUTE_MSI) {
		show_msi(out, r);
	} else if (r->type == STATE_ROUTE_IRQCHIP) {
		if (r->chip < ARRAY_SIZE(chips))
			out_str(out, ROLE_TEXT, "chip", 0, chips[r->chip]);
		else
			out_strf(out, ROLE_WARN, "chip", "chip %u", r->chip);
		out_text(out, ROLE_TEXT, " pin ");
		out_dec(out, ROLE_NUMBER, "pin", 0, r->pin);
	} else {
		out_text(out, ROLE_WARN, "unknown type ");
		out_dec(out, ROLE_WARN, "kind", 0, r->type);
	}
	out_end(out);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	const size_t size = sizeof(struct state_irq_routes) + ROUTES_MAX * sizeof(struct state_irq_route);
	_free_ struct state_irq_routes *routes = xcalloc(1, size);
	size_t len = 0;
	uint32_t fit;
	struct error *err = target_state_get(ctx->target, STATE_IRQ_ROUTES, 0, routes, size, &len);

	if (err)
		return err;
	if (len < sizeof(*routes) || routes->version != STATE_VERSION)
		return error_create(ERROR_UNSUPPORTED, "the routing table has an unknown layout");
	fit = (len - sizeof(*routes)) / sizeof(routes->route[0]);
	out_begin(out, "routes");
	out_text(out, ROLE_HEADING, "interrupt routes");
	out_text(out, ROLE_TEXT, ": ");
	out_dec(out, ROLE_NUMBER, "count", 0, routes->count);
	out_nl(out);
	out_list(out, "routes");
	for (uint32_t i = 0; i < routes->count && i < fit; i++)
		show_route(out, &routes->route[i]);
	out_list_end(out);
	out_end(out);
	if (routes->count > fit)
		decode_finding(out, "routes", "ROUTES-1", "the table says %u routes but holds %u: the rest is missing",
			       routes->count, fit);
	return NULL;
}

const struct view view_routes = {
	.name = "routes",
	.title = "interrupt routing table",
	.help = "where each GSI goes: PIC, IOAPIC or MSI",
	.show = show,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What KVM holds for a vCPU beside its registers: pending exception, interrupt, NMI, run state. */
#include "core/decode/decode.h"

#include "core/arch/x86_64.h"
#include "core/base/vec.h"

/* KVM_MP_STATE_*. */
static const char *mp_state_name(uint32_t v)
{
	static const char *const names[] = {
		"runnable", "uninitialized", "INIT received", "halted", "SIPI received", "stopped",
		"check-stop", "operating", "load", "AP reset hold", "suspended",
	};

	return v < ARRAY_SIZE(names) ? names[v] : "unknown";
}

static void show_exception(struct out *out, const struct state_vcpu_events *e)
{
	const char *name = x86_exception_name(e->exc_nr);

	out_text(out, ROLE_LABEL, "  exception ");
	out_bool(out, ROLE_TEXT, "exception_injected", "injected", e->exc_pending ? "pending" : "none",
		 e->exc_injected);
	out_bool(out, ROLE_TEXT, "exception_pending", "", "", e->exc_pending);
	if (e->exc_pending || e->exc_injected) {
		out_text(out, ROLE_TEXT, ": ");
		out_dec(out, ROLE_NUMBER, "exception", 0, e->exc_nr);
		out_text(out, ROLE_COMMENT, " %s", name ? name : "not an exception");
		if (e->exc_has_error) {
			out_text(out, ROLE_TEXT, ", error code ");
			out_hex(out, ROLE_NUMBER, "error", 0, e->exc_error);
		}
		if (e->exc_payload) {
			out_text(out, ROLE_TEXT, ", payload ");
			out_hex(out, ROLE_NUMBER, "payload", 0, e->exc_payload);
		}
	}
	out_nl(out);
}

static void show_interrupts(struct out *out, const struct state_vcpu_events *e)
{
	out_text(out, ROLE_LABEL, "  interrupt ");
	out_bool(out, ROLE_TEXT, "irq_injected", "injected", "none", e->irq_injected);
	if (e->irq_injected) {
		out_text(out, ROLE_TEXT, ": vector ");
		out_hex(out, ROLE_NUMBER, "irq", 2, e->irq_nr);
		out_bool(out, ROLE_TEXT, "irq_soft", " by an INT instruction", "", e->irq_soft);
	}
	out_nl(out);
	out_text(out, ROLE_LABEL, "  NMI       ");
	out_bool(out, ROLE_TEXT, "nmi_pending", "pending", "none pending", e->nmi_pending);
	out_bool(out, ROLE_TEXT, "nmi_injected", ", injected", "", e->nmi_injected);
	out_bool(out, ROLE_TEXT, "nmi_masked", ", masked (an NMI handler runs)", "", e->nmi_masked);
	out_nl(out);
	out_text(out, ROLE_LABEL, "  shadow    ");
	out_text(out, ROLE_TEXT, "%s", e->shadow & 1 ? "MOV SS" : e->shadow & 2 ? "STI" : "none");
	out_text(out, ROLE_COMMENT, "%s", e->shadow & 3 ? ": interrupts wait for one more instruction" : "");
	out_hidden_dec(out, "shadow", e->shadow);
	out_bool(out, ROLE_WARN, "smm", ", in system management mode", "", e->smm);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct state_vcpu_events e;
	struct error *err = decode_state(ctx, STATE_VCPU_EVENTS, ctx->vcpu, &e, sizeof(e));

	if (err)
		return err;
	out_begin(out, "pending");
	out_text(out, ROLE_HEADING, "pending events of vCPU ");
	out_dec(out, ROLE_HEADING, "vcpu", 0, ctx->vcpu);
	out_text(out, ROLE_TEXT, ": ");
	out_str(out, ROLE_TEXT, "mp_state", 0, mp_state_name(e.mp_state));
	out_nl(out);
	show_exception(out, &e);
	show_interrupts(out, &e);
	out_end(out);
	if ((e.exc_pending || e.exc_injected) && e.exc_nr > 31)
		decode_finding(out, "pending", "PENDING-1", "vector %u is queued as an exception: exceptions are 0 to 31",
			       e.exc_nr);
	if ((e.shadow & 3) == 3)
		decode_finding(out, "pending", "PENDING-2", "both interrupt shadows (STI and MOV SS) are set: VM entry "
			       "refuses that");
	return NULL;
}

const struct view view_pending = {
	.name = "pending",
	.title = "pending events of a vCPU",
	.help = "exception, interrupt and NMI on their way in, interrupt shadow, run state",
	.arch = "x86_64",
	.per_vcpu = true,
	.show = show,
};

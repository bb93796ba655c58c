/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `irqs`: interrupts on their way into a guest. */
#include <inttypes.h>
#include <stdio.h>

#include "core/arch/ppc64.h"
#include "core/base/vec.h"
#include "probes/bpf/irqs.h"
#include "probes/sums.h"

static const struct sum_what whats[IRQ_WHATS] = {
	[IRQ_DELIVERY] = { "accepted to injected", "ns" },
	[IRQ_SERVICE] = { "injected to EOI", "ns" },
	[IRQ_WHOLE] = { "accepted to EOI", "ns" },
	[IRQ_DELAYED] = { "delayed over 1 ms", NULL },
	[IRQ_COALESCED] = { "coalesced", NULL },
	[IRQ_SPURIOUS] = { "EOI of nothing", NULL },
	[IRQ_PV_EOI] = { "EOI without exit", NULL },
	[IRQ_REINJECTED] = { "injected again", NULL },
	[IRQ_LINE] = { "line raised", NULL },
	[IRQ_IOAPIC] = { "sent by the IOAPIC", NULL },
	[IRQ_IOAPIC_COALESCED] = { "IOAPIC: coalesced", NULL },
	[IRQ_MSI] = { "MSI", NULL },
	[IRQ_HCALL] = { "hypercall", "ns" },
	[IRQ_PUSHED] = { "pushed to XIVE", "ns" },
};

static void detail(const struct probe_run *run, const struct sum_key *key, char *buf, size_t size)
{
	const char *name;

	switch (key->what) {
	case IRQ_LINE:
		snprintf(buf, size, "GSI %" PRIu64, key->a);
		return;
	case IRQ_IOAPIC:
	case IRQ_IOAPIC_COALESCED:
		snprintf(buf, size, "pin %" PRIu64, key->a);
		return;
	case IRQ_HCALL:
		name = ppc64_hcall_name(key->a);
		if (name)
			snprintf(buf, size, "%s", name);
		else
			snprintf(buf, size, "0x%" PRIx64, key->a);
		return;
	case IRQ_PUSHED:
		return;
	default:
		snprintf(buf, size, "vector 0x%02" PRIx64, key->a);
	}
}

static const struct sums_spec spec = {
	.type = "irqs", .what = whats, .nwhat = ARRAY_SIZE(whats), .what_width = 21, .detail_width = 24, .detail = detail,
	.empty = "no interrupt of a guest was seen (with interrupt controllers in user space KVM is only told to inject)",
};

static struct error *show(struct probe_run *run, struct out *out)
{
	struct error *error = sums_show(run, out, &spec);

	if (error)
		return error;
	if (probe_run_hits(run, IRQ_PART_ACCEPT) && !probe_run_hits(run, IRQ_PART_DELIVER))
		out_message(out, ROLE_DIM, "%" PRIu64 " interrupts were accepted and none injected: the hardware delivers them "
			    "itself (APICv, AVIC), which is not observable, or this KVM does not tell",
			    probe_run_hits(run, IRQ_PART_ACCEPT));
	if (run->chosen[IRQ_PART_XIVE] >= 0 && !probe_run_hits(run, IRQ_PART_XIVE))
		out_message(out, ROLE_DIM, "no push to the XIVE was seen: no guest was entered, or KVM has tracing off around the "
			    "entry, where it happens");
	if (run->chosen[IRQ_PART_ACCEPT] >= 0 && run->chosen[IRQ_PART_SENDER] < 0)
		out_message(out, ROLE_DIM, "interrupts that other threads send (irqfd, vhost) are seen only with fentry or kprobes, "
			    "or with `probe scope all`");
	return NULL;
}

static const char *const prototypes[] = {
	"int kvm_apic_set_irq(struct kvm_vcpu *vcpu, struct kvm_lapic_irq *irq, struct dest_map *dest_map)",
	"void kvmppc_xive_push_vcpu(struct kvm_vcpu *vcpu)", NULL,
};

const struct probe probe_irqs = {
	.name = "irqs",
	.summary = "interrupts into the guest: delivery, service, coalesced, delayed, by vector or line",
	.help = "Delivery is from a LAPIC's accepting a vector to its injection at an entry, service from\n"
		"there to the guest's EOI. A coalesced one came while the same vector waited. On POWER:\n"
		"hypercalls about interrupts, and time with the XIVE.",
	.prototypes = prototypes,
	.parts = {
		[IRQ_PART_ACCEPT] = {
			.name = "accept", .shows = "interrupts that LAPICs accept (x86)",
			.rungs = { { "raw_tp", "kvm_apic_accept_irq", { "raw_kvm_apic_accept_irq" } } },
		},
		[IRQ_PART_DELIVER] = {
			.name = "deliver", .shows = "injections and EOIs (x86)",
			.rungs = {
				{ "raw_tp", "kvm_inj_virq, kvm_eoi and kvm_pv_eoi",
				  { "raw_kvm_inj_virq", "raw_kvm_eoi", "raw_kvm_pv_eoi" } },
			},
		},
		[IRQ_PART_SENDER] = {
			.name = "sender", .shows = "interrupts that other threads send (x86)",
			.rungs = {
				{ "fentry", "kvm_apic_set_irq", { "fentry_kvm_apic_set_irq" } },
				{ "kprobe", "kvm_apic_set_irq", { "kprobe_kvm_apic_set_irq" } },
			},
		},
		[IRQ_PART_LINES] = {
			.name = "lines", .shows = "lines, the IOAPIC and MSIs (x86)",
			.rungs = {
				{ "raw_tp", "kvm_set_irq, kvm_ioapic_set_irq and kvm_msi_set_irq",
				  { "raw_kvm_set_irq", "raw_kvm_ioapic_set_irq", "raw_kvm_msi_set_irq" } },
			},
		},
		[IRQ_PART_HCALLS] = {
			.name = "hcalls", .shows = "hypercalls about interrupts (POWER)",
			.rungs = {
				{ "raw_tp", "kvm_hcall_enter and kvm_hcall_exit",
				  { "raw_kvm_hcall_enter", "raw_kvm_hcall_exit" } },
			},
		},
		[IRQ_PART_XIVE] = {
			.name = "xive", .shows = "when a vCPU's context is with the XIVE (POWER)",
			.rungs = { { "kprobe", "kvmppc_xive_push_vcpu and kvmppc_xive_pull_vcpu",
				     { "kprobe_xive_push", "kprobe_xive_pull" } } },
		},
	},
	.show = show,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `halt`: halt polling, what it won and lost, and how long wake-ups take. */
#include <inttypes.h>

#include "core/base/text.h"
#include "core/base/vec.h"
#include "probes/bpf/halt.h"
#include "probes/sums.h"

static const struct sum_what whats[HALT_WHATS] = {
	[HALT_WON] = { "halt, polling won", "ns" },
	[HALT_SLEPT] = { "halt, slept", "ns" },
	[HALT_POLL_WON] = { "polled and won", "ns" },
	[HALT_POLL_LOST] = { "polled for nothing", "ns" },
	[HALT_WAKE] = { "wake-up to running", "ns" },
	[HALT_INVALID] = { "woken for nothing", NULL },
	[HALT_GROW] = { "window grew to", "ns" },
	[HALT_SHRINK] = { "window shrank to", "ns" },
};

static const char *const prototypes[] = { "void kvm_vcpu_halt(struct kvm_vcpu *vcpu)", NULL };

static const struct sums_spec spec = {
	.type = "halt", .what = whats, .nwhat = ARRAY_SIZE(whats), .what_width = 20,
	.empty = "no vCPU has halted in the kernel (with interrupt controllers in user space HLT leaves KVM_RUN: see "
		 "probe exits)",
};

static struct error *show(struct probe_run *run, struct out *out)
{
	struct error *error = sums_show(run, out, &spec);
	struct hist won = sums_of(run, HALT_WON), slept = sums_of(run, HALT_SLEPT);
	struct hist gain = sums_of(run, HALT_POLL_WON), loss = sums_of(run, HALT_POLL_LOST);
	char a[32], b[32];

	if (error || !(won.count + slept.count))
		return error;
	out_begin(out, "halt_polling");
	out_text(out, ROLE_TEXT, "polling won ");
	out_dec(out, ROLE_NUMBER, "won", 0, won.count);
	out_text(out, ROLE_TEXT, " of ");
	out_dec(out, ROLE_NUMBER, "count", 0, won.count + slept.count);
	out_text(out, ROLE_TEXT, " halts");
	if (run->chosen[HALT_PART_POLL] >= 0) {
		out_text(out, ROLE_TEXT, "; %s polled and won, %s for nothing", format_time_ns(a, sizeof(a), gain.total),
			 format_time_ns(b, sizeof(b), loss.total));
		out_hidden_dec(out, "won_total_ns", gain.total);
		out_hidden_dec(out, "lost_total_ns", loss.total);
	}
	out_end(out);
	return NULL;
}

const struct probe probe_halt = {
	.name = "halt",
	.summary = "halt polling: time polled, won and lost; wake-up latency of vCPUs",
	.help = "KVM polls for a while before it lets the thread of a halted vCPU sleep. Polling that is\n"
		"won saves a wake-up; polling for nothing only burns the CPU.",
	.prototypes = prototypes,
	.parts = {
		[HALT_PART_WAKEUP] = {
			.name = "halts", .shows = "how long vCPUs halt, polling or asleep", .required = true,
			.rungs = {
				{ "raw_tp", "kvm_vcpu_wakeup and kvmppc_vcore_wakeup",
				  { "raw_kvm_vcpu_wakeup", "raw_kvmppc_vcore_wakeup" } },
				{ "raw_tp", "kvm_vcpu_wakeup", { "raw_kvm_vcpu_wakeup" } },
			},
		},
		[HALT_PART_POLL] = {
			.name = "polling", .shows = "time polled in each halt",
			.rungs = {
				{ "fentry", "kvm_vcpu_halt", { "fentry_kvm_vcpu_halt" } },
				{ "kprobe", "kvm_vcpu_halt", { "kprobe_kvm_vcpu_halt" } },
			},
		},
		[HALT_PART_RUN] = {
			.name = "wake", .shows = "time from a wake-up to running",
			.rungs = { { "raw_tp", "sched_wakeup and sched_switch", { "raw_sched_wakeup", "raw_sched_switch" } } },
		},
		[HALT_PART_WINDOW] = {
			.name = "window", .shows = "changes of the polling window",
			.rungs = { { "raw_tp", "kvm_halt_poll_ns", { "raw_kvm_halt_poll_ns" } } },
		},
	},
	.show = show,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `timers`: how late the host's timers are for a guest on x86. */
#include <inttypes.h>
#include <stdio.h>

#include "core/base/vec.h"
#include "probes/bpf/timers.h"
#include "probes/host.h"
#include "probes/ksyms.h"
#include "probes/sums.h"

static const struct sum_what whats[TIMER_WHATS] = {
	[TIMER_LAPIC] = { "LAPIC timer late", "ns" },
	[TIMER_HOST] = { "host timer late", "ns" },
	[TIMER_EARLY] = { "deadline early", "cycles" },
	[TIMER_LATE] = { "deadline late", "cycles" },
	[TIMER_HV_ON] = { "preemption timer on", NULL },
	[TIMER_HV_OFF] = { "preemption timer off", NULL },
};

static void detail(const struct probe_run *run, const struct sum_key *key, char *buf, size_t size)
{
	if (key->what == TIMER_HOST)
		ksyms_format(probe_host_ksyms(run->host), key->a, buf, size);
}

static const struct sums_spec spec = {
	.type = "timers", .what = whats, .nwhat = ARRAY_SIZE(whats), .what_width = 20, .detail_width = 22,
	.detail = detail,
	.empty = "no timer of a vCPU has expired (the guest must use its LAPIC timer, with the interrupt controllers "
		 "in the kernel)",
};

static struct error *show(struct probe_run *run, struct out *out)
{
	struct error *error = sums_show(run, out, &spec);

	if (!error && probe_run_hits(run, TIMER_PART_HRTIMER) && !probe_run_hits(run, TIMER_PART_DEADLINE))
		out_message(out, ROLE_DIM, "KVM has waited for no deadline: the guest's LAPIC timer is not in TSC-deadline "
			    "mode, or KVM does not advance it here");
	return error;
}

const struct probe probe_timers = {
	.name = "timers",
	.summary = "lateness of LAPIC, deadline and host timers of a guest's vCPUs (x86)",
	.help = "An early deadline is time KVM spins before it enters the guest, because it advances the\n"
		"timer; a late one is what the guest notices. Host timers are counted when they expire on\n"
		"a CPU that a vCPU's thread has.",
	.arch = "x86_64",
	.parts = {
		[TIMER_PART_HRTIMER] = {
			.name = "hrtimers", .shows = "how late timers of the host and of LAPICs expire", .required = true,
			.rungs = { { "raw_tp", "hrtimer_expire_entry", { "raw_hrtimer_expire_entry" } } },
		},
		[TIMER_PART_DEADLINE] = {
			.name = "deadline", .shows = "early and late TSC deadlines",
			.rungs = { { "raw_tp", "kvm_wait_lapic_expire", { "raw_kvm_wait_lapic_expire" } } },
		},
		[TIMER_PART_HV] = {
			.name = "preemption", .shows = "use of the hardware's preemption timer",
			.rungs = { { "raw_tp", "kvm_hv_timer_state", { "raw_kvm_hv_timer_state" } } },
		},
	},
	.show = show,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `regs`: registers a guest must not leave behind, checked on the CPUs it has run on. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "probes/bpf/regs.h"
#include "probes/percpu_check.h"
#include "probes/probe.h"

static unsigned read_cpus(const struct probe_run *run, int *cpus, uint64_t *counts)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "cpus");
	unsigned n = 0;

	for (uint32_t cpu = 0; cpu < REGS_CPUS; cpu++) {
		uint64_t count = 0;

		if (bpf_map_lookup_elem(fd, &cpu, &count) != 0 || !count)
			continue;
		cpus[n] = (int)cpu;
		counts[n++] = count;
	}
	return n;
}

static bool show_look(struct out *out, const struct percpu_look *look, uint64_t exits)
{
	char why[64];
	bool good = percpu_is_good(look, why, sizeof(why));

	out_begin(out, "regs");
	out_text(out, ROLE_TEXT, "CPU ");
	out_dec(out, ROLE_NUMBER, "cpu", 4, (uint64_t)look->cpu);
	out_dec(out, ROLE_NUMBER, "count", 12, exits);
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, ROLE_LABEL, "register", 8, percpu_register());
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_NUMBER, "value", 8, look->raw);
	out_text(out, ROLE_TEXT, "  getcpu: ");
	out_dec(out, ROLE_NUMBER, "real_cpu", 0, look->real_cpu);
	out_text(out, ROLE_TEXT, ", node ");
	out_dec(out, ROLE_NUMBER, "real_node", 0, look->real_node);
	out_text(out, ROLE_TEXT, "  ");
	out_str(out, good ? ROLE_GOOD : ROLE_FINDING, "verdict", 0, why);
	out_end(out);
	if (!good)
		out_message(out, ROLE_FINDING, "%s of CPU %d is not the host's: %s; a guest left 0x%" PRIx64 " there, and getcpu() "
			    "of every process on that CPU is wrong (S13)", percpu_register(), look->cpu, why,
			    look->raw);
	return good;
}

static struct error *show(struct probe_run *run, struct out *out)
{
	struct percpu_look *looks = xcalloc(REGS_CPUS, sizeof(*looks));
	uint64_t *counts = xcalloc(REGS_CPUS, sizeof(*counts));
	int *cpus = xcalloc(REGS_CPUS, sizeof(*cpus));
	unsigned n = read_cpus(run, cpus, counts), done = 0, bad = 0;
	struct error *error = NULL;

	if (!n)
		out_message(out, ROLE_TEXT, "no guest has left a CPU yet");
	else
		error = percpu_check(cpus, n, looks, &done);
	for (unsigned i = 0; i < done; i++)
		for (unsigned k = 0; k < n; k++)
			if (cpus[k] == looks[i].cpu)
				bad += !show_look(out, &looks[i], counts[k]);
	if (n && !error)
		out_message(out, bad ? ROLE_FINDING : ROLE_DIM, "%u of %u CPUs that guests have run on were looked at, %u are wrong", done,
			    n, bad);
	free(looks);
	free(counts);
	free(cpus);
	return error;
}

const struct probe probe_regs = {
	.name = "regs",
	.summary = "registers that users can read and a guest must not leave behind: SPRG3, TSC_AUX",
	.help = "The kernel keeps the CPU's number in a register that getcpu() of user space reads: SPRG3\n"
		"on POWER, TSC_AUX on x86. KVM gives it to the guest and must give it back. Each look reads\n"
		"it on the CPUs that guests have run on, in a thread of its own, against the kernel's word.",
	.parts = {
		[REGS_PART_EXITS] = {
			.name = "exits", .shows = "on which CPUs guests run", .required = true,
			.rungs = {
				{ "raw_tp", "kvm_guest_exit", { "raw_guest_exit" } },
				{ "tp", "kvm_hv:kvm_guest_exit", { "tp_guest_exit" } },
				{ "raw_tp", "kvm_userspace_exit", { "raw_kvm_userspace_exit" } },
			},
		},
	},
	.show = show,
};

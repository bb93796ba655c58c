/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `exits`: why guests leave, how often, and what each exit costs. */
#if defined(__x86_64__)
#include <cpuid.h>
#endif
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/text.h"
#include "core/decode/exits.h"
#include "core/session/session.h"
#include "probes/bpf/exits.h"
#include "probes/exits_names.h"
#include "probes/hist_read.h"
#include "probes/host.h"
#include "probes/probe.h"
#include "probes/show.h"
#include "probes/vcpus.h"

struct row {
	struct exit_key key;
	struct hist hist;
};

static const char *const time_of[] = {
	[EXIT_GUEST] = "guest", [EXIT_VMX] = "host", [EXIT_SVM] = "host", [EXIT_HV] = "host",
	[EXIT_RUN] = "run", [EXIT_USER] = "user",
};

/* ---- reading ------------------------------------------------------------------------------------- */

static int by_total(const void *a, const void *b)
{
	const struct row *const *x = a, *const *y = b;

	if ((*x)->hist.total != (*y)->hist.total)
		return (*x)->hist.total < (*y)->hist.total ? 1 : -1;
	return memcmp(&(*x)->key, &(*y)->key, sizeof((*x)->key));
}

static size_t read_rows(const struct probe_run *run, struct row **rows)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "sums");
	struct exit_key key, *prev = NULL;
	size_t n = 0;

	/* The map may grow under the walk; its size bounds it. */
	while (n < EXIT_ENTRIES && bpf_map_get_next_key(fd, prev, &key) == 0) {
		struct row *row = xcalloc(1, sizeof(*row));

		row->key = key;
		if (bpf_map_lookup_elem(fd, &key, &row->hist) == 0)
			rows[n++] = row;
		else
			free(row);
		prev = &key;
	}
	qsort(rows, n, sizeof(*rows), by_total);
	return n;
}

/* ---- showing ------------------------------------------------------------------------------------- */

static struct vcpu_thread thread_of(const struct probe_run *run, uint32_t tid)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "vcpus");
	struct exit_vcpu v;

	if (bpf_map_lookup_elem(fd, &tid, &v) != 0)
		return (struct vcpu_thread){ .tid = (pid_t)tid, .vcpu = -1 };
	return (struct vcpu_thread){ .tid = (pid_t)tid, .tgid = (pid_t)v.tgid, .vcpu = (int)v.vcpu };
}

static void show_row(struct probe_run *run, struct out *out, const struct row *row, uint64_t elapsed_ns)
{
	char name[48], detail[48];
	const struct hist *h = &row->hist;
	struct vcpu_thread thread = thread_of(run, row->key.tid);

	out_begin(out, "exits");
	vcpus_out(run, out, &thread);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_LABEL, "time_of", 6, time_of[row->key.kind]);
	out_str(out, ROLE_MNEMONIC, "reason", 18, exit_reason_name(&row->key, name, sizeof(name)));
	exit_detail_text(&row->key, detail, sizeof(detail));
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "detail", 13, detail);
	out_dec(out, ROLE_NUMBER, "count", 10, h->count);
	out_text(out, ROLE_NUMBER, " %9.0f", elapsed_ns ? (double)h->count * 1e9 / (double)elapsed_ns : 0.0);
	probe_out_time(out, "total_ns", h->total);
	probe_out_time(out, "p50_ns", hist_quantile(h, 500));
	probe_out_time(out, "p99_ns", hist_quantile(h, 990));
	probe_out_time(out, "max_ns", h->max);
	out_hidden_dec(out, "min_ns", h->min);
	out_hidden_dec(out, "elapsed_ns", elapsed_ns);
	probe_out_hist(out, "from_ns", h);
	out_end(out);
}

/* Attached is not the same as passed: some KVM backends enter no guest by hardware. */
static void show_notes(struct probe_run *run, struct out *out)
{
	uint64_t hardware = probe_run_hits(run, EXIT_PART_HARDWARE), runs = probe_run_hits(run, EXIT_PART_RUNS);
	uint64_t insns = probe_run_hits(run, EXIT_PART_EMULATE), unkept = probe_run_hits(run, EXIT_PART_UNKEPT);

	if (!hardware && runs)
		out_message(out, ROLE_DIM, "no hardware exit in %" PRIu64 " returns of KVM_RUN%s: this KVM enters "
			    "the guest in its own way; `run` is the time inside KVM_RUN", runs,
			    run->chosen[EXIT_PART_HARDWARE] < 0 ? " (that part is not attached)" : "");
	if (insns)
		out_message(out, ROLE_DIM, "KVM emulated %" PRIu64 " instructions", insns);
	if (unkept)
		out_message(out, ROLE_WARN, "%" PRIu64 " times had no place in the table of %d: not in these sums",
			    unkept, EXIT_ENTRIES);
}

static struct error *show(struct probe_run *run, struct out *out)
{
	struct row **rows = xcalloc(EXIT_ENTRIES, sizeof(struct row *));
	uint64_t elapsed = clock_now_ns() - run->since_ns;
	size_t n = read_rows(run, rows);

	if (!n)
		out_message(out, ROLE_TEXT, "no exits yet");
	else if (!out->is_json)
		out_text(out, ROLE_HEADING, "vcpu        time  reason             %-13s%10s %9s %11s %11s %11s %11s",
			 "detail", "count", "rate/s", "total", "p50", "p99", "max");
	if (n && !out->is_json)
		out_nl(out);
	for (size_t i = 0; i < n; i++) {
		if (rows[i]->key.kind < ARRAY_SIZE(time_of))
			show_row(run, out, rows[i], elapsed);
		free(rows[i]);
	}
	free(rows);
	show_notes(run, out);
	return NULL;
}

/* The reason is read from the vendor module's structure, which must be the one that runs. */
static bool fits_svm(const struct probe_run *run)
{
#if defined(__x86_64__)
	unsigned a, b, c, d;

	return __get_cpuid(0, &a, &b, &c, &d) && (b == signature_AMD_ebx || b == 0x6f677948 /* "HygonGenuine" */) &&
	       kernel_types_has_struct(probe_host_types(run->host), "vcpu_svm");
#else
	return false;
#endif
}

const struct probe probe_exits = {
	.name = "exits",
	.summary = "exits by vCPU and reason: count, rate, time, p50, p99, max",
	.help = "Times are of: guest (entry to exit), host (exit to the next entry, by the hardware's\n"
		"reason), run (inside KVM_RUN, by the reason it returns with) and user (outside\n"
		"KVM_RUN, by the reason that is handled). Sums are kept in the kernel; `probe on\n"
		"exits events` also streams each exit. `info probe exits reason IO` tells where in the\n"
		"guest exits of a reason come from, with the longest of each place.",
	.parts = {
		[EXIT_PART_HARDWARE] = {
			.name = "hardware", .shows = "exits by the hardware's reason, time in guest and host",
			.rungs = {
				{ "raw_tp", "kvm_exit and kvm_entry, with AMD's control block", { "raw_svm_exit", "raw_kvm_entry" },
				  .fits = fits_svm },
				{ "tp", "kvm:kvm_exit with raw_tp kvm_entry", { "tp_kvm_exit", "raw_kvm_entry" } },
				{ "raw_tp", "kvm_guest_enter and kvm_guest_exit of kvm_hv",
				  { "raw_guest_enter", "raw_guest_exit" } },
				{ "tp", "kvm_hv:kvm_guest_enter and kvm_guest_exit", { "tp_guest_enter", "tp_guest_exit" } },
			},
		},
		[EXIT_PART_RUNS] = {
			.name = "runs", .shows = "returns of KVM_RUN to user space", .required = true,
			.rungs = {
				{ "raw_tp", "kvm_userspace_exit and kvm_fpu", { "raw_kvm_userspace_exit", "raw_kvm_fpu" } },
				{ "raw_tp", "kvm_userspace_exit", { "raw_kvm_userspace_exit" } },
			},
		},
		[EXIT_PART_EMULATE] = {
			.name = "emulation", .shows = "instructions KVM emulates",
			.rungs = { { "raw_tp", "kvm_emulate_insn", { "raw_kvm_emulate_insn" } } },
		},
	},
	.prototypes = (const char *const[]){ "void btf_trace_kvm_exit(struct kvm_vcpu *vcpu, u32 isa)", NULL },
	.show = show,
	.detail = exits_detail,
};

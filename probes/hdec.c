/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `hdec`: the hypervisor decrementer of KVM HV, planned margins and what became of them. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/vec.h"
#include "core/decode/exits.h"
#include "probes/bpf/hdec.h"
#include "probes/show.h"
#include "probes/sums.h"

#define KVM_DEBUGFS "/sys/kernel/debug/kvm"
#define TICKS_PER_S 512000000ULL

static const struct sum_what whats[HDEC_WHATS] = {
	[HDEC_MARGIN] = { "margin at entry", "ticks" },
	[HDEC_PAST] = { "entry past its timer", "ticks" },
	[HDEC_LATE] = { "exit 980 late", "ticks" },
	[HDEC_EARLY] = { "exit 980 early", "ticks" },
	[HDEC_OVERDUE] = { "OVERDUE, no 980", "ticks" },
	[HDEC_REFUSED] = { "entry refused", "ticks" },
	[HDEC_UNKNOWN] = { "exit 980", NULL },
};

static void detail(const struct probe_run *run, const struct sum_key *key, char *buf, size_t size)
{
	const char *name = key->what == HDEC_OVERDUE ? hv_trap_name((uint32_t)key->a) : NULL;

	if (key->what == HDEC_OVERDUE)
		snprintf(buf, size, "left by 0x%" PRIx64 "%s%s", key->a, name ? " " : "", name ? name : "");
}

static const struct sums_spec spec = {
	.type = "hdec", .what = whats, .nwhat = ARRAY_SIZE(whats), .what_width = 21, .detail_width = 20,
	.detail = detail,
	.empty = "no entry of a guest was seen",
};

/* ---- the clock ----------------------------------------------------------------------------------- */

#if defined(__powerpc64__)
static uint64_t timebase_now(void)
{
	uint64_t tb;

	__asm__ volatile("mfspr %0, 268" : "=r"(tb));
	return tb;
}
#else
static uint64_t timebase_now(void)
{
	return 0;
}
#endif

static uint64_t timebase_frequency(void)
{
	_fclose_ FILE *f = fopen("/proc/cpuinfo", "re");
	uint64_t hz = 0;
	char line[256];

	while (f && !hz && fgets(line, sizeof(line), f))
		if (sscanf(line, "timebase : %" SCNu64, &hz) != 1)
			hz = 0;
	return hz ? hz : TICKS_PER_S;
}

static struct hdec_clock read_clock(void)
{
	struct hdec_clock c = { .ticks_per_s = timebase_frequency() };
	uint64_t best = UINT64_MAX;

	for (unsigned i = 0; i < 8; i++) {
		uint64_t before = timebase_now(), ns = clock_now_ns(), after = timebase_now();

		if (after - before >= best)
			continue;
		best = after - before;
		c.ns = ns;
		c.ticks = before + (after - before) / 2;
	}
	return c;
}

static struct error *prepare(struct probe_run *run)
{
	struct hdec_clock c = read_clock();

	probe_run_set(run->obj, "clock_at_start", &c, sizeof(c));
	return NULL;
}

/* Anew at each look: the two clocks drift apart by parts in a million. */
static void set_clock(const struct probe_run *run)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "clocks");
	struct hdec_clock c = read_clock();
	uint32_t zero = 0;

	if (fd >= 0)
		bpf_map_update_elem(fd, &zero, &c, BPF_ANY);
}

/* ---- the kernel's own accounting of the entry code ----------------------------------------------- */

static void show_timing(struct out *out, const char *vm, const char *vcpu, const char *line)
{
	uint64_t count, total, min, max;
	char name[32];

	if (sscanf(line, "%31[^:]: %" SCNu64 " %" SCNu64 " %" SCNu64 " %" SCNu64, name, &count, &total, &min, &max) != 5)
		return;
	out_begin(out, "hdec_timings");
	out_str(out, ROLE_LABEL, "vm", 12, vm);
	out_str(out, ROLE_LABEL, "vcpu", 8, vcpu);
	out_str(out, ROLE_MNEMONIC, "phase", 14, name);
	out_dec(out, ROLE_NUMBER, "count", 10, count);
	probe_out_time(out, "total_ns", total);
	probe_out_time(out, "min_ns", min);
	probe_out_time(out, "max_ns", max);
	out_end(out);
}

static unsigned show_timings_of(struct out *out, const char *vm)
{
	_free_ char *path = xasprintf("%s/%s", KVM_DEBUGFS, vm);
	DIR *dir = opendir(path);
	unsigned files = 0;
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		_free_ char *file = xasprintf("%s/%s/timings", path, e->d_name);
		_fclose_ FILE *f = strncmp(e->d_name, "vcpu", 4) ? NULL : fopen(file, "re");
		char line[256];

		while (f && fgets(line, sizeof(line), f))
			show_timing(out, vm, e->d_name, line);
		files += !!f;
	}
	if (dir)
		closedir(dir);
	return files;
}

/* Only where the kernel was built to keep them (CONFIG_KVM_BOOK3S_HV_P9_TIMING). */
static void show_timings(const struct probe_run *run, struct out *out)
{
	DIR *dir = opendir(KVM_DEBUGFS);
	unsigned files = 0;
	struct dirent *e;
	int pid, fd;

	while (dir && (e = readdir(dir)))
		if (sscanf(e->d_name, "%d-%d", &pid, &fd) == 2 &&
		    (!run->options.tgid || pid == run->options.tgid))
			files += show_timings_of(out, e->d_name);
	if (dir)
		closedir(dir);
	if (!files)
		out_message(out, ROLE_DIM, "what the entry code itself takes is not observable: this kernel keeps no "
			    "timings of it (CONFIG_KVM_BOOK3S_HV_P9_TIMING), or debugfs is not mounted");
}

/* ---- probe --------------------------------------------------------------------------------------- */

static struct error *show(struct probe_run *run, struct out *out)
{
	struct error *error;
	struct hist overdue;

	set_clock(run);
	error = sums_show(run, out, &spec);
	if (error)
		return error;
	if (probe_run_hits(run, HDEC_PART_MARGIN) && !sums_of(run, HDEC_MARGIN).count && !sums_of(run, HDEC_PAST).count)
		out_message(out, ROLE_WARN, "%" PRIu64 " entries, but margins are not observable: this kernel lists no "
			    "per-CPU decrementers_next_tb (it needs CONFIG_KALLSYMS_ALL, and root to read it)",
			    probe_run_hits(run, HDEC_PART_MARGIN));
	overdue = sums_of(run, HDEC_OVERDUE);
	if (overdue.count)
		out_message(out, ROLE_FINDING, "%" PRIu64 " times a guest kept the CPU more than 2 ms past its limit and left "
			    "by another trap than 980: HDEC's edge may have been lost (see scenario S27)",
			    overdue.count);
	show_timings(run, out);
	return NULL;
}

static void mark(struct out *out, uint64_t ticks, const char *label)
{
	out_begin(out, "mark");
	out_hidden_dec(out, "at", ticks);
	out_hidden_str(out, "label", label);
	out_end(out);
}

static void marks(struct probe_run *run, struct out *out)
{
	if (!out->is_json)
		return;
	out_list(out, "marks");
	mark(out, 512, "512 = 1us");
	mark(out, 2048, "2048 = 4us");
	out_list_end(out);
}

const struct probe probe_hdec = {
	.name = "hdec",
	.summary = "POWER's hypervisor decrementer: margin of each entry, late exits, entries refused",
	.help = "The planned margin is the time from kvm_guest_enter to the CPU's next timer, which KVM\n"
		"programs HDEC for. 512 and 2048 ticks (1 and 4 us at 512 MHz) are the thresholds that\n"
		"kernels have used or were proposed to use to refuse an entry.",
	.arch = "ppc64le",
	.parts = {
		[HDEC_PART_MARGIN] = {
			.name = "margin", .shows = "planned margin of entries, exits by trap 980", .required = true,
			.rungs = {
				{ "raw_tp", "kvm_guest_enter and kvm_guest_exit", { "raw_guest_enter", "raw_guest_exit" } },
				{ "tp", "kvm_hv:kvm_guest_enter and kvm_guest_exit",
				  { "tp_guest_enter", "tp_guest_exit" } },
			},
		},
		[HDEC_PART_ACTUAL] = {
			.name = "actual",
			.shows = "what HDEC is written with: not observable, that code is inlined or noinstr",
		},
	},
	.prepare = prepare,
	.show = show,
	.marks = marks,
};

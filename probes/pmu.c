/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `pmu`: a guest's accesses to its PMU, and counters of the host while it runs. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "probes/bpf/pmu.h"
#include "probes/perf.h"
#include "probes/sums.h"

/* ---- names --------------------------------------------------------------------------------------- */

static const struct {
	uint32_t first, n;
	const char *name;	/* with the number when there are several */
	uint32_t step;
} msrs[] = {
	{ 0xc1, 8, "PERFCTR", 1 }, { 0x186, 8, "PERFEVTSEL", 1 }, { 0x309, 4, "FIXED_CTR", 1 },
	{ 0x329, 1, "PERF_METRICS", 1 }, { 0x345, 1, "PERF_CAPABILITIES", 1 }, { 0x38d, 1, "FIXED_CTR_CTRL", 1 },
	{ 0x38e, 1, "PERF_GLOBAL_STATUS", 1 }, { 0x38f, 1, "PERF_GLOBAL_CTRL", 1 },
	{ 0x390, 1, "PERF_GLOBAL_OVF_CTRL", 1 }, { 0x3f1, 1, "PEBS_ENABLE", 1 }, { 0x3f2, 1, "PEBS_DATA_CFG", 1 },
	{ 0x600, 1, "DS_AREA", 1 }, { 0x4c1, 8, "PMC", 1 }, { 0xc0000300, 1, "AMD_GLOBAL_STATUS", 1 },
	{ 0xc0000301, 1, "AMD_GLOBAL_CTL", 1 }, { 0xc0000302, 1, "AMD_GLOBAL_STATUS_CLR", 1 },
	{ 0xc0000303, 1, "AMD_GLOBAL_STATUS_SET", 1 }, { 0xc0010000, 4, "K7_EVNTSEL", 1 },
	{ 0xc0010004, 4, "K7_PERFCTR", 1 }, { 0xc0010200, 6, "F15H_PERF_CTL", 2 },
	{ 0xc0010201, 6, "F15H_PERF_CTR", 2 },
};

static void msr_text(uint32_t msr, char *buf, size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(msrs); i++) {
		uint32_t at = msr - msrs[i].first;

		if (at >= msrs[i].n * msrs[i].step || at % msrs[i].step)
			continue;
		if (msrs[i].n > 1)
			snprintf(buf, size, "0x%x %s%u", msr, msrs[i].name, at / msrs[i].step);
		else
			snprintf(buf, size, "0x%x %s", msr, msrs[i].name);
		return;
	}
	snprintf(buf, size, "0x%x", msr);
}

static void rdpmc_text(const struct sum_key *key, char *buf, size_t size)
{
	if (key->b == PMU_VERSION_UNKNOWN)
		snprintf(buf, size, "index 0x%" PRIx64, key->a);
	else
		snprintf(buf, size, "index 0x%" PRIx64 ", vPMU version %" PRIu64 "%s", key->a, key->b,
			 key->b ? "" : " (off)");
}

static void detail(const struct probe_run *run, const struct sum_key *key, char *buf, size_t size)
{
	if (key->what <= PMU_WRMSR_GP)
		msr_text((uint32_t)key->a, buf, size);
	else if (key->what <= PMU_RDPMC_GP)
		rdpmc_text(key, buf, size);
}

/* ---- counters ------------------------------------------------------------------------------------ */

/* What a PMU counts when there is one, else what the kernel counts itself. */
static void choose_counters(const struct perf_name *ret[PMU_COUNTERS])
{
	bool hardware = perf_has(perf_name_find("cycles"));

	ret[0] = perf_name_find(hardware ? "cycles" : "cpu-clock");
	ret[1] = perf_name_find(hardware ? "instructions" : "page-faults");
	if (hardware && !perf_has(ret[1]))
		ret[1] = perf_name_find("page-faults");
}

static struct error *fill(const struct probe_run *run, unsigned n, const struct perf_name *name)
{
	_free_ char *map_name = xasprintf("counter%u", n);
	int map = bpf_object__find_map_fd_by_name(run->obj, map_name), ncpus = libbpf_num_possible_cpus();
	struct error *error = NULL;

	for (int cpu = 0; cpu < ncpus && !error; cpu++) {
		_close_ int fd = -1;

		error = perf_event_create(name, cpu, 0, false, &fd);
		if (error && cpu) { /* one that is offline */
			error_destroy(error);
			error = NULL;
			continue;
		}
		/* The map keeps the event. */
		if (!error && bpf_map_update_elem(map, &cpu, &fd, BPF_ANY) < 0)
			error = error_create(ERROR_FAILED, "cannot place the perf event %s of CPU %d", name->name, cpu);
	}
	return error;
}

static struct error *loaded(struct probe_run *run)
{
	const struct perf_name *names[PMU_COUNTERS];
	struct error *error = NULL;

	if (run->chosen[PMU_PART_COUNTERS] < 0)
		return NULL;
	choose_counters(names);
	for (unsigned i = 0; i < PMU_COUNTERS && !error; i++)
		error = fill(run, i, names[i]);
	return error;
}

/* ---- showing ------------------------------------------------------------------------------------- */

static void show_reason(struct probe_run *run, struct out *out)
{
	_fclose_ FILE *f = fopen("/sys/module/kvm/parameters/enable_pmu", "re");
	uint64_t off = sums_of(run, PMU_RDPMC_GP).count;
	char value[8] = "?";

	if (!off)
		return;
	if (f && fgets(value, sizeof(value), f))
		value[strcspn(value, "\n")] = 0;
	out_message(out, ROLE_FINDING, "%" PRIu64 " RDPMC took #GP; where the vPMU's version is 0 the guest has no PMU: "
		    "enable_pmu of module kvm is %s, and the VMM must give the guest the CPUID leaves of a PMU", off,
		    value);
}

/* The share of the guest, of each counter. */
static void show_split(struct probe_run *run, struct out *out, const struct perf_name *const names[])
{
	for (unsigned i = 0; i < PMU_COUNTERS; i++) {
		uint64_t guest = sums_of(run, PMU_GUEST0 + i).total, host = sums_of(run, PMU_HOST0 + i).total;

		if (!(guest + host))
			continue;
		out_begin(out, "pmu_split");
		out_str(out, ROLE_LABEL, "counter", 16, names[i]->name);
		out_text(out, ROLE_TEXT, " guest ");
		out_dec(out, ROLE_NUMBER, "guest", 14, guest);
		out_text(out, ROLE_TEXT, "  host ");
		out_dec(out, ROLE_NUMBER, "host", 14, host);
		out_text(out, ROLE_TEXT, "  %s; ", names[i]->unit);
		out_strf(out, ROLE_NUMBER, "guest_percent", "%.1f",
			 100.0 * (double)guest / ((double)guest + (double)host));
		out_text(out, ROLE_TEXT, " %% in the guest");
		out_end(out);
	}
}

static void show_silence(struct probe_run *run, struct out *out)
{
	if (run->chosen[PMU_PART_COUNTERS] >= 0 && !probe_run_hits(run, PMU_PART_COUNTERS))
		out_message(out, ROLE_DIM, "no entry of a guest was seen, so nothing is split between guest and host: KVM enters "
			    "the guest in its own way here, or the guest has not run");
	if (!perf_has(perf_name_find("cycles")))
		out_message(out, ROLE_DIM, "this machine offers no hardware PMU: what is counted is the kernel's own");
}

static struct error *show(struct probe_run *run, struct out *out)
{
	const struct perf_name *names[PMU_COUNTERS];
	struct sum_what whats[PMU_WHATS] = {
		[PMU_RDMSR] = { "RDMSR", NULL }, [PMU_WRMSR] = { "WRMSR", NULL },
		[PMU_RDMSR_GP] = { "RDMSR, #GP", NULL }, [PMU_WRMSR_GP] = { "WRMSR, #GP", NULL },
		[PMU_RDPMC] = { "RDPMC", NULL }, [PMU_RDPMC_GP] = { "RDPMC, #GP", NULL },
	};
	struct sums_spec spec = {
		.type = "pmu", .what = whats, .nwhat = PMU_WHATS, .what_width = 22, .detail_width = 30, .detail = detail,
		.empty = "the guest has not touched its PMU, and no entry of it was counted",
	};
	char text[2 * PMU_COUNTERS][40];
	struct error *error;

	choose_counters(names);
	for (unsigned i = 0; i < PMU_COUNTERS; i++) {
		snprintf(text[i], sizeof(text[i]), "guest %s", names[i]->name);
		snprintf(text[PMU_COUNTERS + i], sizeof(text[i]), "host %s", names[i]->name);
		whats[PMU_GUEST0 + i] = (struct sum_what){ text[i], names[i]->unit };
		whats[PMU_HOST0 + i] = (struct sum_what){ text[PMU_COUNTERS + i], names[i]->unit };
	}
	error = sums_show(run, out, &spec);
	if (error)
		return error;
	show_split(run, out, names);
	show_reason(run, out);
	show_silence(run, out);
	return NULL;
}

static const char *const prototypes[] = {
	"int kvm_pmu_rdpmc(struct kvm_vcpu *vcpu, unsigned int idx, u64 *data)", NULL,
};

const struct probe probe_pmu = {
	.name = "pmu",
	.summary = "the guest's PMU accesses and their results; counters in guest and host",
	.help = "Accesses: MSRs of the PMU and RDPMC, with the vPMU's version where they fail. Counters\n"
		"(of the PMU, else of the kernel) are read at each entry and exit. `probe on\n"
		"pmu:EVENT:PERIOD` samples: see probe profile.",
	.prototypes = prototypes,
	.parts = {
		[PMU_PART_MSR] = {
			.name = "msr", .shows = "MSRs of the PMU that the guest reads and writes (x86)",
			.rungs = { { "raw_tp", "kvm_msr", { "raw_kvm_msr" } } },
		},
		[PMU_PART_RDPMC] = {
			.name = "rdpmc", .shows = "RDPMC and what it gives (x86)",
			.rungs = {
				{ "fentry", "kvm_pmu_rdpmc", { "fexit_kvm_pmu_rdpmc" } },
				{ "kprobe", "kvm_pmu_rdpmc", { "kprobe_kvm_pmu_rdpmc", "kretprobe_kvm_pmu_rdpmc" } },
				{ "raw_tp", "kvm_emulate_insn and kvm_inj_exception",
				  { "raw_kvm_emulate_insn", "raw_kvm_inj_exception" } },
			},
		},
		[PMU_PART_COUNTERS] = {
			.name = "counters", .shows = "counters between entries and exits", .required = true,
			.rungs = {
				{ "raw_tp", "kvm_entry, kvm_exit and sched_switch",
				  { "raw_kvm_entry", "raw_kvm_exit", "raw_sched_switch" } },
				{ "raw_tp", "kvm_guest_enter, kvm_guest_exit and sched_switch",
				  { "raw_guest_enter", "raw_guest_exit", "raw_sched_switch" } },
			},
		},
	},
	.loaded = loaded,
	.show = show,
};

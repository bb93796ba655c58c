/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `mmu`: guest memory as the host manages it. */
#include <inttypes.h>
#include <stdio.h>

#include "core/base/vec.h"
#include "probes/bpf/mmu.h"
#include "probes/sums.h"

static const struct sum_what whats[MMU_WHATS] = {
	[MMU_FAULT] = { "page fault", "ns" },
	[MMU_FAULT_SEEN] = { "page fault", NULL },
	[MMU_REFAULT] = { "refault after unmap", "ns" },
	[MMU_UNMAP] = { "unmap", "ns" },
	[MMU_HELD] = { "unmap, start to end", "ns" },
	[MMU_SLEPT] = { "SLEPT in unmap", NULL },
	[MMU_MAP_MADE] = { "mapped", NULL },
	[MMU_FAST] = { "fast fault", NULL },
	[MMU_DIRTY] = { "into a dirty ring", NULL },
	[MMU_LOG] = { "protected for the log", NULL },
	[MMU_AGE] = { "use asked about", NULL },
	[MMU_RANGE] = { "range unmapped", "bytes" },
};

static const char *event_name(uint64_t event)
{
	static const char *const names[] = { "unmap", "clear", "protect vma", "protect page", "soft dirty", "release",
					     "migrate", "exclusive" };

	return event < ARRAY_SIZE(names) ? names[event] : "";
}

static void detail(const struct probe_run *run, const struct sum_key *key, char *buf, size_t size)
{
	switch (key->what) {
	case MMU_FAULT:
	case MMU_FAULT_SEEN:
		snprintf(buf, size, "%s%s%s", key->a & 0x10 ? "exec" : key->a & 2 ? "write" : "read",
			 key->a & 1 ? ", protected" : "", key->a & 8 ? ", reserved (MMIO)" : "");
		break;
	case MMU_UNMAP:
	case MMU_HELD:
		snprintf(buf, size, "%s, %s block", event_name(key->a), key->b ? "may" : "must not");
		break;
	case MMU_SLEPT:
	case MMU_RANGE:
		snprintf(buf, size, "%s", event_name(key->a));
		break;
	case MMU_MAP_MADE:
	case MMU_REFAULT:
		snprintf(buf, size, "%s", key->a == 1 ? "4 KiB" : key->a == 2 ? "2 MiB" : key->a == 3 ? "1 GiB" : "");
		break;
	default:
		break;
	}
}

static const struct sums_spec spec = {
	.type = "mmu", .what = whats, .nwhat = ARRAY_SIZE(whats), .what_width = 21, .detail_width = 26, .detail = detail,
	.empty = "no page fault of a guest, and no range of its memory was taken away",
};

static struct error *show(struct probe_run *run, struct out *out)
{
	struct error *error = sums_show(run, out, &spec);
	uint64_t slept = sums_of(run, MMU_SLEPT).count;

	if (!error && slept)
		out_message(out, ROLE_FINDING, "%" PRIu64 " invalidations that must not block slept (N01): their caller, the OOM "
			    "reaper for one, can not wait", slept);
	if (!error && run->chosen[MMU_PART_UNMAP] < 0)
		out_message(out, ROLE_DIM, "durations of ranges, and whether they may block, are seen only with fentry or "
			    "kprobes");
	return error;
}

static const char *const prototypes[] = {
	"int kvm_mmu_page_fault(struct kvm_vcpu *vcpu, gpa_t cr2_or_gpa, u64 error_code, void *insn, int insn_len)",
	"int kvm_mmu_notifier_invalidate_range_start(struct mmu_notifier *mn, const struct mmu_notifier_range *range)",
	"int kvmppc_book3s_radix_page_fault(struct kvm_vcpu *vcpu, unsigned long ea, unsigned long dsisr)",
	NULL,
};

const struct probe probe_mmu = {
	.name = "mmu",
	.summary = "page faults of the guest, ranges taken away, faults that follow, dirty logging",
	.help = "An unmapped range is one that the host takes out of the guest's page tables: madvise,\n"
		"munmap, migration, the balloon. A refault is a page that was mapped before the last such\n"
		"range of its process and is mapped again after it.",
	.prototypes = prototypes,
	.parts = {
		[MMU_PART_FAULT] = {
			.name = "faults", .shows = "page faults of the guest",
			.rungs = {
				{ "fentry", "kvm_mmu_page_fault", { "fentry_page_fault", "fexit_page_fault" } },
				{ "kprobe", "kvm_mmu_page_fault", { "kprobe_page_fault", "kretprobe_page_fault" } },
				{ "kprobe", "kvmppc_book3s_radix_page_fault",
				  { "kprobe_radix_fault", "kretprobe_radix_fault" } },
				{ "tp", "kvm:kvm_page_fault", { "tp_page_fault" } },
			},
		},
		[MMU_PART_UNMAP] = {
			.name = "durations", .shows = "how long ranges take, and whether they may block",
			.rungs = {
				{ "fentry", "kvm_mmu_notifier_invalidate_range_start and _end",
				  { "fentry_range_start", "fexit_range_start", "fentry_range_end", "raw_sched_switch" } },
				{ "kprobe", "kvm_mmu_notifier_invalidate_range_start and _end",
				  { "kprobe_range_start", "kretprobe_range_start", "kprobe_range_end",
				    "raw_sched_switch" } },
			},
		},
		[MMU_PART_RANGE] = {
			.name = "ranges", .shows = "ranges that are unmapped", .required = true,
			.rungs = { { "raw_tp", "kvm_unmap_hva_range", { "raw_kvm_unmap_hva_range" } } },
		},
		[MMU_PART_MAP] = {
			.name = "mappings", .shows = "mappings and refaults (x86)",
			.rungs = { { "raw_tp", "kvm_mmu_set_spte", { "raw_kvm_mmu_set_spte" } } },
		},
		[MMU_PART_AGE] = {
			.name = "aging", .shows = "ranges whose use is asked about",
			.rungs = { { "raw_tp", "kvm_age_hva", { "raw_kvm_age_hva" } } },
		},
		[MMU_PART_DIRTY] = {
			.name = "dirty", .shows = "fast faults and the dirty ring (x86)",
			.rungs = {
				{ "raw_tp", "fast_page_fault and kvm_dirty_ring_push",
				  { "raw_fast_page_fault", "raw_kvm_dirty_ring_push" } },
				{ "raw_tp", "fast_page_fault", { "raw_fast_page_fault" } },
			},
		},
		[MMU_PART_LOG] = {
			.name = "log", .shows = "pages protected for the dirty log",
			.rungs = {
				{ "fentry", "kvm_arch_mmu_enable_log_dirty_pt_masked", { "fentry_log_dirty" } },
				{ "kprobe", "kvm_arch_mmu_enable_log_dirty_pt_masked", { "kprobe_log_dirty" } },
			},
		},
	},
	.show = show,
};

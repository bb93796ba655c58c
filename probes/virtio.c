/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `virtio`: doorbells and interrupts of virtio devices, where the kernel passes them on. */
#include <inttypes.h>
#include <stdio.h>

#include "core/base/vec.h"
#include "probes/bpf/virtio.h"
#include "probes/sums.h"

static const struct sum_what whats[VIRTIO_WHATS] = {
	[VIRTIO_KICK] = { "doorbell, ioeventfd", "ns" },
	[VIRTIO_FAST] = { "doorbell without data", NULL },
	[VIRTIO_IRQFD] = { "irqfd signalled", NULL },
	[VIRTIO_QUEUE] = { "vhost: work queued", NULL },
	[VIRTIO_SIGNAL] = { "vhost: guest signalled", NULL },
	[VIRTIO_WORK] = { "vhost: kick to signal", "ns" },
};

static void detail(const struct probe_run *run, const struct sum_key *key, char *buf, size_t size)
{
	if (key->what == VIRTIO_KICK || key->what == VIRTIO_FAST)
		snprintf(buf, size, "at 0x%" PRIx64, key->a);
	else if (key->what == VIRTIO_IRQFD && key->a == VIRTIO_GSI_SEVERAL)
		snprintf(buf, size, "a line");
	else if (key->what == VIRTIO_IRQFD)
		snprintf(buf, size, "GSI %" PRIu64, key->a);
}

static const struct sums_spec spec = {
	.type = "virtio", .what = whats, .nwhat = ARRAY_SIZE(whats), .what_width = 22, .detail_width = 18,
	.detail = detail,
	.empty = "no doorbell went through an ioeventfd and no interrupt through an irqfd: devices that the VMM serves in "
		 "the vCPU's thread use neither (`events filter virtio.*` has those of vmscope)",
};

static struct error *show(struct probe_run *run, struct out *out)
{
	struct error *error = sums_show(run, out, &spec);
	uint64_t kicks = sums_of(run, VIRTIO_KICK).count, irqs = sums_of(run, VIRTIO_IRQFD).count;

	if (!error && run->chosen[VIRTIO_PART_KICK] < 0)
		out_message(out, ROLE_DIM, "ioeventfds and irqfds are seen only with fentry or kprobes");
	if (error || !kicks || !irqs)
		return error;
	out_begin(out, "virtio_economy");
	out_dec(out, ROLE_NUMBER, "doorbells", 0, kicks);
	out_text(out, ROLE_TEXT, " doorbells, ");
	out_dec(out, ROLE_NUMBER, "interrupts", 0, irqs);
	out_text(out, ROLE_TEXT, " interrupts: ");
	out_strf(out, ROLE_NUMBER, "doorbells_per_interrupt", "%.2f", (double)kicks / (double)irqs);
	out_text(out, ROLE_TEXT, " doorbells for each");
	out_end(out);
	return NULL;
}

static const char *const prototypes[] = {
	"int ioeventfd_write(struct kvm_vcpu *vcpu, struct kvm_io_device *this, gpa_t addr, int len, const void *val)",
	"int kvm_arch_set_irq_inatomic(struct kvm_kernel_irq_routing_entry *e, struct kvm *kvm, int irq_source_id, "
	"int level, bool line_status)",
	NULL,
};

const struct probe probe_virtio = {
	.name = "virtio",
	.summary = "doorbells through ioeventfds, interrupts through irqfds, vhost's work",
	.help = "What the kernel passes on between a guest and the threads that serve its devices. Doorbells\n"
		"for each request are counted by the VMM's own events and the view of each queue.",
	.prototypes = prototypes,
	.parts = {
		[VIRTIO_PART_KICK] = {
			.name = "doorbells", .shows = "doorbells that ioeventfds take",
			.rungs = {
				{ "fentry", "ioeventfd_write", { "fentry_ioeventfd_write", "fexit_ioeventfd_write" } },
				{ "kprobe", "ioeventfd_write",
				  { "kprobe_ioeventfd_write", "kretprobe_ioeventfd_write" } },
			},
		},
		[VIRTIO_PART_FAST] = {
			.name = "fast", .shows = "doorbells without data (x86)",
			.rungs = { { "raw_tp", "kvm_fast_mmio", { "raw_kvm_fast_mmio" } } },
		},
		[VIRTIO_PART_IRQFD] = {
			.name = "irqfds", .shows = "interrupts through irqfds",
			.rungs = {
				{ "fentry", "kvm_arch_set_irq_inatomic", { "fentry_irqfd" } },
				{ "kprobe", "kvm_arch_set_irq_inatomic", { "kprobe_irqfd" } },
			},
		},
		[VIRTIO_PART_VHOST] = {
			.name = "vhost", .shows = "work of vhost (its module must be loaded)",
			.rungs = { { "kprobe", "vhost_poll_queue and vhost_signal",
				     { "?kprobe_vhost_poll_queue", "?kprobe_vhost_signal" } } },
		},
	},
	.show = show,
};

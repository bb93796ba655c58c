/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `lifecycle`: order rules of mediated devices, VFIO and irqbypass. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "probes/bpf/lifecycle.h"
#include "probes/lifecycle_check.h"
#include "probes/probe.h"

static size_t read_log(const struct probe_run *run, struct life_step *steps)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "life_log");
	int next_fd = bpf_object__find_map_fd_by_name(run->obj, "life_next");
	uint64_t next = 0;
	uint32_t zero = 0;
	size_t n = 0;

	if (bpf_map_lookup_elem(next_fd, &zero, &next) != 0)
		return 0;
	for (uint32_t i = 0; i < next && i < LIFE_STEPS; i++)
		if (bpf_map_lookup_elem(fd, &i, &steps[n]) == 0 && steps[n].time_ns && steps[n].kind < LIFE_KINDS)
			n++;
	return n;
}

static void show_step(const struct probe_run *run, struct out *out, const struct life_step *s, size_t number)
{
	uint64_t since = s->time_ns > run->since_ns ? s->time_ns - run->since_ns : 0;
	char buf[32];

	out_begin(out, "lifecycle");
	out_dec(out, ROLE_NUMBER, "step", 5, number);
	out_text(out, ROLE_NUMBER, " %11s ", format_time_ns(buf, sizeof(buf), since));
	out_hidden_dec(out, "at_ns", since);
	out_str(out, ROLE_MNEMONIC, "call", 20, life_kind_name(s->kind));
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_LABEL, "phase", 7, s->is_exit ? "returns" : "begins");
	out_text(out, ROLE_TEXT, " ");
	if (s->is_exit)
		out_int(out, s->result ? ROLE_WARN : ROLE_NUMBER, "result", 5, s->result);
	else
		out_text(out, ROLE_TEXT, "     ");
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_ADDR, "object", 0, s->object);
	if (s->token[0]) {
		out_text(out, ROLE_DIM, " token ");
		out_hex(out, ROLE_ADDR, "token", 0, s->token[0]);
	}
	out_text(out, ROLE_DIM, " thread ");
	out_dec(out, ROLE_DIM, "tid", 0, s->tid);
	out_end(out);
}

static struct error *show(struct probe_run *run, struct out *out)
{
	struct life_step *steps = xcalloc(LIFE_STEPS, sizeof(*steps));
	uint64_t unkept = probe_run_hits(run, LIFE_PART_UNKEPT);
	struct life_findings findings;
	size_t n = read_log(run, steps);

	life_check(steps, n, &findings);
	if (!n)
		out_message(out, ROLE_TEXT, "no call about a mediated device, VFIO or irqbypass was made");
	for (size_t i = 0; i < n; i++)
		show_step(run, out, &steps[i], i);
	for (size_t i = 0; i < findings.len; i++) {
		out_begin(out, "lifecycle_finding");
		out_str(out, ROLE_FINDING, "rule", 0, findings.data[i].rule);
		out_text(out, ROLE_FINDING, " at step ");
		out_dec(out, ROLE_FINDING, "step", 0, findings.data[i].step);
		out_text(out, ROLE_FINDING, ": ");
		out_str(out, ROLE_FINDING, "text", 0, findings.data[i].text);
		out_end(out);
	}
	if (n)
		out_message(out, ROLE_DIM, "%zu calls and returns, %zu against the rules", n, findings.len);
	if (unkept)
		out_message(out, ROLE_WARN, "%" PRIu64 " more had no place in the log of %d and are not checked", unkept,
			    LIFE_STEPS);
	life_findings_deinit(&findings);
	free(steps);
	return NULL;
}

#define STEP(function) "?enter_" #function, "?exit_" #function

const struct probe probe_lifecycle = {
	.name = "lifecycle",
	.summary = "order rules of mediated devices, VFIO and irqbypass: who makes, opens, connects, removes",
	.help = "Every call is kept, in order, and checked: M01-M07 for mediated devices and VFIO, I01-I04 for\n"
		"interrupt bypass (a producer and a consumer for each token, stops and starts in pairs).\n"
		"Devices are made by others than the VMM, so these calls of every process are seen.",
	.parts = {
		[LIFE_PART_MDEV] = {
			.name = "mdev", .shows = "mediated devices (their module must be loaded)",
			.rungs = { { "kprobe", "mdev_device_create, _remove and their parents",
				     { "enter_mdev_device_create", "exit_mdev_device_create",
				       "enter_mdev_device_remove", "exit_mdev_device_remove", STEP(device_add),
				       STEP(device_del), STEP(mdev_register_parent),
				       STEP(mdev_unregister_parent) } } },
		},
		[LIFE_PART_VFIO] = {
			.name = "vfio", .shows = "VFIO devices (their module must be loaded)",
			.rungs = { { "kprobe", "vfio_register_group_dev, vfio_device_open and their opposites",
				     { STEP(vfio_register_group_dev), STEP(vfio_unregister_group_dev),
				       STEP(vfio_device_open), STEP(vfio_device_close) } } },
		},
		[LIFE_PART_BYPASS] = {
			.name = "irqbypass", .shows = "interrupts that bypass the host", .required = true,
			.rungs = { { "kprobe", "irq_bypass_register_producer, _consumer, kvm_arch_irq_bypass_*",
				     { STEP(irq_bypass_register_producer), STEP(irq_bypass_unregister_producer),
				       STEP(irq_bypass_register_consumer), STEP(irq_bypass_unregister_consumer),
				       STEP(kvm_arch_irq_bypass_add_producer), STEP(kvm_arch_irq_bypass_del_producer),
				       STEP(kvm_arch_irq_bypass_stop), STEP(kvm_arch_irq_bypass_start) } } },
		},
	},
	.show = show,
};

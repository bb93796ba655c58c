/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a Linux guest is doing, read from its own structures with the layouts of its own type information.
 * All of it works on a guest that runs, too, as well as a table can that changes while it is read: walks
 * are bounded, and one that leads astray ends with a sentence. Nothing is changed.
 */
#pragma once

#include "core/base/out.h"
#include "core/symbols/linux_kernel.h"

/* Every task but the idle ones: pid, tgid, parent, CPU, state, user or kernel, name. */
struct error *linux_tasks_show(const struct linux_kernel *k, struct out *out);
/* Name, address, size, state, references, users. */
struct error *linux_modules_show(const struct linux_kernel *k, struct out *out);
/* Interrupts with their counts by CPU, chip and handlers, then the per-CPU counters. */
struct error *linux_irqs_show(const struct linux_kernel *k, struct out *out);

/* A task in one line of words. */
struct linux_task {
	uint64_t addr, pid, tgid, parent, cpu, mm;
	bool is_kernel;
	const char *state;	/* "running", "sleeping", ... */
	char comm[17];
};
struct linux_task_reader {
	const struct linux_kernel *k;
	struct linux_field field[12];
	uint64_t parent_tgid;
};
struct error *linux_task_reader_init(struct linux_task_reader *r, const struct linux_kernel *k);
struct error *linux_task_read(const struct linux_task_reader *r, uint64_t addr, struct linux_task *ret);

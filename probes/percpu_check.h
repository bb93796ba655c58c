/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registers that user space can read and the kernel fills with the CPU's number: what a guest left there
 * is seen at once (S13). On POWER that is SPRG3, on x86 TSC_AUX, which RDTSCP reads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* One look at one CPU. */
struct percpu_look {
	int cpu;		/* that was asked for */
	uint64_t raw;		/* the register */
	unsigned vdso_cpu, vdso_node;	/* what getcpu() of user space makes of it */
	unsigned real_cpu, real_node;	/* what the kernel says */
};

const char *percpu_register(void);	/* its name; NULL: this architecture has none that is checked */
/* Does what was read fit to the CPU? @ret_why (may be NULL): "its CPU field says 57005". */
bool percpu_is_good(const struct percpu_look *look, char *why, size_t size);
/* Takes one look on each CPU of @cpus (@n of them, none when it is offline or not allowed) in a thread of
 * its own; @ret has room for @n, *ret_n were done. */
struct error *percpu_check(const int *cpus, unsigned n, struct percpu_look *ret, unsigned *ret_n);

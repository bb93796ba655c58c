/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shows a probe's sums (probes/bpf/sums.h): one row for each thread, what was measured, and its details. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/out.h"
#include "probes/bpf/sums.h"
#include "probes/probe.h"

struct sum_what {
	const char *name;	/* "lapic timer late" */
	const char *unit;	/* "ns"; "ticks" and others make a table of their own; NULL: only counted */
};

struct sums_spec {
	const char *type;	/* of the rows; with "_<unit>" when that is not ns */
	const struct sum_what *what;
	unsigned nwhat;
	unsigned what_width, detail_width;
	/* What a row is about, from its key, into @buf (""); NULL: rows have no detail. */
	void (*detail)(const struct probe_run *run, const struct sum_key *key, char *buf, size_t size);
	const char *empty;	/* "no timer of a vCPU has expired" */
};

struct error *sums_show(struct probe_run *run, struct out *out, const struct sums_spec *spec);
/* All values of @what over all keys. */
struct hist sums_of(const struct probe_run *run, uint32_t what);

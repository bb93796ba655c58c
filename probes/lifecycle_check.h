/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The order rules of mediated devices, VFIO and irqbypass over a log of calls. Objects that existed
 * before the log began are taken as they come: only what the log itself contradicts is a violation.
 */
#pragma once

#include <stddef.h>

#include "core/base/vec.h"
#include "probes/bpf/lifecycle.h"

struct life_finding {
	size_t step;		/* that broke it */
	const char *rule;	/* "M02" */
	char *text;		/* owned */
};

struct life_findings {
	struct life_finding *data;
	size_t len, cap;
};

const char *life_kind_name(unsigned kind); /* "mdev create"; "?" */
void life_check(const struct life_step *steps, size_t n, struct life_findings *ret);
void life_findings_deinit(struct life_findings *f);

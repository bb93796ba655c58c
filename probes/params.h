/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parameters that a probe's programs read: where the running kernel has them (probes/bpf/params.bpf.h). */
#pragma once

#include "probes/probe.h"

/* Compares the probe's prototypes with BTF; what differs goes to @run's drift. */
void params_check(struct probe_run *run);
/* Before loading: tells the programs. */
void params_set(const struct probe_run *run, struct bpf_object *obj);

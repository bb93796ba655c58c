/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words that say what is watched rather than which probe watches: kvm:exit, lock:contention. */
#pragma once

#include "core/probe/program.h"

/* The probe and (as a pattern) the event that @spec means; its own words when it is no alias. Borrowed. */
void probe_alias(const struct program_spec *spec, const char **ret_probe, const char **ret_event);

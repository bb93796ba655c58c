/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A recording as a whole: its blocks, counts and durations, soundness. */
#pragma once

#include "core/base/out.h"
#include "core/record/recording.h"

/* Every block: where, what, when, how large, and what RECORDS blocks hold. */
void record_report_raw(struct recording *rec, struct out *out);
/* Events by class: count, share, rate; of each field in ns: p50, p99, largest, sum. */
void record_report_stats(struct recording *rec, struct out *out);
/* Reads all; false when something is damaged (which is said). */
bool record_report_check(struct recording *rec, struct out *out);
/* What a reader of the events must know: losses and damage; nothing when there is none. */
void record_report_end(struct recording *rec, struct out *out);

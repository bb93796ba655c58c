/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The machine as a recording holds it. A snapshot is complete: vCPUs, registers, state blobs, regions, why
 * it stopped; memory is told by difference, page by page, each content once.
 */
#pragma once

#include "core/record/recorder.h"
#include "core/target/target.h"

struct snapshots;

struct snapshots *snapshots_create(struct recorder *r, enum record_mem mem);
void snapshots_destroy(struct snapshots *s);

/*
 * Records @t as it is now; @report: why it stopped, NULL for none. @time_ns: no event after it has been
 * given to the recorder, @same of exactly that time. A machine that runs gives last-known registers, and neither state nor memory.
 * Nothing is written when nothing is different from the snapshot before and there is no report.
 */
void snapshots_take(struct snapshots *s, struct target *t, const struct stop_report *report, uint64_t time_ns,
		    uint32_t same);
/* How many pages were stored. */
uint64_t snapshots_pages(const struct snapshots *s);

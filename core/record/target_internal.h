/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between target_recording.c and target_travel.c. */
#pragma once

#include <stdio.h>

#include "core/record/target_recording.h"

struct replay_stop {
	struct stop_spec spec;
	uint64_t hits, checked, passed;
};

struct replay {
	struct target target;
	struct recording *rec;
	struct machine *machine;
	uint64_t start_ns;
	unsigned most_vcpus;

	uint64_t time;		/* of the last thing that is over */
	uint64_t n;		/* events that are over */
	size_t snap;		/* snapshots that are over; the last one is loaded */
	uint64_t shown;		/* events the store was given */
	bool loaded;

	VEC(struct replay_stop) armed;
	VEC(struct stop_report) reports;
	int stop_fd;
	bool signalled;

	bool travelling;
	struct travel travel;	/* under way */
	struct { uint64_t time, n; size_t snap; } from; /* where it began: an interrupt stays where it is */
};

static inline struct replay *replay_of(struct target *t)
{
	return container_of(t, struct replay, target);
}

/* When the machine that is shown was recorded; 0: not at all. */
static inline uint64_t replay_snapshot_time(const struct replay *r)
{
	return r->snap ? r->machine->snapshots.data[r->snap - 1].time_ns : 0;
}

static inline unsigned replay_vcpus(const struct replay *r)
{
	return r->machine->nvcpus ? r->machine->nvcpus : r->most_vcpus;
}

void replay_signal(struct replay *r);
void replay_report(struct replay *r, const struct stop_report *report);

/* target_travel.c */
void replay_start(struct replay *r);
void replay_travel_slice(struct replay *r);
void replay_travel_end(struct replay *r);
struct error *replay_resume(struct target *t, const struct run_request *req);
struct error *replay_interrupt(struct target *t);
struct error *replay_travel(struct target *t, const struct travel *travel);

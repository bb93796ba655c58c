/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording as a target: the machine as it was at a time, stopped there. Going on means to look for the
 * next time a stop condition held: breakpoints match recorded places (a stop there, an event that was made
 * there), catchpoints match events, watchpoints match memory that is different from one snapshot to the
 * next. Without any, the recorded stops themselves are the places.
 *
 * A position is right after something that happened: an event, or a snapshot.
 *
 *	<- back   E E S E E E S E     forth ->
 *	              ^ here: two events and one snapshot are over
 */
#pragma once

#include "core/event/store.h"
#include "core/record/machine.h"
#include "core/target/target.h"

/*
 * @rec is borrowed and must outlive @store, which learns its event classes. The target stands at the first
 * recorded stop, or at the beginning. @start_ns: zero of times in sentences.
 */
struct error *recording_target_create(struct recording *rec, struct event_store *store, uint64_t start_ns,
				      struct target **ret);

struct recording_position {
	uint64_t time_ns;	/* of the last thing that is over */
	uint64_t n;		/* events that are over */
	uint64_t snapshot_ns;	/* when registers and memory were recorded; 0: never */
	size_t snapshot, snapshots; /* that are over, that there are */
};
/* False: @t is no recording. */
bool recording_target_position(struct target *t, struct recording_position *ret);
struct recording *recording_target_recording(struct target *t); /* NULL: @t is none */
const struct machine *recording_target_machine(struct target *t);

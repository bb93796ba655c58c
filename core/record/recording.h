/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A recording that is read. Opening reads the index (or, without one, the header of each block); everything
 * else is read when it is asked for, a few chunks at a time, whatever the size of the file. The file is
 * hostile: whatever is damaged is counted, skipped and told, and never trusted.
 *
 * Events have numbers from 0 in the order of their times (equal times: by block, then as in it). To find
 * number N, time is cut into windows at times where chunks begin; a window's events are merged when one of
 * them is asked for.
 */
#pragma once

#include "core/base/error.h"
#include "core/record/block.h"
#include "core/record/chunk.h"

struct recording_block {
	struct vms_block block;
	uint64_t offset;
	uint64_t tally;		/* EVENTS: where its classes' counts are in @tallies */
	uint32_t tally_len;
};

#define RECORDING_WINDOWS 4

struct recording_window {
	size_t index;		/* which; SIZE_MAX: none */
	uint64_t base;		/* number of its first event */
	uint8_t *data;
	size_t data_len, data_cap;
	uint32_t *at;		/* records in order */
	size_t n, cap;
	uint64_t used;		/* for eviction */
};

struct recording_record {
	uint16_t kind;
	uint64_t time_ns;
	const uint8_t *data;	/* borrowed from the block's payload */
	size_t len;
};

struct recording {
	int fd;
	char *path;
	uint64_t file_size;
	uint64_t real_ns, mono_ns;	/* both clocks when the file was made */
	uint64_t id;
	bool has_index;			/* closed in order */
	bool hurt;			/* something is damaged: @damage */
	char damage[200];		/* the first of it, as a sentence */
	uint64_t ndamage;
	uint64_t damage_bytes;

	struct recording_block *blocks;
	size_t nblocks, blocks_cap;
	uint64_t end, next_seq;		/* where more can be appended */
	struct bytes tallies;

	struct event_class *classes[CLASSES_MAX]; /* by id in the file */
	size_t nclasses;

	uint32_t *events;		/* EVENTS blocks by first time */
	size_t nevents_blocks;
	uint64_t *sum_by_last;		/* events in the first i chunks by last time; [n] is all */
	uint64_t *last_times;		/* sorted */
	uint64_t *reach;		/* latest @last of the first i + 1 chunks by first time */
	uint64_t *cuts;			/* times at which windows begin; the first is 0 */
	uint64_t *cut_base;		/* exact number of events before; UINT64_MAX: not known yet */
	uint64_t *cut_most;		/* events of chunks that begin before: never less than cut_base */
	size_t ncuts;
	struct recording_window window[RECORDING_WINDOWS];
	uint64_t tick;

	struct block_codec *codec;
	struct bytes stored, raw;	/* of the block read last */
	size_t raw_block;		/* which; SIZE_MAX: none */
	struct chunk_events chunk;
};

/* ERROR_FAILED: not a recording, or one that needs a newer program. Damage inside is no error here. */
struct error *recording_open(const char *path, struct recording **ret);
void recording_destroy(struct recording *rec);

uint64_t recording_count(const struct recording *rec);
/* Of events; of anything else when there are none. */
uint64_t recording_first_time(const struct recording *rec);
uint64_t recording_last_time(const struct recording *rec);
/* Event number @n, borrowed until RECORDING_WINDOWS others were asked for far away; NULL: none, damaged. */
const struct event *recording_event(struct recording *rec, uint64_t n);
/* How many events are before @time_ns: the number of the first that is not. */
uint64_t recording_before(struct recording *rec, uint64_t time_ns);
/* Events of class @id (in the file) with a number below @n; all with UINT64_MAX. */
uint64_t recording_class_count(struct recording *rec, uint32_t id, uint64_t n);
/* The same of all classes at once: @ret by id in the file, rec->nclasses of them. */
void recording_counts(struct recording *rec, uint64_t n, uint64_t *ret);
/* Losses the chunks tell of. */
uint64_t recording_lost(const struct recording *rec);
/* Schema ids of events that come out, from now on: @ids by class id in the file. */
void recording_map_schemas(struct recording *rec, const uint32_t *ids);

/* The payload of block @i, borrowed until the next call; false: damaged (told and counted). */
bool recording_payload(struct recording *rec, size_t i, const uint8_t **ret, size_t *ret_len);
/* Calls @fn for each record of RECORDS or SNAPSHOT block @i until it returns false. False: damaged. */
bool recording_records(struct recording *rec, size_t i,
		       bool (*fn)(void *ctx, const struct recording_record *record), void *ctx);
/* The value of @key in the META records, into @buf; false: not there. */
bool recording_meta(struct recording *rec, const char *key, char *buf, size_t size);
/* Reads all of the file and checks all there is to check; damage is counted. */
void recording_verify(struct recording *rec);
/* One more thing that is damaged. */
void recording_damaged(struct recording *rec, uint64_t offset, uint64_t len, const char *what);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sums over a whole recording, chunk by chunk and without order: counts, and distributions of times. */
#pragma once

#include "core/record/recording.h"

#define DURATION_BUCKETS 512	/* eight a power of two: quantiles are right to 6 % */
#define RECORD_STATS_FIELDS 32

struct durations {
	uint64_t count, sum, max;
	uint64_t bucket[DURATION_BUCKETS];
};

void durations_add(struct durations *d, uint64_t ns);
/* The @percent-th percentile: the middle of its bucket. */
uint64_t durations_quantile(const struct durations *d, unsigned percent);

struct record_stats {
	size_t nclasses;
	struct {
		uint64_t count;
		struct durations *field[RECORD_STATS_FIELDS]; /* of fields in ns; others NULL */
	} classes[];
};
/* Of all of @rec. */
struct record_stats *record_stats_create(struct recording *rec);
void record_stats_destroy(struct record_stats *stats);

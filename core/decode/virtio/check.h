/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of virtq_check(). */
#pragma once

#include "core/decode/virtio/ring.h"

/* Fills in where a finding is; @f may be NULL, @n is at most 16. */
void virtq_find_at(struct virtq_finding *f, int head, int entry, uint64_t index, const void *bytes, unsigned n);

void virtq_check_split(const struct virtq_ring *ring, struct virtq_findings *f);
void virtq_check_packed(const struct virtq_ring *ring, struct virtq_findings *f);

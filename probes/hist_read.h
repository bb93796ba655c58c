/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading of histograms that BPF programs filled (probes/hist.h). */
#pragma once

#include "probes/hist.h"

/* Lowest and highest value of bucket @index; the last one has no end (UINT64_MAX). */
uint64_t hist_low(uint32_t index);
uint64_t hist_high(uint32_t index);
/* The value that @permille of 1000 are at or below: the middle of its bucket, within min and max. 0 when
 * it is empty. */
uint64_t hist_quantile(const struct hist *h, unsigned permille);
void hist_add(struct hist *sum, const struct hist *h);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A histogram's buckets (core/session/tables.h) as bars in a rectangle, with thresholds marked. */
#pragma once

#include "core/base/records.h"
#include "ui/draw.h"

/* @buckets: records with count and from_ns, from_ticks or from, ascending. @marks: records with at and
 * label; NULL: none. Nothing when there is no room. */
void hist_graph_draw(const struct area *a, const struct record_list *buckets, const struct record_list *marks);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A probe's state and sums as records (core/session/tables.h), for its command and its panel. */
#pragma once

#include "core/base/out.h"
#include "probes/hist.h"
#include "probes/probe.h"

/* Text under each row whose record has a list `histogram`: what `info probe NAME hist` prints, from the
 * records that the panel is drawn from. */
struct error *probe_show_hist(struct probe_run *run, struct out *out);
/* Its state first (which rungs serve, for how long, what was lost), then its own records. */
struct error *probe_show(struct probe_run *run, struct out *out);
/* "1.2 us" in text, @name in JSON. */
void probe_out_time(struct out *out, const char *name, uint64_t ns);
/* The buckets that are not empty, as list `histogram` of the record that is open; nothing in text. @from
 * names their lower ends: "from_ns". */
void probe_out_hist(struct out *out, const char *from, const struct hist *h);

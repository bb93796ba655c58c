/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words for the exits that the probe `exits` counts. */
#pragma once

#include <stddef.h>

#include "core/base/out.h"
#include "probes/bpf/exits.h"
#include "probes/probe.h"

/* "IO", "NPF", "EINTR", "0x45"; @buf or a constant. */
const char *exit_reason_name(const struct exit_key *k, char *buf, size_t size);
/* "out 0x3f8/1", "wr 0xfee00000", "" */
void exit_detail_text(const struct exit_key *k, char *buf, size_t size);

/* `info probe exits reason NAME`: places in the guest. */
struct error *exits_detail(struct probe_run *run, const char *words, struct out *out);

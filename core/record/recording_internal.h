/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between recording.c and recording_events.c. */
#pragma once

#include "core/record/recording.h"

/* Builds what finds events by number and time from the blocks. */
void recording_index_events(struct recording *rec);
void recording_forget_events(struct recording *rec);

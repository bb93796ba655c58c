/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bookmarks and notes of a recording: written into the one that is made, appended to the one that is played. */
#pragma once

#include "core/session/session.h"

struct session_note {
	uint64_t time_ns;
	char *name;	/* "": a note */
	char *text;
};

/* At this moment. ERROR_STATE: nothing is recorded, nothing is played. */
struct error *session_note_add(struct session *s, const char *name, const char *text);
/* Of the recording that is played, and those made in this session; by time. */
const struct session_note *session_note_at(struct session *s, size_t i); /* NULL past the end */
const struct session_note *session_note_find(struct session *s, const char *name);

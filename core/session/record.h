/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A session that is recorded: every event of its store, the machine at each stop, symbols, what the user
 * notes. One recording at a time.
 */
#pragma once

#include "core/record/recorder.h"
#include "core/session/session.h"

struct session_record_options {
	const char *path;	/* NULL: the flight recorder */
	bool overwrite;
	uint64_t ring_bytes;
	uint64_t max_bytes;
	uint64_t duration_ns;	/* ends by itself; 0: not */
	enum record_mem mem;
};

struct error *session_record_start(struct session *s, const struct session_record_options *options);
/* Closes the file; the error is what went wrong since the start. ERROR_STATE: nothing is recorded. */
struct error *session_record_stop(struct session *s);
/* The flight recorder's content, and the machine as it is now with all its memory, to @path. */
struct error *session_record_save(struct session *s, const char *path, bool overwrite);
/* False: nothing is recorded. @ret_path: borrowed; NULL for the flight recorder. */
bool session_record_status(struct session *s, struct recorder_status *ret, const char **ret_path,
			   uint64_t *ret_pages);
/* A note or bookmark (with a @name) into the recording that is made; false: none is. */
bool session_record_note(struct session *s, const char *name, const char *text);
/* "what" and its text into the recording, if one is made: lists of probes, aggregates. */
void session_record_text(struct session *s, const char *what, const char *text);

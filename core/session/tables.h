/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Live tables beside the guest's own state: what a probe has summed. A panel can list them, choose one
 * and show it; the same records that the command prints. The probes give the session their source; a
 * recording gives its own.
 */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"
#include "core/base/out.h"

/*
 * Records that show() writes:
 *
 *	probe_state	first: name, elapsed_ns, streams, events, lost; list `parts` (part, rung, place);
 *			list `marks` (at, label), lines to draw in every histogram
 *	any other type	a row of the table of that type: values are columns; list `histogram` of buckets
 *			(from_ns or from, count), other lists and values named in no column are detail
 *	message		a remark
 */
struct session_tables {
	void *ctx;
	const char *(*name)(void *ctx, unsigned i);	/* NULL past the end */
	const char *(*summary)(void *ctx, unsigned i);	/* one line */
	bool (*is_on)(void *ctx, unsigned i);
	struct error *(*show)(void *ctx, unsigned i, struct out *out); /* ERROR_STATE when it is off */
};

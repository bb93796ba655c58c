/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where a probe file's events come from beside the VMM's own: the probes of the host's kernel register
 * one provider for each word before the colon. core knows nothing of how they are served.
 */
#pragma once

#include "core/base/error.h"
#include "core/base/out.h"
#include "core/probe/bind.h"
#include "core/probe/program.h"
#include "core/probe/table.h"

struct session;
struct probe_source;

/* One clause of a program that wants the events of one of its specs. All borrowed, for as long as the
 * source lives. */
struct probe_request {
	const struct program *program;
	struct program_clause *clause;
	const struct program_spec *spec;
	struct probe_vars *vars;
	bool whole;	/* the clause has this spec only: its condition and actions may be done at the source */
	bool try_only;	/* say how it would be served; attach, then close at once */
};

struct probe_provider {
	const char *prefix;	/* "tracepoint" */
	const char *summary;	/* "any tracepoint of the kernel: tracepoint:SYSTEM:NAME" */
	void *ctx;
	/* Makes events come. ERROR_NOT_FOUND: there is no such event (the next provider of the same prefix is
	 * asked); ERROR_UNSUPPORTED: not on this machine, and why. */
	struct error *(*open)(void *ctx, struct session *s, const struct probe_request *req,
			      struct probe_source **ret);
	/* What can be opened and matches @glob, with fields; NULL: nothing is listed. */
	void (*list)(void *ctx, struct session *s, const char *glob, bool verbose, struct out *out);
};

/* An open one. */
struct probe_source {
	VEC(const struct schema *) schemas;	/* of the store: whose events are meant */
	char *plan;		/* how it is served, for people: owned */
	bool filtered;		/* the clause's condition is applied at the source */
	bool done;		/* its actions too: sums are kept there and fetched by read() */
	/* Adds what was summed up since the last call; NULL: nothing is. @table gives the map of a name. */
	void (*read)(struct probe_source *src, struct table *(*table)(void *ctx, const char *name), void *ctx);
	/* The program it runs where it runs, for --dump; NULL: none. */
	void (*dump)(struct probe_source *src, struct out *out);
	uint64_t (*lost)(struct probe_source *src);	/* events that found no room; NULL: told in place */
	void (*close)(struct probe_source *src);	/* detaches and frees; not the schemas */
};

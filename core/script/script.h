/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Probe files at work: a loaded program listens to the store, keeps its maps, acts. One session may hold
 * several. Everything here runs in the main loop; what a source does for it elsewhere (in the kernel, on a
 * vCPU's thread) script_explain() tells.
 *
 *	script_load(): parse was done; every clause finds its events, is compiled for each of them, armed
 *	 `--> ARMED --event, guest stop, timer--> actions --> ARMED ... --script_unload(): END, maps are shown
 */
#pragma once

#include "core/probe/program.h"
#include "core/session/session.h"

struct script;
struct script_set;

struct script_options {
	bool partial;	/* clauses whose events can not be had here are left out, and said */
	bool unsafe;	/* `run` may use any command */
	bool replay;	/* events have happened: `every` goes by their time, nothing is stopped */
	bool dry_run;	/* all is checked and attached, nothing is kept */
};

/* Makes the session's set: once, at start. */
void script_set_attach(struct session *s);

/* Takes @program. What it prints goes to s->talk, or @out when that is not NULL (borrowed for as long as the
 * script lives). */
struct error *script_load(struct session *s, struct program *program, const struct script_options *options,
			  struct out *out, struct script **ret);
/* Runs END, shows every map that has rows, detaches. NULL is fine. */
void script_unload(struct session *s, struct script *script);
struct script *script_find(struct session *s, unsigned id);
struct script *script_at(struct session *s, unsigned i); /* NULL past the end */
unsigned script_id(const struct script *script);
const char *script_name(const struct script *script);
/* Actions done; events whose condition could not be computed; findings. */
uint64_t script_hits(const struct script *script);
uint64_t script_findings(const struct script *script);
bool script_has_exited(const struct script *script); /* its `exit` ran */

/* What serves each clause and where its parts run. */
void script_explain(struct script *script, struct out *out);
/* Programs that run elsewhere, as listings. */
void script_dump(struct script *script, struct out *out);
/* Its maps as they are now. */
void script_show_maps(struct script *script, struct out *out);

/* Breakpoint @stop_id of a `guest:` clause was hit: its actions, then on. */
struct error *script_guest_stop(struct session *s, unsigned id, unsigned clause);
/* One event of a recording; @schema is known to the session's store. */
void script_feed(struct script *script, const struct event *event, const struct schema *schema);

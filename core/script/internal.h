/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of a loaded probe file. Private to core/script. */
#pragma once

#include "core/probe/bind.h"
#include "core/probe/provider.h"
#include "core/probe/table.h"
#include "core/script/script.h"

#define SCRIPT_INSTANCES_MAX 4096

/* The automaton of a sequence for one key. */
struct script_instance {
	struct probe_value key;
	unsigned step;		/* the next one that is waited for */
	uint64_t since_ns;
};

struct script_use {
	struct probe_binding *binding;
	const struct program_spec *spec; /* SEQUENCE, INVARIANT: which; else NULL */
	bool filtered;		/* the condition was applied at the source */
};

struct script_clause {
	struct script *script;
	struct program_clause *clause;
	unsigned index;
	VEC(struct script_use) uses;
	VEC(struct probe_source *) sources;
	VEC(struct script_instance) instances;
	VEC(unsigned) stops;	/* breakpoints made for it */
	struct loop_source *timer;
	uint64_t next_ns;	/* EVERY in a replay */
	uint64_t hits, faults, overflow;
	char *left_out;		/* why it is not armed, with --partial */
};

struct script {
	unsigned id;
	struct session *session;
	struct program *program;
	struct script_options options;
	struct out *out;	/* NULL: the session's */
	VEC(struct script_clause *) clauses;
	VEC(struct table *) tables;
	struct probe_vars vars;
	uint64_t hits, findings;
	bool exited, listening, ended;
};

struct script_set {
	struct session *session;
	VEC(struct script *) list;
	unsigned next_id;
};

/* What one run of a block works on. */
struct script_run {
	struct script *script;
	struct script_clause *clause;
	const struct probe_binding *binding;
	struct probe_context context;
	bool at_guest_stop;	/* registers are exact */
	bool stop;		/* a `stop` ran at a guest stop: do not go on */
};

struct out *script_out(struct script *script);
void script_block(struct script_run *run, const struct program_block *block);
/* A clause's block for @event (NULL: none), when its condition holds. */
void script_fire(struct script_clause *c, const struct probe_binding *binding, bool filtered,
		 const struct event *event, const struct schema *schema);
void script_finding(struct script_run *run, const char *text);
void script_sequence(struct script_clause *c, const struct script_use *use, const struct event *event,
		     const struct schema *schema);
void script_invariant(struct script_clause *c, const struct script_use *use, const struct event *event,
		      const struct schema *schema);
struct probe_context script_context(struct script *script, const struct event *event,
				    const struct schema *schema);
struct table *script_table(struct script *script, const char *name);
void script_fetch(struct script *script); /* sums kept at sources */

/* Finds the events of a clause, compiles it for each and arms it. */
struct error *script_arm(struct script_clause *c);
void script_disarm(struct script_clause *c);
struct error *script_arm_guest(struct script_clause *c, const struct program_spec *spec);
struct expr_scope script_guest_scope(struct session *s);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rules: when an event happens (of the VMM, of a probe of the host's kernel), do something. An event is
 * matched when it comes into the store; what is to be done is done after the events at hand are in, never
 * in the middle of them.
 *
 *	event in the store --matches--> hit --too many--> only counted (told)
 *	                                 `--> waits --session_rules_run()--> stop: the guest is interrupted
 *	                                                                     command: it runs; one that needs a stopped
 *	                                                                     guest interrupts it, and lets it go on
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/session/session.h"

struct session_filter;
struct session_rules;

enum rule_action {
	RULE_STOP,	/* the guest stops and stays stopped */
	RULE_COMMAND,	/* a command line runs */
	RULE_PRINT,	/* the event is shown */
};

struct session_rule {
	unsigned id;
	char *text;			/* as typed, for `info on` */
	struct session_filter *filter;
	enum rule_action action;
	char *command;
	bool needs_stop;		/* its command wants a guest that stands */
	bool enabled;
	uint64_t hits;			/* events that matched */
	uint64_t done;
	uint64_t limited;		/* hits that were more than the rate or the queue allows */
	uint64_t failed;
	uint64_t window_ns, in_window;	/* the rate: begin of this second, and how many in it */
};

/* Makes a rule; @filter and @command are taken, also on error. */
struct session_rule *session_rule_add(struct session *s, const char *text, struct session_filter *filter,
				      enum rule_action action, char *command, bool needs_stop);
struct error *session_rule_delete(struct session *s, unsigned id);
struct session_rule *session_rule_at(struct session *s, size_t i); /* NULL past the end */
void session_rules_destroy(struct session *s);

/* From session_poll(): does what waits. */
void session_rules_run(struct session *s);
/*
 * A run ended while a rule waits for it: true when the stop is only the rule's own (the guest was
 * interrupted for it) and is not to be shown. @ret_lines: what to run now, owned by the caller with its
 * strings, NULL-terminated; NULL: nothing.
 */
bool session_rules_stopped(struct session *s, const struct stop_report *report, char ***ret_lines);

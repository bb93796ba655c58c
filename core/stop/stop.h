/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stop conditions as the user sees them: numbered, enabled or not, with a condition, an ignore count and
 * a command list. What can be decided on the vCPU's thread is decided there: a stop is handed to the
 * target as a `struct stop_spec` with an immutable compiled condition.
 *
 *	          arm ok
 *	 IDLE ------------> ARMED ----hit----> HIT (reported once) --> ARMED, or gone when temporary
 *	  |  <------------    |
 *	  |   disable         +-- the target went away --> IDLE
 *	  +-- arm failed / address unknown --> PENDING (retried when symbols load)
 *
 *	IDLE:    !enabled or no target; the target knows nothing of it
 *	PENDING: enabled, location text kept, not armed; `why` says what is missing
 *	ARMED:   enabled, the target holds the spec under our id
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "core/target/target.h"

enum stop_life { STOP_IDLE, STOP_PENDING, STOP_ARMED };

struct stop {
	unsigned id;
	struct stop_spec spec;	/* spec.cond mirrors cond */
	enum stop_life life;
	bool enabled;
	char *location;		/* as typed: "main", "demo.c:12", "*0x1000", "io" */
	char *cond_text;	/* NULL: none */
	struct expr_prog *cond;
	char *why;		/* PENDING: what is missing */
	VEC(char *) commands;	/* run by the prompt after the stop */
	bool silent;		/* first command is "silent" */
	bool unresolved;	/* PENDING: @location names nothing yet, spec.addr means nothing */
	bool gone;		/* temporary and has stopped the guest: deleted once that is shown */
	uint64_t hits_before;	/* hits counted by specs that are disarmed by now */
	uint64_t ignore_base;	/* hits when spec.ignore was set: what is left counts from there */
};

struct stop_list {
	VEC(struct stop *) stops;
	unsigned next_id;
};

void stop_list_deinit(struct stop_list *list, struct target *target);
/* @spec->id 0: the next number. @cond is borrowed (a reference is taken), @location copied.
 * Adds and arms on @target when it is there. On an arm error the stop is not
 * added, unless @pending_ok. */
struct error *stop_add(struct stop_list *list, struct target *target, const struct stop_spec *spec,
		       const char *location, const char *cond_text, struct expr_prog *cond,
		       bool pending_ok, struct stop **ret);
struct error *stop_delete(struct stop_list *list, struct target *target, unsigned id);
struct error *stop_enable(struct stop_list *list, struct target *target, unsigned id, bool on);
struct error *stop_set_condition(struct stop_list *list, struct target *target, unsigned id,
				 const char *text, struct expr_prog *cond);
struct error *stop_set_ignore(struct stop_list *list, struct target *target, unsigned id, uint64_t n);
struct stop *stop_find(const struct stop_list *list, unsigned id);
/* Drops the command list of @stop. */
void stop_clear_commands(struct stop *stop);
/* Disarms @stop: its place is at *@addr now, or nowhere known (NULL). */
void stop_move(struct stop *stop, struct target *target, const uint64_t *addr);
/* Arms what is enabled and not armed (a new target, new symbols); what fails becomes PENDING. */
void stop_list_arm(struct stop_list *list, struct target *target);
/* Everything armed becomes IDLE; the counts stay. */
void stop_list_disarm(struct stop_list *list, struct target *target);
/* Hits since the stop was made; mechanism and checks as of now (zero when not armed). */
void stop_get_status(const struct stop *stop, struct target *target, struct stop_status *ret);
uint64_t stop_ignore_left(const struct stop *stop, struct target *target);
/* Called for each report; NULL when it is of no stop here. A temporary one is marked @gone: the caller
 * shows it, then calls stop_delete(). */
struct stop *stop_on_report(struct stop_list *list, const struct stop_report *report);

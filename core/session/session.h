/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The root object handed to everything: target, events, symbols, stops, variables, options. One per
 * process run, passed down; there are no globals.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/loop.h"
#include "core/base/out.h"
#include "core/base/vec.h"
#include "core/event/store.h"
#include "core/expr/expr.h"
#include "core/stop/stop.h"
#include "core/symbols/symbols.h"
#include "core/target/target.h"

struct command;
struct session;

struct session_var {
	char *name;
	struct expr_value value;
};

/* An expression shown at every stop. */
struct session_display {
	unsigned id;
	char *format;		/* "/x", "/8xb", "" */
	char *text;
	bool is_memory;		/* `display/i $pc`, `display/4xg p`: examine at the value */
	bool enabled;
};

/* Things that want to know; slots may be NULL. Panels and the batch runner register one. */
struct session_listener {
	void *ctx;
	void (*stopped)(void *ctx, const struct stop_report *report);
	void (*resumed)(void *ctx);
	void (*changed)(void *ctx);	/* registers, memory, breakpoints, selection changed by a command */
	void (*console)(void *ctx, unsigned port, const void *data, size_t len); /* guest output */
};

/* A check `doctor` runs; guest and probes register theirs. */
struct doctor_check {
	const char *name;	/* "kvm", "kvm.irqchip", "bpf.ringbuf" */
	/* Fills a value ("API 12"), and what is missing and would fix it (NULL: fine). Returned strings
	 * are owned by the caller. */
	enum doctor_verdict { DOCTOR_OK, DOCTOR_WARN, DOCTOR_MISSING } (*run)(char **ret_value, char **ret_fix);
};

struct session {
	struct loop *loop;
	struct target *target;		/* owned; NULL: nothing is being debugged */
	struct event_store *events;
	struct symbols *symbols;
	struct stop_list stops;
	VEC(struct session_var) vars;
	VEC(struct expr_value) history;	/* $1, $2, ... of print */
	VEC(struct session_display) displays;
	VEC(const struct command *) commands;
	VEC(const struct doctor_check *) checks;
	VEC(struct session_listener *) listeners;

	unsigned vcpu;			/* selected */
	unsigned frame;			/* selected frame, 0 innermost */
	struct stop_report last_stop;
	bool has_stop;
	struct regs regs_now[2];	/* [0] at this stop, [1] at the stop before, of the selected vCPU */
	bool has_regs_before;
	uint64_t start_ns;		/* zero of shown event times */

	bool running;			/* a run job is under way: between resume and its report */
	bool wait;			/* batch: the executor waits for the stop before the next line */
	bool quit;
	int exit_status;		/* of the process; set by quit N and by --exit-from-guest */
	bool exit_from_guest;
	bool quiet_stop;		/* do not print the stop (internal steps of one command) */
	uint64_t x_next;		/* `x` without address goes on here */
	unsigned next_display;
	char source_file[512];		/* `list` state */
	unsigned source_line;
	/* `finish`, `until`: internal temporary stop ids in use */
	unsigned next_internal_id;
	struct out *talk;		/* where stop reports and messages of the session go; owned */
	/* Creates a fresh target as at start (for `run`); set by main. */
	struct error *(*restart)(struct session *session);
	void *owner;			/* main's own data for @restart */
};

struct error *session_create(struct session **ret);
void session_destroy(struct session *session);

void session_add_command(struct session *s, const struct command *cmd);
void session_add_check(struct session *s, const struct doctor_check *check);
void session_add_listener(struct session *s, struct session_listener *listener);
void session_remove_listener(struct session *s, struct session_listener *listener);

/* Takes @target: destroys the one before, re-arms stops, hooks its descriptors into the loop. */
struct error *session_set_target(struct session *s, struct target *target);

/* Resumes and marks the session running. The report arrives through the loop: session_on_stop(). */
struct error *session_resume(struct session *s, const struct run_request *req);
/* Drains reports and events; called by the loop, by a timer and before anything is shown. */
void session_poll(struct session *s);
/* Runs the loop until the run job ended, @timeout_ns passed (0: none) or the user interrupted. Batch. */
struct error *session_wait(struct session *s, uint64_t timeout_ns);

/* Registers of the selected vCPU in the selected frame's view, @groups at least; cached per stop. */
struct error *session_regs(struct session *s, unsigned groups, const struct regs **ret, bool *ret_stale);
void session_invalidate(struct session *s); /* registers or memory were changed by us */
void session_changed(struct session *s);    /* invalidate and tell the listeners */
struct error *session_select_vcpu(struct session *s, unsigned vcpu);

/* Names for expressions: registers, symbols, session variables; with @schema also its fields. */
struct expr_scope session_scope(struct session *s);
struct error *session_eval(struct session *s, const char *text, struct expr_value *ret);
struct error *session_eval_prog(struct session *s, struct expr_prog *prog, struct expr_value *ret);
struct expr_value *session_var(struct session *s, const char *name, bool create);

/* Guest memory of the selected vCPU. */
struct error *session_mem_read(struct session *s, uint64_t gva, void *buf, size_t len, size_t *ret_done);
struct error *session_mem_write(struct session *s, uint64_t gva, const void *buf, size_t len);

/* "main", "*EXPR", "demo.c:12", "12", "0x1000", "$pc+4" to an address. */
struct error *session_location(struct session *s, const char *text, uint64_t *ret);
/* "<main+0x10>" or "" into @buf. */
const char *session_symbolize(struct session *s, uint64_t addr, char *buf, size_t size);

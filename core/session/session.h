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
#include "core/symbols/unwind.h"
#include "core/target/target.h"

struct command;
struct probe_provider;
struct session;
struct session_filter;
struct session_rules;
struct session_tables;
struct session_linux;

/* What `set OPTION VALUE` changes; options.def has name, default and help of each. */
struct session_options {
#define OPTION_BOOL(field, name, def, help) bool field;
#define OPTION_NUMBER(field, name, def, lo, hi, help) uint64_t field;
#define OPTION_CHOICE(field, name, def, choices, help) unsigned field;
#include "core/session/options.def"
#undef OPTION_BOOL
#undef OPTION_NUMBER
#undef OPTION_CHOICE
};

/*
 * A command that takes several runs (finish, next, nexti over a call) leaves a plan: it is asked at each
 * stop. One at a time; a user's own stop, an interrupt or the guest's end finishes it.
 *
 *	session_resume_plan() --> RUNNING --stop--> stopped() --true: it called session_plan_resume()--> RUNNING
 *	                                               `--false: the (maybe rewritten) report is shown, then shown()
 */
struct session_plan {
	bool (*stopped)(struct session *s, struct session_plan *plan, struct stop_report *report,
			struct error **ret_error); /* *ret_error: shown after the stop; the plan ends */
	void (*shown)(struct session *s, struct session_plan *plan, struct out *out); /* NULL: nothing */
	void (*destroy)(struct session *s, struct session_plan *plan); /* disarms internal stops, frees */
};

struct session_var {
	char *name;
	struct expr_value value;
};

/* What a write replaced, for `undo`; forgotten when the guest runs. */
struct session_undo {
	enum { UNDO_REG, UNDO_MEM, UNDO_PHYS } kind;
	unsigned vcpu, reg;
	uint64_t addr;
	uint8_t len;
	uint8_t old[64];
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
	void (*rewound)(void *ctx);	/* another time is looked at: events and console begin anew */
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

/*
 * What hangs off the session beside core's own: the probes. It is found by name and asked for new events
 * by session_poll(). At the end it is stopped first, while everything else still stands, and destroyed
 * after the event store, whose schemas it may own.
 */
struct session_part {
	const char *name;
	void *data;
	void (*poll)(void *data);	/* new events to the store; NULL: none */
	void (*know)(void *data, const char *event); /* adds the schemas of @event ("locks.wait") when they are
						      * its own; NULL: all are there from the start */
	void (*stop)(void *data);	/* no more events, no loop sources; NULL: nothing to stop */
	void (*destroy)(void *data);
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
	VEC(struct session_undo) undo;	/* oldest first */
	VEC(const struct command *) commands;
	VEC(void *) owned;		/* allocations of descriptors made at start, freed at the end */
	VEC(const struct doctor_check *) checks;
	VEC(struct session_listener *) listeners;
	VEC(struct session_part) parts;
	VEC(const struct probe_provider *) providers; /* of events for probe files */
	const struct session_tables *tables; /* borrowed (core/session/tables.h); NULL: nobody has any */

	struct session_options options;

	unsigned vcpu;			/* selected */
	unsigned frame;			/* selected frame, 0 innermost */
	struct stop_report last_stop;
	bool has_stop;
	struct regs regs_now[2];	/* [0] at this stop, [1] at the stop before, of the selected vCPU */
	unsigned groups_now;		/* groups read into regs_now[0] */
	bool has_regs_before;
	struct regs regs_view;		/* last-known ones of a running vCPU, or those of an outer frame */
	VEC(struct frame) frames;	/* of the selected vCPU, as far as unwound; empty: not yet */
	bool frames_end;		/* the chain ends after the last of @frames */
	uint64_t scope_pc;		/* session_scope_at()'s */
	bool scope_is_now;		/* session_scope_here()'s: registers and memory are those of now */
	struct unwind_frame frame_last;	/* of @frames, to go on from */
	uint64_t start_ns;		/* zero of shown event times */

	bool running;			/* a run job is under way: between resume and its report */
	bool wait;			/* batch: command_run() waits for the stop before the next line */
	bool background;		/* this run was started with `&`: nobody waits for it */
	bool interrupted;		/* the user asked to stop; cleared by the next command */
	bool quit;
	int exit_status;		/* of the process; set by quit N and by --exit-from-guest */
	bool exit_from_guest;
	bool quiet_stop;		/* do not print stops */
	struct session_plan *plan;	/* owned; NULL: none */

	struct session_linux *linux_guest; /* linux.c's; NULL: nobody has asked */

	uint64_t x_next;		/* `x` without address goes on here */
	char x_letter, x_size;		/* last format and unit of x */
	unsigned next_display;
	char source_file[512];		/* `list` state */
	unsigned source_line;
	unsigned next_internal_id;	/* of temporary stops nobody sees: 1<<30 and up */
	struct session_filter *filter;	/* `events filter`; NULL: everything */
	struct session_rules *rules;	/* `on EVENT do ...`; NULL: none yet */
	uint64_t events_from;		/* `events clear`: first event shown */
	uint64_t events_seen;		/* `info events` without N goes on here */

	VEC(char *) queue;		/* command lines that wait for the stop */
	unsigned collect;		/* `commands N`: lines go to this stop's list until `end` */
	unsigned run_depth;		/* command_run() inside command_run(): `source` */
	uint64_t run_polled_ns;		/* when the loop last had its turn between lines of scripts */
	unsigned error_depth;		/* of the script that put its name before the error under way */
	bool in_hook;			/* inside after_stop(): nothing there waits */
	char *repeat_line;		/* what an empty line at a prompt runs; NULL: nothing */
	struct error *deferred;		/* first failure of queued lines, given back by session_wait() */
	/* Runs the lines of a stop that was just shown, then the queue. Set by commands_register_core(). */
	void (*after_stop)(struct session *s, char *const *lines, size_t nlines);
	/* Runs the lines of a rule while the guest runs or stands; errors are printed. Set as above. */
	void (*run_hook)(struct session *s, char *const *lines, size_t nlines);

	struct out *talk;		/* where stop reports and messages of the session go; owned */
	struct loop_source *stop_source, *event_source, *poll_timer;
	bool polling;
	uint64_t store_generation;	/* of the event store, as last seen */
	/* Creates a fresh target as at start (for `run`); set by main. */
	struct error *(*restart)(struct session *session);
	void *owner;			/* main's own data for @restart */
};

struct error *session_create(struct session **ret);
void session_destroy(struct session *session);

void session_add_command(struct session *s, const struct command *cmd);
void session_add_check(struct session *s, const struct doctor_check *check);
void session_add_part(struct session *s, const struct session_part *part);
void session_add_provider(struct session *s, const struct probe_provider *provider); /* borrowed */
void *session_part(struct session *s, const char *name); /* its data; NULL: there is none */
void session_know_events(struct session *s, const char *name); /* asks the parts for schemas of @name */
void session_add_listener(struct session *s, struct session_listener *listener);
void session_remove_listener(struct session *s, struct session_listener *listener);

/* Takes @target: destroys the one before, re-arms stops, hooks its descriptors into the loop. */
struct error *session_set_target(struct session *s, struct target *target);

/* Resumes and marks the session running. The report arrives through the loop: session_on_stop(). */
struct error *session_resume(struct session *s, const struct run_request *req);
/* To another time, as session_resume(). */
struct error *session_travel(struct session *s, const struct travel *travel);
/* Drains reports and events; called by the loop, by a timer and before anything is shown. */
void session_poll(struct session *s);
/* Runs the loop until the run job ended (and the command lists of its stop), @timeout_ns passed (0: none)
 * or the user interrupted (ERROR_CANCELLED). Batch. */
struct error *session_wait(struct session *s, uint64_t timeout_ns);
/* Only lets the loop run for @time_ns, whether the guest runs or not. */
struct error *session_sleep(struct session *s, uint64_t time_ns);
/* The user wants control now (Ctrl-C, `interrupt`): stops a running guest, ends session_wait() and long
 * commands, drops queued lines. */
struct error *session_interrupt(struct session *s);
/* As session_resume(), with @plan (taken, also on error) in charge of the stops. */
struct error *session_resume_plan(struct session *s, const struct run_request *req,
				  struct session_plan *plan);
/* From a plan's stopped(): runs on. */
struct error *session_plan_resume(struct session *s, const struct run_request *req);
/* Arms a temporary breakpoint nobody sees at @addr on @vcpu (-1: any); only when sp > *sp_above unless
 * that is NULL. session_internal_disarm() is fine when it has hit. */
struct error *session_internal_break(struct session *s, uint64_t addr, int vcpu, const uint64_t *sp_above,
				     unsigned *ret_id);
void session_internal_disarm(struct session *s, unsigned id);

/* Registers of the selected vCPU in the selected frame's view, @groups at least; cached per stop. */
struct error *session_regs(struct session *s, unsigned groups, const struct regs **ret, bool *ret_stale);
void session_invalidate(struct session *s); /* registers or memory were changed by us */
void session_changed(struct session *s);    /* invalidate and tell the listeners */
struct error *session_select_vcpu(struct session *s, unsigned vcpu);
/* Stopped or ended: registers and memory are exact. */
bool session_is_halted(const struct session *s);
/* Frame @n of the selected vCPU; false when the chain ends before it. Frame 0 is where it stopped. */
struct error *session_frame(struct session *s, unsigned n, struct frame *ret, bool *ret_exists);
/* pc and sp of the selected frame, linear. */
struct error *session_pc(struct session *s, uint64_t *ret_pc);

/* Names for expressions: registers, symbols, session variables; with @schema also its fields. */
struct expr_scope session_scope(struct session *s);
/* The same with the locals in scope at code address @pc, or in the selected frame: for a condition there,
 * for what is evaluated at once. To be compiled with before the next of these calls. */
struct expr_scope session_scope_at(struct session *s, uint64_t pc);
struct expr_scope session_scope_here(struct session *s);
struct error *session_eval(struct session *s, const char *text, struct expr_value *ret);
struct error *session_eval_prog(struct session *s, struct expr_prog *prog, struct expr_value *ret);
struct expr_value *session_var(struct session *s, const char *name, bool create);
/* The expression callbacks over this session; field() is left NULL. */
struct expr_env session_env(struct session *s);
/* The sentence for a fault of @prog, with the register's name. */
struct error *session_fault_error(struct session *s, const struct expr_fault *fault,
				  const struct expr_prog *prog);

/* Guest memory of the selected vCPU. */
struct error *session_mem_read(struct session *s, uint64_t gva, void *buf, size_t len, size_t *ret_done);
struct error *session_mem_write(struct session *s, uint64_t gva, const void *buf, size_t len);

/* "{next = 0x0, n = 3}", "GREEN (5)", "0x4000 \"text\"": the value by its C type; false when it is a plain
 * number. */
bool session_typed_text(struct session *s, struct expr_value value, char *buf, size_t size);
/* A structure, a member a line; NULL for anything else. Lines are not safe for a terminal yet. Caller frees. */
char *session_typed_lines(struct session *s, struct expr_value value);

/* Where the selected frame executes, for lines and locals: of a caller, inside its call instruction. */
struct error *session_frame_pc(struct session *s, uint64_t *ret_pc);

/* "main", "*EXPR", "demo.c:12", "12", "0x1000", "$pc+4" to an address. */
struct error *session_location(struct session *s, const char *text, uint64_t *ret);
/* As session_location(), but a function's name means the first address after its prologue. */
struct error *session_break_location(struct session *s, const char *text, uint64_t *ret);
/* "<main+0x10>" or "" into @buf. */
const char *session_symbolize(struct session *s, uint64_t addr, char *buf, size_t size);
/* " <main+0x10>", in JSON member "symbol" without brackets; nothing when nothing is near. */
void session_out_symbol(struct session *s, struct out *out, enum role role, uint64_t addr);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One attach point of the kernel as the language sees it: its fields, where a program finds them, how it is
 * attached. tracepoint.c, function.c and clock.c describe theirs; source.c makes programs of them.
 */
#pragma once

#include "core/event/schema.h"
#include "core/expr/expr.h"
#include "core/probe/provider.h"
#include "core/session/session.h"
#include "probes/lang/gen.h"

struct lang_event;

struct lang_fds {
	VEC(int) list;
};

struct lang_event_ops {
	uint32_t prog_type;
	uint32_t expected_attach;	/* enum bpf_attach_type; 0: none */
	const char *rung;		/* "tp", "kprobe", "tp_btf", "perf" */
	/* What serves a program that looks at no field of the context: NULL, or ops that are cheaper to detach. */
	const struct lang_event_ops *(*without_fields)(const struct lang_event *ev);
	bool preallocate;		/* runs in an NMI: nothing may be allocated */
	/* Attaches @prog_fd; what it returns is closed to detach. */
	struct error *(*attach)(const struct lang_event *ev, int prog_fd, struct lang_fds *fds);
	void (*destroy)(struct lang_event *ev);	/* its @data */
};

struct lang_event {
	const struct lang_event_ops *ops;
	char *name;			/* "tracepoint.kvm:kvm_exit" */
	char *place;			/* "kvm:kvm_exit" */
	VEC(struct field) fields;	/* of the payload; names are owned */
	VEC(struct gen_field) from;	/* where each of them is */
	const struct expr_scope *scope;	/* more names (typed arguments); NULL: none */
	bool (*reg)(void *ctx, unsigned id, struct gen_field *ret); /* what they are; ctx: the event */
	uint32_t attach_btf_id;
	int attach_btf_fd;		/* of the module's types; 0: the kernel's own */
	void *data;
};

struct lang_event *lang_event_create(const struct lang_event_ops *ops, const char *name, const char *place);
/* A number or (@is_text) a text of @size bytes at @offset of the context; too much is left out. */
void lang_event_field(struct lang_event *ev, const char *name, enum field_type type, enum field_unit unit,
		      unsigned size, unsigned offset);
void lang_event_destroy(struct lang_event *ev);

/* Programs for @events (taken) as @req wants it: what can be is done in the kernel, the rest streamed. */
struct error *lang_source_create(struct session *s, const struct probe_request *req, struct lang_event **events,
				 unsigned n, struct probe_source **ret);

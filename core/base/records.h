/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A sink that keeps records as values instead of printing them: what a command or a view says, for a
 * panel that sorts it or draws it. It sees what JSON sees, hidden values included.
 *
 *	struct out *out = out_create_records();
 *	view->show(..., out);
 *	list = out_records(out);	// top-level records, in order
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/out.h"
#include "core/base/vec.h"

/* Of hostile sources: what goes beyond is dropped and told by record_list.dropped. */
#define RECORDS_MAX 65536

struct record;
struct record_list {
	struct record *data;
	size_t len, cap;
	size_t dropped;
};

struct record_value {
	char *name;
	char *text;		/* as shown, without padding; clean of control characters */
	enum role role;
	bool is_number;		/* @number is the value: a decimal number of at most 64 bits, no sign */
	uint64_t number;
};

struct record_child {
	char *name;
	struct record_list list;
};

struct record {
	char *type;
	VEC(struct record_value) values;
	VEC(struct record_child) children;	/* its lists, and records directly inside it */
};

struct out *out_create_records(void);
/* What was written since the last clear; borrowed until then. */
const struct record_list *out_records(const struct out *out);
void out_records_clear(struct out *out);

/* The first value of @name; NULL: there is none. */
const struct record_value *record_value(const struct record *r, const char *name);
uint64_t record_number(const struct record *r, const char *name, uint64_t otherwise);
/* "" when there is none. */
const char *record_text(const struct record *r, const char *name);
const struct record_list *record_children(const struct record *r, const char *name); /* NULL: none */

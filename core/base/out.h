/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The output sink. Commands and views say *what* they print: values with a name and a role, and the
 * words between them. Backends decide how: plain text (with or without colour), lines of styled spans
 * for a panel, JSON objects (one a line), a captured string for a test.
 *
 * A record is one thing: out_begin("register") ... out_end(). Between them, named values
 * (out_dec/out_hex/out_str/...) are shown in text *and* become members of the JSON object; out_text()
 * is for text only (separators, words). Records nest by out_list()/out_list_end(): the records inside
 * become an array member. Named values outside a record are text only.
 *
 *	out_begin(out, "breakpoint");
 *	out_dec(out, ROLE_NUMBER, "id", 4, bp->id);
 *	out_text(out, ROLE_TEXT, " at ");
 *	out_hex(out, ROLE_ADDR, "addr", 16, bp->addr);
 *	out_end(out);			// ends the line in text, the object in JSON
 *
 * out_end() writes a line end when the current text line is not empty, so a record of several text
 * lines uses out_nl() between them. Strings are hostile: backends make control characters visible.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a span *is*; a theme maps it to colours and attributes. Never choose a colour in a command. */
enum role {
	ROLE_TEXT,	/* ordinary words */
	ROLE_LABEL,	/* name of a value: "rax", "state:" */
	ROLE_NUMBER,	/* a value */
	ROLE_ADDR,	/* an address */
	ROLE_SYMBOL,	/* <main+0x10> */
	ROLE_CHANGED,	/* a value that changed since the last stop */
	ROLE_MNEMONIC,	/* an instruction's name */
	ROLE_COMMENT,	/* explanation after a value */
	ROLE_HEADING,	/* title of a table or section */
	ROLE_CURRENT,	/* the current instruction, line, vCPU */
	ROLE_DIM,	/* last-known, not available, less important */
	ROLE_GOOD,
	ROLE_WARN,
	ROLE_ERROR,
	ROLE_FINDING,	/* something is wrong, by a rule */
	ROLE_COUNT
};

struct out;

/* Backend operations. All slots are required except flush and destroy. */
struct out_ops {
	void (*begin)(struct out *out, const char *type);
	void (*end)(struct out *out);
	void (*list)(struct out *out, const char *name);
	void (*list_end)(struct out *out);
	void (*value)(struct out *out, enum role role, const char *name, const char *text,
		      const char *json); /* @json: the value as JSON source */
	void (*text)(struct out *out, enum role role, const char *s, size_t len);
	void (*nl)(struct out *out);
	void (*flush)(struct out *out);
	void (*destroy)(struct out *out);
};

struct out {
	const struct out_ops *ops;
	bool is_json;		/* commands may skip costly text decoration */
	bool is_raw;		/* the backend wants values as they are, not padded and not as JSON source */
	unsigned column;	/* text column reached on the current line, in cells */
	unsigned depth;		/* records open */
};

void out_begin(struct out *out, const char *type);
void out_end(struct out *out);
void out_list(struct out *out, const char *name);
void out_list_end(struct out *out);

/* Named values. @width: least cells in text; numbers are right-aligned, hex is zero-filled to @width
 * digits after 0x, strings left-aligned (negative width: right-aligned). JSON: decimal numbers above
 * 2^53 and all hex values are strings. */
void out_dec(struct out *out, enum role role, const char *name, int width, uint64_t v);
void out_int(struct out *out, enum role role, const char *name, int width, int64_t v);
void out_hex(struct out *out, enum role role, const char *name, int width, uint64_t v);
void out_str(struct out *out, enum role role, const char *name, int width, const char *s);
void out_strf(struct out *out, enum role role, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
void out_bool(struct out *out, enum role role, const char *name, const char *yes, const char *no, bool v);
/* A value for JSON only: nothing in text. */
void out_hidden_dec(struct out *out, const char *name, uint64_t v);
void out_hidden_hex(struct out *out, const char *name, uint64_t v);
void out_hidden_str(struct out *out, const char *name, const char *s);

/* Text only. */
void out_text(struct out *out, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void out_pad(struct out *out, unsigned column); /* spaces up to @column; at least one when past it */
void out_nl(struct out *out);

/* A whole sentence on a line of its own; in JSON {"type":"message","level":...,"text":...}. */
void out_message(struct out *out, enum role role, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void out_vmessage(struct out *out, enum role role, const char *fmt, va_list ap);

void out_flush(struct out *out);
void out_destroy(struct out *out);

/* To a stream. @color: ANSI colours by role (callers apply NO_COLOR, isatty and --color). */
struct out *out_create_plain(FILE *stream, bool color);
/* One JSON object a line, each with "type" first. */
struct out *out_create_json(FILE *stream);

/* Captured lines of spans, for panels and tests. */
struct out_span {
	enum role role;
	uint32_t start, len; /* bytes in the line's text */
};
struct out_line {
	char *text;
	size_t len;
	struct out_span *spans;
	size_t nspans;
};
struct out *out_create_capture(void);
size_t out_capture_lines(const struct out *out);			/* an unfinished line counts */
const struct out_line *out_capture_line(const struct out *out, size_t i); /* borrowed until clear */
void out_capture_clear(struct out *out);
char *out_capture_string(const struct out *out); /* all lines joined with '\n'; caller frees */

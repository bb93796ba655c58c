/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line at the bottom: readline as a pure line editor, drawn by us. It also asks short
 * questions ("search: "), after which the command being typed is there again.
 */
#pragma once

#include <stdbool.h>

#include "ui/draw.h"
#include "ui/keys.h"

struct prompt;
struct session;

struct prompt_events {
	void *ctx;
	void (*command)(void *ctx, const char *line);	/* a line was accepted; may be empty */
	void (*ended)(void *ctx);			/* Ctrl-D on an empty line */
	void (*changed)(void *ctx);			/* the row must be painted */
	void (*matches)(void *ctx, char **matches, size_t n);
};

/* Called with the answer, or NULL when the question was dropped. @text is borrowed. */
typedef void (*prompt_answer_fn)(void *ctx, const char *text);

struct prompt *prompt_create(struct session *session, const struct prompt_events *events);
void prompt_destroy(struct prompt *p);

void prompt_key(struct prompt *p, const struct key *key);
void prompt_clear(struct prompt *p); /* Ctrl-C: drops what was typed */
void prompt_leave(struct prompt *p); /* the keys go elsewhere: ends what is half typed */
void prompt_insert(struct prompt *p, const char *text);
bool prompt_empty(const struct prompt *p);
/* vi mode: Escape is readline's. */
bool prompt_wants_escape(const struct prompt *p);

/* @change (NULL: none) sees the text after each key. */
void prompt_ask(struct prompt *p, const char *label, prompt_answer_fn answer, prompt_answer_fn change,
		void *ctx);
bool prompt_asking(const struct prompt *p);
void prompt_cancel(struct prompt *p);
/* Text before the line: "(vmscope) ", or "> " while a command list is collected. */
void prompt_set_label(struct prompt *p, const char *label);

/* Draws the line in one row and gives the cell of the cursor. */
int prompt_draw(struct prompt *p, const struct area *row, bool focused);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * readline behind one interface. Its callbacks carry no context, so the process has one client at a
 * time, and only editor.c knows where it is. Completion comes from the command tables.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct session;

struct editor_client {
	void *ctx;
	struct session *session;		/* for completion */
	void (*line)(void *ctx, char *line);	/* takes @line; NULL: end of input */

	/* With a screen, readline neither reads nor draws; all three or none are set. */
	int (*read_byte)(void *ctx);		/* the next byte typed; EOF: none */
	bool (*has_byte)(void *ctx);
	void (*redisplay)(void *ctx);
	/* Candidates of a completion with more than one: @n strings. NULL: readline prints them. */
	void (*matches)(void *ctx, char **matches, size_t n);
};

/* Borrows @client until editor_detach(). */
void editor_attach(const struct editor_client *client);
void editor_detach(void);

void editor_prompt(const char *prompt);	/* shows the prompt and waits for a line */
void editor_hide(void);			/* the terminal belongs to something else for now */
void editor_feed(void);			/* a byte is there */

/* What readline would make of these bytes. It must not be given the start of a sequence that nothing is
 * bound to: in callback mode 8.2 then follows a null pointer at the next byte. May rewrite the last one. */
enum editor_verdict { EDITOR_WHOLE, EDITOR_PREFIX, EDITOR_NOTHING };
enum editor_verdict editor_check(unsigned char *bytes, unsigned len);

void editor_drop_line(void);		/* Ctrl-C at the prompt: forget what was typed, prompt again */
void editor_clear(void);		/* the same without a word, for a screen */
void editor_settle(void);		/* ends a search or another half-typed key */
void editor_insert(const char *text);	/* as if typed */
void editor_resized(void);
/* Without a screen: makes room for lines that others print, and shows the prompt again below them. */
void editor_conceal(void);
void editor_reveal(void);

bool editor_is_vi(void);

/* What a screen draws: prompt, line and the cursor's byte offset in the line. */
const char *editor_shown_prompt(void);
const char *editor_text(void);
int editor_cursor(void);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes of a guest's console to lines of text. Only what moves within a line means something: newline,
 * return, backspace, tab. Escape and control sequences are recognised so that they can be dropped;
 * nothing a guest prints reaches the terminal as a command.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define CONLINE_CELLS 512 /* a longer line is broken */

struct conline {
	uint32_t cell[CONLINE_CELLS];
	unsigned len, column;
	enum { CONLINE_TEXT, CONLINE_ESC, CONLINE_CSI, CONLINE_STRING, CONLINE_STRING_ESC, CONLINE_SKIP1 } state;
	unsigned char utf8[4];
	unsigned utf8_len, utf8_need;
};

/* Calls @line with the text of each finished line (UTF-8, without its end). */
void conline_feed(struct conline *c, const void *data, size_t len,
		  void (*line)(void *ctx, const char *text, size_t len), void *ctx);
/* The line under way into @buf; returns its length. */
size_t conline_text(const struct conline *c, char *buf, size_t size);

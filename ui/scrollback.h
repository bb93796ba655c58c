/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A bounded ring of styled lines with numbers that never change; a list shows it. */
#pragma once

#include "core/base/out.h"
#include "ui/list.h"

struct scrollback {
	struct out_line *line;	/* ring of @cap */
	size_t cap;
	uint64_t first, end;
};

void scrollback_init(struct scrollback *sb, size_t cap);
void scrollback_deinit(struct scrollback *sb);
/* Copies @line. */
void scrollback_push(struct scrollback *sb, const struct out_line *line);
void scrollback_puts(struct scrollback *sb, enum role role, const char *text);
/* Moves all lines of a capture over. */
void scrollback_take(struct scrollback *sb, struct out *capture);
void scrollback_clear(struct scrollback *sb);

extern const struct list_model scrollback_model; /* ctx: struct scrollback */

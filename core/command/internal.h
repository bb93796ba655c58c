/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this folder share. */
#pragma once

#include "core/base/vec.h"
#include "core/command/command.h"

bool command_word_char(char c);
size_t command_word_len(const char *s);

/* Parsed arguments with the strings they point at. */
struct args_owner {
	struct args args;
	VEC(char *) strings;
	VEC(const char *) words;	/* of a repeated last argument */
};

/* Parses @text (what stands after the command's name) by the schema of @cmd. */
struct error *args_parse(struct session *s, const struct command *cmd, const char *text,
			 struct args_owner *ret);
void args_deinit(struct args_owner *owner);

/* Bytes of @s up to the first unquoted, unnested @keyword of the schema after @at (or all). */
size_t args_until_keyword(const struct command *cmd, unsigned at, const char *s);
/* Length of the next word: quotes keep spaces together, brackets their content. */
size_t args_word_len(const char *s);

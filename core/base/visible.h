/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text of unknown origin made safe to show: what a terminal would act on becomes visible escapes, and
 * what is not UTF-8 becomes \xNN. Used by the output sink for text and by its JSON backend.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/text.h"

/* One code point of valid UTF-8 at @s; returns its bytes, or 0 when @s does not start with one. */
unsigned utf8_decode(const char *s, size_t len, uint32_t *ret_cp);
/* Terminal cells of a code point: 0 for combining marks, 2 for wide ones. No locale involved. */
unsigned utf8_cells(uint32_t cp);
/* Terminal cells of visible text, as visible_add() writes it. */
unsigned visible_cells(const char *s, size_t len);

/* Appends @s: printable text as it is, control characters as \n, \e, \x07 or \u202e, tabs as spaces up
 * to the next multiple of 8 cells counted from @column. Returns the column reached. */
unsigned visible_add(struct text *t, const char *s, size_t len, unsigned column);

/* Appends @s as a JSON string with its quotes; always valid JSON and valid UTF-8. */
void json_add_string(struct text *t, const char *s, size_t len);

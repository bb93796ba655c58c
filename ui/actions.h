/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys to actions, and the texts made from the same tables: help overlay and footer. */
#pragma once

#include "ui/screen.h"

/* Actions worth a word in the footer, of the focused panel first; at most @max. */
unsigned actions_footer(struct screen *s, const struct action **ret, unsigned max);
/* The key of @action that works at the prompt (a function or control key); "" when there is none. */
const char *actions_prompt_key(const struct action *action, size_t *ret_len);
/* The help overlay of @panel: what it shows, its keys, then everybody's. Caller owns. */
struct out *actions_help(const struct panel *panel);

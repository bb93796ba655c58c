/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of types in casts and sizeof. Private to core/expr. */
#pragma once

#include "core/expr/parser.h"

/* Whether the token starts a type: a known word, or the name of a typedef and of nothing else. */
bool type_starts(const struct parser *p, const struct token *token);
/* A type up to and with its closing ')'. The next token is its first. */
struct error *type_parse(struct parser *p, struct expr_type *ret);

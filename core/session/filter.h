/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which events are shown: names (with * and ?) and a condition over fields. An event whose schema lacks a
 * field of the condition does not match.
 */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"
#include "core/event/store.h"
#include "core/session/session.h"

struct session_filter;

/* @text: "io mmio if value == 3"; a name also means "*.NAME" and "NAME.*". */
struct error *session_filter_create(struct session *s, const char *text, struct session_filter **ret);
void session_filter_destroy(struct session_filter *filter);
const char *session_filter_text(const struct session_filter *filter);
/* NULL matches all. */
bool session_filter_match(struct session_filter *filter, const struct event *event,
			  const struct schema *schema);

/* Whether @name ("io", "exit.io", "vm.exit.*") means this schema. */
bool event_name_match(const char *name, const char *schema);

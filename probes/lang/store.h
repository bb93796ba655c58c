/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What outlives a source: schemas of its events, which the session's store keeps, and who is polled. */
#pragma once

#include "core/session/session.h"
#include "probes/lang/event.h"

struct lang_schema {
	struct schema schema;
};

void lang_store_attach(struct session *s);
/* The schema of @ev's fields, with pid and comm behind them; one for each name. */
struct error *lang_store_schema(struct session *s, const struct lang_event *ev, struct lang_schema **ret);
/* @drain(ctx) is called by session_poll() until lang_store_forget(ctx). */
void lang_store_poll(struct session *s, void (*drain)(void *ctx), void *ctx);
void lang_store_forget(struct session *s, void *ctx);

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/play.h"

#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/record/target_recording.h"

#define SYMBOLS_MAX 2000000

struct symbol_walk {
	struct symbols *symbols;
	bool compare, differ;
	size_t n;
};

static bool each_symbol(void *ctx, const struct recording_record *r)
{
	struct parse in = { .p = r->data, .end = r->data + r->len };
	struct symbol_walk *w = ctx;

	if (r->kind != VMS_REC_SYMBOLS)
		return true;
	while (in.p < in.end && w->n++ < SYMBOLS_MAX) {
		uint64_t addr = parse_varint(&in), size = parse_varint(&in);
		uint8_t type = parse_u8(&in);
		_free_ char *name = parse_string(&in, 4096);

		if (in.bad || !name)
			break;
		if (!w->compare) {
			symbols_add(w->symbols, name, addr, size, type <= SYMBOL_OTHER ? type : SYMBOL_OTHER);
		} else {
			struct symbol sym;
			uint64_t off;

			/* Names may be there twice (static functions): the address decides. */
			w->differ |= !symbols_by_name(w->symbols, name, &sym) ||
				     (sym.addr != addr && !symbols_by_addr(w->symbols, addr, &sym, &off));
		}
	}
	return true;
}

static void walk(struct session *s, struct symbol_walk *w)
{
	struct recording *rec = recording_target_recording(s->target);

	for (size_t i = 0; rec && i < rec->nblocks; i++)
		if (rec->blocks[i].block.type == VMS_BLOCK_RECORDS)
			recording_records(rec, i, each_symbol, w);
}

void session_play_symbols(struct session *s)
{
	struct symbol_walk w = { .symbols = s->symbols };

	walk(s, &w);
}

bool session_play_fits(struct session *s)
{
	struct symbol_walk w = { .symbols = s->symbols, .compare = true };

	walk(s, &w);
	return !w.differ;
}

static void close_recording(void *data)
{
	recording_destroy(data);
}

struct error *session_play(struct session *s, const char *path)
{
	struct recording *rec;
	struct error *error = recording_open(path, &rec);
	struct target *target;
	char buf[32];
	uint64_t start;

	if (error)
		return error;
	/* The store knows its classes from now on, so it goes after the store does. */
	session_add_part(s, &(struct session_part){ .name = "recording", .data = rec, .destroy = close_recording });
	s->start_ns = recording_first_time(rec);
	if (recording_meta(rec, "start", buf, sizeof(buf))) {
		error = parse_u64(buf, &start);
		if (!error)
			s->start_ns = start;
		error_destroy(error);
	}
	error = recording_target_create(rec, s->events, s->start_ns, &target);
	if (error)
		return error;
	if (rec->hurt && s->talk)
		out_message(s->talk, ROLE_WARN, "the recording is damaged: %s; what is sound is shown", rec->damage);
	else if (!rec->has_index && s->talk)
		out_message(s->talk, ROLE_WARN, "the recording was not closed: it ends with its last whole chunk");
	return session_set_target(s, target);
}

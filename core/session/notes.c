/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/notes.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/record/target_recording.h"
#include "core/record/writer.h"
#include "core/session/record.h"

#define PART "notes"
#define NOTES_MAX 100000

struct notes {
	VEC(struct session_note) list;
	const struct recording *loaded;
};

static void notes_clear(struct notes *n)
{
	for (size_t i = 0; i < n->list.len; i++) {
		free(n->list.data[i].name);
		free(n->list.data[i].text);
	}
	n->list.len = 0;
}

static void part_destroy(void *data)
{
	struct notes *n = data;

	notes_clear(n);
	vec_free(&n->list);
	free(n);
}

static void insert(struct notes *n, uint64_t time_ns, char *name, char *text)
{
	struct session_note note = { time_ns, name, text };
	size_t i;

	vec_push(&n->list, note);
	for (i = n->list.len - 1; i > 0 && n->list.data[i - 1].time_ns > time_ns; i--)
		n->list.data[i] = n->list.data[i - 1];
	n->list.data[i] = note;
}

static bool load_note(void *ctx, const struct recording_record *r)
{
	struct parse in = { .p = r->data, .end = r->data + r->len };
	struct notes *n = ctx;
	char *name, *text;

	if (r->kind != VMS_REC_NOTE || n->list.len == NOTES_MAX)
		return true;
	name = parse_string(&in, 4096);
	text = parse_string(&in, 1 << 20);
	if (name && text) {
		insert(n, r->time_ns, name, text);
	} else {
		free(name);
		free(text);
	}
	return true;
}

static struct notes *notes_of(struct session *s)
{
	struct recording *rec = recording_target_recording(s->target);
	struct notes *n = session_part(s, PART);

	if (!n) {
		n = xcalloc(1, sizeof(*n));
		session_add_part(s, &(struct session_part){ .name = PART, .data = n, .destroy = part_destroy });
	}
	if (!rec || n->loaded == rec)
		return n;
	n->loaded = rec;
	notes_clear(n);
	for (size_t i = 0; i < rec->nblocks; i++)
		if (rec->blocks[i].block.type == VMS_BLOCK_RECORDS)
			recording_records(rec, i, load_note, n);
	return n;
}

/* Behind all that is there: nothing of the recording is written over. */
static struct error *append(const char *path, uint64_t time_ns, const char *name, const char *text)
{
	struct vms_block like = { .type = VMS_BLOCK_RECORDS, .first = time_ns, .last = time_ns, .count = 1 };
	struct block_codec *codec;
	struct bytes note = { 0 }, out = { 0 };
	struct vms_writer *w;
	struct vms_blob blob;
	struct error *error = vms_writer_append(path, &w);

	if (error)
		return error;
	codec = block_codec_create(1);
	bytes_string(&note, name);
	bytes_string(&note, text);
	record_frame(&out, VMS_REC_NOTE, time_ns, note.data, note.len);
	vms_blob_pack(codec, &like, out.data, out.len, NULL, &blob);
	error = vms_writer_put(w, &blob);
	if (!error)
		error = vms_writer_finish(w);
	vms_blob_deinit(&blob);
	bytes_deinit(&note);
	bytes_deinit(&out);
	block_codec_destroy(codec);
	vms_writer_destroy(w);
	return error;
}

struct error *session_note_add(struct session *s, const char *name, const char *text)
{
	struct recording *rec = recording_target_recording(s->target);
	struct notes *n = notes_of(s);
	struct recording_position at = { 0 };
	struct error *error;

	if (recording_target_position(s->target, &at)) {
		error = append(rec->path, at.time_ns, name, text);
		if (error)
			return error_prefix(error, "the note can not be kept");
		insert(n, at.time_ns, xstrdup(name), xstrdup(text));
		return NULL;
	}
	if (!session_record_note(s, name, text))
		return error_hint(error_create(ERROR_STATE, "nothing is recorded, and nothing is played"),
				  "try: record start FILE");
	insert(n, clock_now_ns(), xstrdup(name), xstrdup(text));
	return NULL;
}

const struct session_note *session_note_at(struct session *s, size_t i)
{
	struct notes *n = notes_of(s);

	return i < n->list.len ? &n->list.data[i] : NULL;
}

const struct session_note *session_note_find(struct session *s, const char *name)
{
	struct notes *n = notes_of(s);

	for (size_t i = 0; i < n->list.len; i++)
		if (*name && !strcmp(n->list.data[i].name, name))
			return &n->list.data[i];
	return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/virtio.h"

#include <stdlib.h>

/* A queue that was looked at. On the heap: callers hold a pointer while others are added. */
struct looked {
	unsigned index;			/* state_virtio_index() */
	struct virtq_sample sample;
};

struct memory {
	struct virtio_history history;
	VEC(struct looked *) looked;
};

static void destroy(void *data)
{
	struct memory *m = data;

	for (size_t i = 0; i < m->looked.len; i++)
		free(m->looked.data[i]);
	vec_free(&m->looked);
	virtio_history_deinit(&m->history);
	free(m);
}

static struct memory *memory(struct session *s)
{
	struct memory *m = session_part(s, "virtio");

	if (m)
		return m;
	m = xcalloc(1, sizeof(*m));
	session_add_part(s, &(struct session_part){ .name = "virtio", .data = m, .destroy = destroy });
	return m;
}

const struct virtio_history *session_virtio_history(struct session *s)
{
	struct memory *m = memory(s);

	session_poll(s);
	virtio_history_update(&m->history, s->events);
	return &m->history;
}

struct virtq_past session_virtio_past(struct session *s, unsigned device, unsigned queue)
{
	struct memory *m = memory(s);
	unsigned index = state_virtio_index(device, queue);
	struct virtq_past past = { .history = virtio_history_queue(session_virtio_history(s), device, queue) };
	struct looked *looked;

	for (size_t i = 0; i < m->looked.len && !past.sample; i++)
		if (m->looked.data[i]->index == index)
			past.sample = &m->looked.data[i]->sample;
	if (past.sample)
		return past;
	looked = xcalloc(1, sizeof(*looked));
	looked->index = index;
	vec_push(&m->looked, looked);
	past.sample = &looked->sample;
	return past;
}

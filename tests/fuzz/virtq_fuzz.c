/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rings of both formats, indirect tables and the device's own numbers from the input: everything that
 * looks at a queue must end, within its bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/target/state.h"

#include "tests/lib/virtq_guest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

static uint64_t take(struct input *in, unsigned n)
{
	uint8_t raw[8] = { 0 };
	size_t have = in->left < n ? in->left : n;

	memcpy(raw, in->data, have);
	in->data += have;
	in->left -= have;
	return le64_read(raw);
}

static void lie(struct input *in, struct virtq_guest *g)
{
	struct state_virtio_queue *q = &g->src.queue;
	unsigned flags = take(in, 1);

	vg_init(g, flags & 1 ? take(in, 2) : 8, flags & 2);
	if (flags & 4)
		g->src.dev.driver[0] = take(in, 8);
	if (flags & 8)
		g->src.dev.flags = take(in, 4);
	q->flags |= take(in, 2);
	q->last_avail = take(in, 2);
	q->used_idx = take(in, 2);
	q->requests = take(in, 1);
	q->completed = take(in, 1);
	if (flags & 16) {
		q->desc = take(in, 8);
		q->avail = take(in, 8);
		q->used = take(in, 8);
	}
	g->inflight.count = take(in, 1) % 8;
	g->inflight.total = take(in, 4);
	for (unsigned i = 0; i < g->inflight.count; i++) {
		g->inflight.entry[i].head = take(in, 2);
		g->inflight.entry[i].id = take(in, 2);
	}
	if (flags & 32)
		g->src.inflight = NULL;
	/* What is left is memory, a piece for each of the ring's parts. */
	for (unsigned i = 0; in->left; i++) {
		static const uint32_t places[] = { VG_DESC, VG_AVAIL, VG_USED, VG_DATA };
		size_t n = in->left < 192 ? in->left : 192;

		memcpy(g->mem + places[i % 4] + i / 4 * 192 % 0x1000, in->data, n);
		in->data += n;
		in->left -= n;
	}
}

static void look(struct virtq_guest *g)
{
	struct virtq_findings f = { 0 };
	struct virtq_buffers b;
	struct virtq_notify n;
	struct virtq_sample sample;
	struct virtq_ring r;
	unsigned budget = VIRTQ_BUDGET;
	struct error *err;

	virtq_check_setup(&g->src, &f);
	err = virtq_ring_read(&g->src, &r);
	if (err) {
		error_destroy(err);
		vec_free(&f.list);
		return;
	}
	virtq_check(&r, &f);
	virtq_kick_needed(&r, &n);
	virtq_irq_needed(&r, &n);
	virtq_sample_take(&r, &sample);
	virtq_check_samples(&r, &sample, 0, &f);
	virtq_buffers_get(&r, &b);
	for (size_t i = 0; i < b.list.len && budget; i++) {
		struct virtq_chain c;
		uint8_t buf[64];

		virtq_chain_walk(&r, b.list.data[i].head, &budget, NULL, &c);
		virtq_chain_bytes(&r, &c, false, i, buf, sizeof(buf));
		virtq_chain_bytes(&r, &c, true, 0, buf, sizeof(buf));
		virtq_chain_deinit(&c);
	}
	virtq_buffers_deinit(&b);
	virtq_ring_deinit(&r);
	vec_free(&f.list);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct virtq_guest *g = malloc(sizeof(*g));
	struct input in = { data, size };

	lie(&in, g);
	look(g);
	free(g);
	return 0;
}

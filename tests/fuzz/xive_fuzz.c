/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * XIVE state that is all lies: lists of any count and size, queues anywhere with any content, contexts. The
 * views look at it, as text and JSON; then the queue decoder alone on pages of any length.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/vec.h"
#include "core/decode/view.h"
#include "core/decode/xive/model.h"

#include "tests/lib/fake_target.h"
#include "tests/lib/fake_xive.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

static size_t take(struct input *in, void *buf, size_t n)
{
	size_t have = in->left < n ? in->left : n;

	memset(buf, 0, n);
	memcpy(buf, in->data, have);
	in->data += have;
	in->left -= have;
	return have;
}

/* A list whose head lies sometimes, and whose entries are near to sense. */
static void lie_list(struct input *in, struct target *t, enum state_kind kind, uint32_t entry)
{
	struct {
		struct state_xive_list list;
		uint8_t bytes[4096];
	} blob = { .list = { STATE_XIVE_VERSION, 0, 0, entry } };
	uint8_t head[4];
	size_t len = sizeof(blob.list);

	take(in, head, sizeof(head));
	blob.list.count = head[0] % 24;
	blob.list.total = blob.list.count + (head[1] > 250 ? 100 : 0);
	if (head[2] > 250)
		take(in, &blob.list, sizeof(blob.list));
	for (uint32_t i = 0; i < head[0] % 24u && len + entry <= sizeof(blob); i++) {
		take(in, (uint8_t *)&blob + len, entry);
		if (kind == STATE_XIVE_QUEUES && head[3] & 1) {
			struct state_xive_queue q;

			memcpy(&q, (uint8_t *)&blob + len, sizeof(q));
			q.qaddr = FAKE_EQ0 + (q.qaddr & 0x1ffff);
			q.qshift &= 17;
			memcpy((uint8_t *)&blob + len, &q, sizeof(q));
		}
		len += entry;
	}
	fake_target_set_state(t, kind, 0, &blob, head[3] & 2 ? len * head[1] / 256 : len);
}

static void show_all(struct target *t, uint64_t lisn)
{
	static const char *const names[] = { "xive", "xive-irq", "esb" };
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct out *outs[] = { out_create_plain(f, false), out_create_json(f) };

	for (unsigned o = 0; o < ARRAY_SIZE(outs); o++) {
		for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
			struct view_ctx ctx = { .target = t, .arg = lisn, .has_arg = i > 0 };

			error_destroy(view_show(view_by_name(names[i]), &ctx, outs[o]));
		}
		out_destroy(outs[o]);
	}
	fclose(f);
	free(text);
}

static void decode_page(struct input *in)
{
	struct state_xive_queue q = { .server = 0 };
	uint8_t page[512];
	struct xive_eq_entry e;
	struct xive_eq eq;
	uint32_t back;
	size_t len;

	take(in, &q, sizeof(q));
	if (q.qshift > 16)
		q.qshift %= 17;
	len = take(in, page, sizeof(page));
	if (!xive_eq_decode(page, len, &q, &eq))
		return;
	if (eq.index >= eq.entries || eq.bad > eq.entries || eq.pending > eq.entries)
		abort();
	for (back = 0; back < 64; back++)
		if (xive_eq_recent(page, len, &eq, back, &e) && e.index >= eq.entries)
			abort();
	if (len && xive_eq_find(page, len, &eq, be32_read(page) & XIVE_EISN_MASK, &e, &back) && back >= eq.entries)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct state_xive_device device;
	struct state_xive_vp vp;
	uint8_t bytes[64];
	struct target *t;
	uint32_t lisn;

	error_destroy(fake_target_create(&t));
	take(&in, &device, sizeof(device));
	device.version = STATE_XIVE_VERSION;
	fake_target_set_state(t, STATE_XIVE_DEVICE, 0, &device, sizeof(device));
	take(&in, &vp, sizeof(vp));
	vp.version = STATE_XIVE_VERSION;
	fake_target_set_state(t, STATE_XIVE_VP, 0, &vp, sizeof(vp));
	lie_list(&in, t, STATE_XIVE_SOURCES, sizeof(struct state_xive_source));
	lie_list(&in, t, STATE_XIVE_QUEUES, sizeof(struct state_xive_queue));
	for (unsigned i = 0; i < 16 && in.left; i++) {
		uint16_t at;

		take(&in, &at, 2);
		take(&in, bytes, sizeof(bytes));
		error_destroy(target_phys_write(t, FAKE_EQ0 + at, bytes, sizeof(bytes)));
	}
	take(&in, &lisn, sizeof(lisn));
	show_all(t, lisn);
	show_all(t, 0);
	decode_page(&in);
	target_destroy(t);
	return 0;
}

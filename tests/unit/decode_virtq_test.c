/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rings built good and with each rule broken on purpose: the finding, where it is, its bytes. */
#include "tests/lib/test.h"

#include "core/base/bits.h"

#include "tests/lib/virtq_guest.h"

struct fixture {
	struct virtq_guest g;
	struct virtq_ring ring;
	struct virtq_findings f;
};

static int setup(void **state)
{
	struct fixture *x = xcalloc(1, sizeof(*x));

	vg_init(&x->g, 8, false);
	*state = x;
	return 0;
}

static void forget(struct fixture *x)
{
	virtq_ring_deinit(&x->ring);
	vec_free(&x->f.list);
	x->f.dropped = 0;
}

static int teardown(void **state)
{
	forget(*state);
	free(*state);
	return 0;
}

static void look(struct fixture *x)
{
	forget(x);
	assert_ok(virtq_ring_read(&x->g.src, &x->ring));
	virtq_check(&x->ring, &x->f);
}

static const struct virtq_finding *found(struct fixture *x, unsigned rule)
{
	for (size_t i = 0; i < x->f.list.len; i++)
		if (x->f.list.data[i].rule == rule)
			return &x->f.list.data[i];
	for (size_t i = 0; i < x->f.list.len; i++)
		print_error("instead: RI%02u %s\n", x->f.list.data[i].rule, x->f.list.data[i].text);
	fail_msg("RI%02u was not found", rule);
	return NULL;
}

/* Exactly one finding, of @rule, with @part in its sentence. */
static const struct virtq_finding *only(struct fixture *x, unsigned rule, const char *part)
{
	const struct virtq_finding *f;

	look(x);
	f = found(x, rule);
	if (!strstr(f->text, part))
		fail_msg("'%s' is not in '%s'", part, f->text);
	if (x->f.list.len != 1)
		fail_msg("also RI%02u: %s", x->f.list.data[x->f.list.data[0].rule == rule].rule,
			 x->f.list.data[x->f.list.data[0].rule == rule].text);
	return f;
}

static void clean(struct fixture *x)
{
	look(x);
	if (x->f.list.len)
		fail_msg("RI%02u: %s", x->f.list.data[0].rule, x->f.list.data[0].text);
}

/* A blk read in descriptors @i..i+2. */
static void request(struct fixture *x, unsigned i)
{
	vg_desc(&x->g, i, VG_DATA, 16, VIRTQ_DESC_NEXT, i + 1);
	vg_desc(&x->g, i + 1, VG_DATA + 0x1000, 512, VIRTQ_DESC_NEXT | VIRTQ_DESC_WRITE, i + 2);
	vg_desc(&x->g, i + 2, VG_DATA + 0x20, 1, VIRTQ_DESC_WRITE, 0);
	vg_publish(&x->g, i);
}

static void split_good(void **state)
{
	struct fixture *x = *state;
	struct virtq_buffers b;
	struct virtq_chain c;
	unsigned budget = 100;

	clean(x);
	request(x, 0);
	request(x, 3);
	clean(x);
	assert_int_equal(virtq_pending(&x->ring), 2);
	vg_take(&x->g, 0, 0, 3);
	clean(x);
	virtq_buffers_get(&x->ring, &b);
	assert_int_equal(b.list.len, 2);
	assert_false(b.list.data[0].waiting);
	assert_int_equal(b.list.data[0].head, 0);
	assert_true(b.list.data[1].waiting);
	assert_int_equal(b.list.data[1].head, 3);
	virtq_chain_walk(&x->ring, 3, &budget, NULL, &c);
	assert_true(c.complete);
	assert_int_equal(c.links.len, 3);
	assert_int_equal(c.readable, 16);
	assert_int_equal(c.writable, 513);
	assert_int_equal(budget, 97);
	virtq_chain_deinit(&c);
	virtq_buffers_deinit(&b);
	/* Many laps, in and out of order: nothing to say. */
	vg_use(&x->g, 0, 513);
	vg_take(&x->g, 3, 3, 3);
	for (unsigned i = 0; i < 70000; i++) {
		vg_publish(&x->g, 0);
		vg_take(&x->g, 0, 0, 3);
		if (i % 3 == 0) {
			vg_use(&x->g, 3, 513);
			vg_publish(&x->g, 3);
			vg_take(&x->g, 3, 3, 3);
		}
		vg_use(&x->g, 0, 513);
		if (i % 997 == 0)
			clean(x);
	}
	clean(x);
}

static void split_indices(void **state)
{
	struct fixture *x = *state;

	request(x, 0);
	le16_write(x->g.mem + VG_AVAIL + 2, 9);
	look(x);
	assert_non_null(strstr(found(x, 1)->text, "avail.idx 9 is 9 ahead of the device's 0, the ring has 8"));
	assert_memory_equal(found(x, 1)->bytes, x->g.mem + VG_AVAIL, 4);
	assert_non_null(strstr(found(x, 2)->text, "avail.idx 9 - used.idx 0 = 9"));
	/* Backwards is far ahead. */
	vg_take(&x->g, 0, 0, 3);
	le16_write(x->g.mem + VG_AVAIL + 2, 0);
	look(x);
	assert_non_null(strstr(found(x, 1)->text, "avail.idx 0 is 65535 ahead of the device's 1"));
	le16_write(x->g.mem + VG_AVAIL + 2, 1);
	clean(x);
	le16_write(x->g.mem + VG_USED + 2, 3);
	look(x);
	assert_non_null(strstr(found(x, 2)->text, "avail.idx 1 - used.idx 3 = 65534"));
	assert_non_null(strstr(found(x, 10)->text, "used.idx in memory is 3, the device wrote 0"));
}

static void split_entries(void **state)
{
	struct fixture *x = *state;

	vg_publish(&x->g, 8);
	assert_int_equal(only(x, 3, "avail.ring[0] (index 0) is 8, the table has 8")->entry, 0);
	vg_init(&x->g, 8, false);
	request(x, 0);
	vg_take(&x->g, 0, 0, 3);
	vg_use(&x->g, 0, 513);
	le32_write(x->g.mem + VG_USED + 4, 263);
	assert_memory_equal(only(x, 3, "used.ring[0] (index 0).id is 263")->bytes, x->g.mem + VG_USED + 4, 8);
	/* A head that was never made available: exact, the whole history is in the rings. */
	le32_write(x->g.mem + VG_USED + 4, 5);
	only(x, 4, "is 5, which is no head that is out: made available 0 times, used 1 times");
	/* Stale bytes beyond what was ever used say nothing. */
	le32_write(x->g.mem + VG_USED + 4, 0);
	le32_write(x->g.mem + VG_USED + 4 + 8 * 3, 0xffffffff);
	clean(x);
}

static void split_heads_window(void **state)
{
	struct fixture *x = *state;

	request(x, 0);
	vg_take(&x->g, 0, 0, 3);
	vg_use(&x->g, 0, 1);
	for (unsigned i = 0; i < 20; i++) {
		vg_publish(&x->g, i & 1 ? 3 : 0);
		vg_take(&x->g, i & 1 ? 3 : 0, 0, 3);
		x->g.inflight.entry[0].id = i & 1 ? 3 : 0;
		vg_use(&x->g, i & 1 ? 3 : 0, 1);
	}
	vg_desc(&x->g, 3, VG_DATA, 16, 0, 0);
	clean(x);
	/* Head 3 named four times more than the driver made it available. */
	for (unsigned i = 0; i < 8; i++)
		le32_write(x->g.mem + VG_USED + 4 + 8 * i, 3);
	look(x);
	assert_non_null(strstr(found(x, 4)->text, "made available 4 times, used 6 times"));
}

static void chains(void **state)
{
	struct fixture *x = *state;
	const struct virtq_finding *f;

	/* A loop of two, a next outside, readable after writable. */
	vg_desc(&x->g, 0, VG_DATA, 16, VIRTQ_DESC_NEXT, 1);
	vg_desc(&x->g, 1, VG_DATA, 16, VIRTQ_DESC_NEXT, 0);
	vg_publish(&x->g, 0);
	f = only(x, 5, "comes back to descriptor 0 after 2");
	assert_int_equal(f->head, 0);
	assert_memory_equal(f->bytes, x->g.mem + VG_DESC, 16);
	vg_desc(&x->g, 1, VG_DATA, 16, VIRTQ_DESC_NEXT, 200);
	assert_int_equal(only(x, 5, "descriptor 1 has next 200, the table has 8")->entry, 1);
	vg_desc(&x->g, 0, VG_DATA, 16, VIRTQ_DESC_NEXT | VIRTQ_DESC_WRITE, 1);
	vg_desc(&x->g, 1, VG_DATA, 16, 0, 0);
	only(x, 7, "descriptor 1 is readable after a writable one");
	/* Outside, across the end, wrapping around. */
	vg_desc(&x->g, 0, VG_MEM - 8, 16, 0, 0);
	only(x, 8, "[0x1fff8, +0x10) is not guest memory");
	vg_desc(&x->g, 0, ~0ULL - 7, 16, 0, 0);
	only(x, 8, "[0xfffffffffffffff8, +0x10) is not guest memory");
	vg_desc(&x->g, 0, VG_MEM - 16, 16, 0, 0);
	clean(x);
	/* Two chains through one descriptor. */
	vg_desc(&x->g, 0, VG_DATA, 16, VIRTQ_DESC_NEXT, 2);
	vg_desc(&x->g, 1, VG_DATA, 16, VIRTQ_DESC_NEXT, 2);
	vg_desc(&x->g, 2, VG_DATA, 16, 0, 0);
	vg_publish(&x->g, 1);
	only(x, 5, "descriptor 2 is in the chains of head 0 and of head 1");
}

static void indirect(void **state)
{
	struct fixture *x = *state;
	uint64_t table = VG_DATA + 0x2000;
	struct virtq_chain c;
	unsigned budget = 100;

	vg_desc(&x->g, 0, table, 48, VIRTQ_DESC_INDIRECT, 0);
	for (unsigned i = 0; i < 3; i++) {
		uint8_t *p = x->g.mem + table + 16 * i;

		le64_write(p, VG_DATA);
		le32_write(p + 8, 64);
		le16_write(p + 12, i < 2 ? VIRTQ_DESC_NEXT : VIRTQ_DESC_WRITE);
		le16_write(p + 14, i + 1);
	}
	vg_publish(&x->g, 0);
	clean(x);
	virtq_chain_walk(&x->ring, 0, &budget, NULL, &c);
	assert_int_equal(c.links.len, 3);
	assert_int_equal(c.ndesc, 1);
	assert_int_equal(c.readable, 128);
	virtq_chain_deinit(&c);
	le16_write(x->g.mem + table + 14, 2);
	le16_write(x->g.mem + table + 32 + 12, VIRTQ_DESC_NEXT);
	le16_write(x->g.mem + table + 32 + 14, 0);
	only(x, 5, "entry 0 of the indirect table is visited twice");
	le16_write(x->g.mem + table + 32 + 14, 3);
	only(x, 5, "next 3 of 3");
	le16_write(x->g.mem + table + 32 + 12, VIRTQ_DESC_INDIRECT);
	only(x, 6, "entry 2 of the indirect table is indirect itself");
	vg_desc(&x->g, 0, table, 40, VIRTQ_DESC_INDIRECT, 0);
	only(x, 6, "has 0x28 bytes, not a multiple of 16");
	vg_desc(&x->g, 0, table, 0, VIRTQ_DESC_INDIRECT, 0);
	only(x, 6, "has 0x0 bytes");
	vg_desc(&x->g, 0, table, 48, VIRTQ_DESC_INDIRECT | VIRTQ_DESC_NEXT, 1);
	only(x, 6, "has INDIRECT and NEXT");
	vg_desc(&x->g, 0, VG_MEM - 16, 32, VIRTQ_DESC_INDIRECT, 0);
	only(x, 8, "the indirect table [0x1fff0, +0x20) is not guest memory");
	le16_write(x->g.mem + table + 32 + 12, VIRTQ_DESC_WRITE);
	vg_desc(&x->g, 0, table, 48, VIRTQ_DESC_INDIRECT, 0);
	x->g.src.dev.driver[0] &= ~BIT(28);
	only(x, 6, "INDIRECT_DESC was not negotiated");
}

static void hostile_budget(void **state)
{
	struct fixture *x = *state;

	/* 256 heads, each a chain of 256: bounded, and no finding made up of what was not walked. */
	vg_init(&x->g, 256, false);
	x->g.src.queue.avail = VG_AVAIL + 0x100;
	for (unsigned i = 0; i < 256; i++) {
		vg_desc(&x->g, i, VG_DATA, 16, VIRTQ_DESC_NEXT, (i + 1) % 256);
		le16_write(x->g.mem + VG_AVAIL + 0x104 + 2 * i, i);
	}
	le16_write(x->g.mem + VG_AVAIL + 0x102, 256);
	look(x);
	found(x, 5);
	assert_int_equal(x->f.list.len, VIRTQ_FINDINGS_MAX);
	assert_true(x->f.dropped > 0);
}

static void flags_and_setup(void **state)
{
	struct fixture *x = *state;

	le16_write(x->g.mem + VG_AVAIL, 2);
	only(x, 11, "avail.flags is 0x2: only bit 0");
	le16_write(x->g.mem + VG_AVAIL, 1);
	clean(x);
	x->g.src.dev.driver[0] |= BIT(29);
	only(x, 11, "avail.flags is 0x1, with EVENT_IDX it must be 0");
	le16_write(x->g.mem + VG_AVAIL, 0);
	le16_write(x->g.mem + VG_USED, 1);
	only(x, 11, "used.flags is 0x1, with EVENT_IDX");
	le16_write(x->g.mem + VG_USED, 0);
	x->g.src.queue.used = VG_USED + 2;
	only(x, 12, "the used ring at 0x3002 is not aligned to 4 bytes");
	x->g.src.queue.used = VG_USED;
	x->g.src.queue.size = 512;
	x->g.src.queue.max = 256;
	only(x, 12, "512 entries, the device allows 256");
	x->g.src.queue.max = 512;
	x->g.src.queue.used = VG_MEM - 64;
	virtq_check_setup(&x->g.src, &x->f);
	found(x, 8);
	x->g.src.queue.used = VG_USED;
	x->g.src.dev.status = 0xb;
	x->g.src.queue.kicks = 3;
	only(x, 13, "the driver rang 3 times, its status 0x0b has no DRIVER_OK");
	x->g.src.queue.requests = 1;
	only(x, 13, "the device took 1 buffers");
}

static void refused(void **state)
{
	struct fixture *x = *state;

	x->g.src.queue.size = 7;
	assert_error(virtq_ring_read(&x->g.src, &x->ring), ERROR_FAULT, "power of two");
	x->g.src.queue.size = 0;
	assert_error(virtq_ring_read(&x->g.src, &x->ring), ERROR_FAULT, "size 0");
	x->g.src.queue.size = 8;
	x->g.src.queue.desc = VG_MEM - 100;
	assert_error(virtq_ring_read(&x->g.src, &x->ring), ERROR_FAULT, "descriptor table of queue 0 of blk0");
	x->g.src.queue.flags = 0;
	assert_error(virtq_ring_read(&x->g.src, &x->ring), ERROR_STATE, "not set up");
}

static void in_order(void **state)
{
	struct fixture *x = *state;

	x->g.src.dev.driver[0] |= BIT(35);
	request(x, 0);
	request(x, 3);
	vg_take(&x->g, 0, 0, 3);
	vg_take(&x->g, 3, 3, 3);
	vg_use(&x->g, 0, 513);
	clean(x);
	le32_write(x->g.mem + VG_USED + 4, 3);
	only(x, 18, "used.ring[0] (index 0).id is 3, made available at that index was 0");
}

static void big_endian(void **state)
{
	struct fixture *x = *state;

	x->g.be = true;
	x->g.src.dev.driver[0] = BIT(28);
	x->g.src.dev.flags = STATE_VIRTIO_GUEST_BE;
	request(x, 0);
	clean(x);
	assert_int_equal(virtq_pending(&x->ring), 1);
	/* The same bytes read as VERSION_1 make no sense. */
	x->g.src.dev.driver[0] |= BIT(32);
	look(x);
	found(x, 1);
}

static void iova(void **state)
{
	struct fixture *x = *state;
	struct state_virtio_iova *map = xcalloc(1, sizeof(*map) + 2 * sizeof(map->entry[0]));

	map->count = 2;
	map->entry[0] = (struct state_virtio_iova_entry){ 0xfff00000, 0x8000, 0, 3, 0 };
	map->entry[1] = (struct state_virtio_iova_entry){ 0xfff08000, 0x1000, VG_DATA, 1, 0 };
	x->g.src.iova = map;
	x->g.src.queue.desc += 0xfff00000;
	x->g.src.queue.avail += 0xfff00000;
	x->g.src.queue.used += 0xfff00000;
	vg_desc(&x->g, 0, 0xfff08000, 16, 0, 0);
	vg_publish(&x->g, 0);
	clean(x);
	/* Readable only; and a guest-physical address is no IOVA. */
	vg_desc(&x->g, 0, 0xfff08000, 16, VIRTQ_DESC_WRITE, 0);
	only(x, 8, "is not mapped for the device");
	vg_desc(&x->g, 0, VG_DATA, 16, 0, 0);
	only(x, 8, "[0x8000, +0x10) is not mapped for the device");
	/* Across two entries that lie apart in memory. */
	vg_desc(&x->g, 0, 0xfff07ff0, 32, 0, 0);
	clean(x);
	x->g.src.iova = NULL;
	free(map);
}

/* ---- suppression ---------------------------------------------------------------------------------- */

static void notifications(void **state)
{
	struct fixture *x = *state;
	struct virtq_notify n;

	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_string_equal(n.why, "nothing waits for the device");
	request(x, 0);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_true(n.needed);
	le16_write(x->g.mem + VG_USED, 1);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_false(n.needed);
	assert_string_equal(n.why, "used.flags is 1: NO_NOTIFY");
	/* scenarios S18: from 10 to 26, avail_event 9 and 10. */
	vg_init(&x->g, 16, false);
	x->g.src.dev.driver[0] |= BIT(29);
	x->g.src.queue.last_avail = x->g.src.queue.used_idx = 10;
	le16_write(x->g.mem + VG_USED + 2, 10);
	le16_write(x->g.mem + VG_AVAIL + 2, 26);
	le16_write(x->g.mem + VG_USED + 4 + 8 * 16, 9);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_false(n.needed);
	assert_string_equal(n.why, "vring_need_event(avail_event 9, new 26, old 10): (u16)(26 - 9 - 1) = 16 < 16: no");
	le16_write(x->g.mem + VG_USED + 4 + 8 * 16, 10);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_true(n.needed);
	assert_string_equal(n.why, "vring_need_event(avail_event 10, new 26, old 10): (u16)(26 - 10 - 1) = 15 < 16: yes");
	le16_write(x->g.mem + VG_AVAIL + 4 + 2 * 16, 11);
	look(x);
	virtq_irq_needed(&x->ring, &n);
	assert_false(n.needed);
	le16_write(x->g.mem + VG_AVAIL + 4 + 2 * 16, 10);
	look(x);
	virtq_irq_needed(&x->ring, &n);
	assert_true(n.needed);
}

static void samples(void **state)
{
	struct fixture *x = *state;
	struct virtq_sample before;

	request(x, 0);
	look(x);
	virtq_sample_take(&x->ring, &before);
	x->g.src.queue.now_ns += 20000000;
	look(x);
	virtq_check_samples(&x->ring, &before, 10000000, &x->f);
	assert_non_null(strstr(found(x, 16)->text, "1 buffers wait since more than 20.0 ms without a doorbell"));
	/* Not when it is not time yet, a doorbell came, the device looked or asked for none. */
	look(x);
	virtq_check_samples(&x->ring, &before, 30000000, &x->f);
	assert_int_equal(x->f.list.len, 0);
	x->g.src.queue.kicks++;
	virtq_check_samples(&x->ring, &before, 10000000, &x->f);
	assert_int_equal(x->f.list.len, 0);
	x->g.src.queue.kicks--;
	x->g.src.queue.flags |= STATE_VIRTQ_KICKS_OFF;
	virtq_check_samples(&x->ring, &before, 10000000, &x->f);
	assert_int_equal(x->f.list.len, 0);
	/* The index fell back although the device took nothing. */
	vg_publish(&x->g, 3);
	look(x);
	virtq_sample_take(&x->ring, &before);
	le16_write(x->g.mem + VG_AVAIL + 2, 1);
	look(x);
	virtq_check_samples(&x->ring, &before, ~0ULL, &x->f);
	found(x, 10);
}

/* ---- packed ---------------------------------------------------------------------------------------- */

static const struct virtq_desc three[] = {
	{ VG_DATA, 16, 0, 0 }, { VG_DATA + 0x1000, 512, VIRTQ_DESC_WRITE, 0 }, { VG_DATA + 0x20, 1, VIRTQ_DESC_WRITE, 0 },
};

static void packed_good(void **state)
{
	struct fixture *x = *state;
	struct virtq_buffers b;

	vg_init(&x->g, 7, true);
	clean(x);
	vg_publish_packed(&x->g, 0, three, 3);
	vg_publish_packed(&x->g, 1, three, 3);
	clean(x);
	assert_int_equal(virtq_pending(&x->ring), 2);
	vg_take(&x->g, 0, 0, 3);
	clean(x);
	virtq_buffers_get(&x->ring, &b);
	assert_int_equal(b.list.len, 2);
	assert_int_equal(b.list.data[1].head, 3);
	assert_int_equal(b.list.data[1].id, 1);
	virtq_buffers_deinit(&b);
	vg_take(&x->g, 3, 1, 3);
	vg_use(&x->g, 1, 513); /* out of order: at slot 0 */
	clean(x);
	virtq_buffers_get(&x->ring, &b);
	assert_int_equal(b.list.len, 1);
	assert_true(b.list.data[0].overwritten);
	virtq_buffers_deinit(&b);
	vg_use(&x->g, 0, 513);
	for (unsigned i = 0; i < 5000; i++) {
		unsigned at = x->g.avail_idx;

		vg_publish_packed(&x->g, i % 7, three, 1 + i % 3);
		if (i % 97 == 0)
			clean(x);
		vg_take(&x->g, at, i % 7, 1 + i % 3);
		if (i % 89 == 0)
			clean(x);
		vg_use(&x->g, i % 7, 1);
		if (i % 83 == 0)
			clean(x);
	}
}

static void packed_broken(void **state)
{
	struct fixture *x = *state;
	uint8_t *slot = x->g.mem + VG_DESC;

	vg_init(&x->g, 8, true);
	vg_publish_packed(&x->g, 0, three, 1);
	vg_publish_packed(&x->g, 1, three, 1);
	vg_publish_packed(&x->g, 2, three, 1);
	vg_publish_packed(&x->g, 3, three, 1);
	/* A hole of one may be a chain that is being made; two runs after it may not. */
	le16_write(slot + 16 * 1 + 14, 0);
	clean(x);
	le16_write(slot + 16 * 2 + 14, 0);
	assert_int_equal(only(x, 14, "slot 3 is available (flags 0x0080, wrap 1) behind slot 1")->entry, 3);
	le16_write(slot + 16 * 1 + 14, VIRTQ_PACKED_AVAIL);
	le16_write(slot + 16 * 2 + 14, VIRTQ_PACKED_AVAIL);
	clean(x);
	le16_write(slot + 16 * 1 + 12, 0);
	only(x, 15, "the buffer at slot 1 has id 0, which is out already");
	le16_write(slot + 16 * 1 + 12, 8);
	only(x, 15, "the buffer at slot 1 has id 8, the ring has 8");
	le16_write(slot + 16 * 1 + 12, 1);
	vg_take(&x->g, 0, 0, 1);
	clean(x);
	le16_write(slot + 14, 0);
	only(x, 14, "slot 0 was taken by the device and changed");
	le16_write(slot + 14, VIRTQ_PACKED_AVAIL);
	le16_write(x->g.mem + VG_AVAIL + 2, 3);
	only(x, 11, "the driver's event flags are 0x3: reserved");
	le16_write(x->g.mem + VG_AVAIL + 2, 2);
	only(x, 11, "EVENT_IDX was not negotiated");
	le16_write(x->g.mem + VG_AVAIL + 2, 0);
	/* A chain that never ends: every slot has NEXT. */
	vg_init(&x->g, 4, true);
	vg_publish_packed(&x->g, 0, (struct virtq_desc[4]){ three[0], three[0], three[0], three[0] }, 4);
	le16_write(slot + 16 * 3 + 14, VIRTQ_PACKED_AVAIL | VIRTQ_DESC_NEXT);
	vg_take(&x->g, 0, 0, 4);
	only(x, 5, "the chain at 0 is longer than the ring");
}

static void packed_notifications(void **state)
{
	struct fixture *x = *state;
	struct virtq_notify n;

	vg_init(&x->g, 8, true);
	x->g.src.dev.driver[0] |= BIT(29);
	vg_publish_packed(&x->g, 0, three, 1);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_true(n.needed);
	le16_write(x->g.mem + VG_USED + 2, VIRTQ_EVENT_DISABLE);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_false(n.needed);
	le16_write(x->g.mem + VG_USED + 2, VIRTQ_EVENT_DESC);
	le16_write(x->g.mem + VG_USED, 0 | 1 << 15);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_true(n.needed);
	le16_write(x->g.mem + VG_USED, 3 | 1 << 15);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_false(n.needed);
	/* The device's position wrapped, its wish is of the lap before: passed long ago. */
	le16_write(x->g.mem + VG_USED, 0);
	look(x);
	virtq_kick_needed(&x->ring, &n);
	assert_false(n.needed);
}

/* ---- a ring that moves ------------------------------------------------------------------------------ */

struct mover {
	struct virtq_guest *g;
	unsigned left;
};

/* The guest publishes and takes on while the ring is read. */
static bool move(void *ctx, struct virtq_source *src)
{
	struct mover *m = ctx;

	if (m->left) {
		m->left--;
		vg_publish(m->g, 0);
		vg_take(m->g, 0, 0, 3);
		vg_use(m->g, 0, 1);
	}
	return true;
}

static void moving(void **state)
{
	struct fixture *x = *state;
	struct mover m = { .g = &x->g, .left = 3 };

	request(x, 0);
	vg_take(&x->g, 0, 0, 3);
	vg_use(&x->g, 0, 1);
	x->g.src.refresh = move;
	x->g.src.refresh_ctx = &m;
	clean(x);
	assert_false(x->ring.torn);
	assert_int_equal(x->ring.tries, 4);
	assert_int_equal(virtq_avail_idx(&x->ring), 4);
	/* It never rests: told, and nothing claimed, whatever the mix looks like. */
	m.left = 1000;
	le32_write(x->g.mem + VG_USED + 4, 99);
	clean(x);
	assert_true(x->ring.torn);
	assert_int_equal(x->ring.tries, VIRTQ_TRIES);
}

static void rules(void **state)
{
	const char *consequence = NULL;

	for (unsigned i = 1; i <= 18; i++) {
		assert_non_null(virtq_rule_text(i, &consequence));
		assert_non_null(consequence);
	}
	assert_null(virtq_rule_text(0, NULL));
	assert_null(virtq_rule_text(19, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(split_good, setup, teardown),
		cmocka_unit_test_setup_teardown(split_indices, setup, teardown),
		cmocka_unit_test_setup_teardown(split_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(split_heads_window, setup, teardown),
		cmocka_unit_test_setup_teardown(chains, setup, teardown),
		cmocka_unit_test_setup_teardown(indirect, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_budget, setup, teardown),
		cmocka_unit_test_setup_teardown(flags_and_setup, setup, teardown),
		cmocka_unit_test_setup_teardown(refused, setup, teardown),
		cmocka_unit_test_setup_teardown(in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(big_endian, setup, teardown),
		cmocka_unit_test_setup_teardown(iova, setup, teardown),
		cmocka_unit_test_setup_teardown(notifications, setup, teardown),
		cmocka_unit_test_setup_teardown(samples, setup, teardown),
		cmocka_unit_test_setup_teardown(packed_good, setup, teardown),
		cmocka_unit_test_setup_teardown(packed_broken, setup, teardown),
		cmocka_unit_test_setup_teardown(packed_notifications, setup, teardown),
		cmocka_unit_test_setup_teardown(moving, setup, teardown),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Histories made of events: joined by sequence number, counted, judged. */
#include "tests/lib/test.h"

#include "core/base/bits.h"
#include "core/decode/virtio/history.h"

#include "tests/lib/virtq_guest.h"

struct fixture {
	struct virtio_history h;
	struct virtq_guest g;
	struct virtq_findings f;
	struct out *out;
};

static int setup(void **state)
{
	struct fixture *x = xcalloc(1, sizeof(*x));

	vg_init(&x->g, 8, false);
	x->out = out_create_capture();
	*state = x;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	virtio_history_deinit(&x->h);
	vec_free(&x->f.list);
	out_destroy(x->out);
	free(x);
	return 0;
}

static void put(struct fixture *x, uint64_t time, uint32_t schema, const void *payload, size_t len)
{
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} e = { .event = { .time_ns = time, .schema = schema, .payload_len = len } };

	e.event.size = align_up(sizeof(e.event) + len, 8);
	memcpy(e.event.payload, payload, len);
	virtio_history_event(&x->h, &e.event);
}

static void kick(struct fixture *x, uint64_t time, uint64_t doorbells)
{
	struct vmm_virtio_kick k = { .name = "blk0", .doorbells = doorbells };

	put(x, time, VMM_VIRTIO_KICK, &k, sizeof(k));
}

static void pick(struct fixture *x, uint64_t time, uint64_t seq, uint16_t head, uint32_t writable)
{
	struct vmm_virtio_pick p = { .name = "blk0", .seq = seq, .head = head, .id = head, .ndesc = 3, .readable = 16,
				     .writable = writable, .avail_after_ns = time - 5000, .avail_by_ns = time - 2000,
				     .head_len = 16 };

	le64_write(p.head_bytes + 8, 100 + seq);
	put(x, time, VMM_VIRTIO_PICK, &p, sizeof(p));
}

static void used(struct fixture *x, uint64_t time, uint64_t seq, uint16_t head, uint16_t idx, uint32_t len)
{
	struct vmm_virtio_used u = { .name = "blk0", .seq = seq, .service_ns = 40000, .len = len, .head = head, .id = head,
				     .used_idx = idx };

	put(x, time, VMM_VIRTIO_USED, &u, sizeof(u));
}

static void irq(struct fixture *x, uint64_t time, uint64_t end, bool sent, uint16_t idx, uint16_t old, uint16_t event,
		uint32_t batch)
{
	struct vmm_virtio_irq i = { .name = "blk0", .seq_end = end, .sent = sent, .used_idx = idx, .signalled_used = old,
				    .used_event = event, .batch = batch };

	put(x, time, VMM_VIRTIO_IRQ, &i, sizeof(i));
}

static void joined(void **state)
{
	struct fixture *x = *state;
	const struct virtq_history *q;
	const struct virtq_record *r;

	/* S18: sixteen requests behind one doorbell, then one each. */
	kick(x, 1000000, 1);
	for (unsigned i = 0; i < 16; i++)
		pick(x, 1010000 + i, i, i % 8, 513);
	for (unsigned i = 0; i < 16; i++)
		used(x, 1050000 + i, i, i % 8, i + 1, 513);
	irq(x, 1060000, 16, true, 16, 0, 0, 16);
	for (unsigned i = 16; i < 18; i++) {
		kick(x, 2000000 + i, 1);
		pick(x, 2010000 + i, i, 0, 513);
	}
	q = virtio_history_queue(&x->h, 0, 0);
	assert_non_null(q);
	assert_int_equal(q->picks, 18);
	assert_int_equal(q->doorbells, 3);
	assert_int_equal(q->batch.count, 2);
	assert_int_equal(q->batch.max, 16);
	assert_int_equal(q->batch.bucket[4], 1);
	assert_int_equal(q->batch.bucket[0], 1);
	assert_int_equal(q->irq_batch.max, 16);
	r = virtq_history_record(q, 3);
	assert_non_null(r);
	assert_int_equal(r->picked_ns, 1010003);
	assert_int_equal(r->used_ns, 1050003);
	assert_int_equal(r->irq_ns, 1060000);
	assert_int_equal(r->kick_ns, 1000000);
	assert_false(virtq_history_record(q, 17)->used);
	assert_null(virtq_history_record(q, 18));
	assert_null(virtio_history_queue(&x->h, 0, 1));
	virtq_history_check(q, &x->g.src.dev, NULL, &x->f);
	assert_int_equal(x->f.list.len, 0);
	virtq_history_show(q, &x->h, &x->g.src, 2, 0, x->out);
	assert_captured(x->out,
		"blk0 queue 0 during 1.0 ms: 18 requests, 16 given back\n"
		"  doorbells 3 = 0.17 each, not asked for 0, buffers found without one 0\n"
		"  interrupts 1 sent, 0 saved\n"
		"     seq  head  taken at   waited               bell to  taken to   used to  request\n"
		"                                                  taken      used       irq\n"
		"      16     0  +0.002010   2.0 us..5.0 us      10.0 us       out         -  IN sector 116, 512 B\n"
		"      17     0  +0.002010   2.0 us..5.0 us      10.0 us       out         -  IN sector 117, 512 B\n"
		"  taken to used: 16, mean 40.0 us, at most 40.0 us\n"
		"     32.8 us - 65.5 us       16  ########################################\n"
		"  seen available to taken: 18, mean 2.0 us, at most 2.0 us\n"
		"      1.0 us - 2.0 us        18  ########################################\n"
		"  requests per doorbell: 2, mean 8.50, at most 16\n"
		"           0 - 1              1  ########################################\n"
		"           2 - 3              0  \n"
		"           4 - 7              0  \n"
		"           8 - 15             0  \n"
		"          16 - 31             1  ########################################\n"
		"  given back per interrupt: 1, mean 16.00, at most 16\n"
		"          16 - 31             1  ########################################\n");
}

static void judged(void **state)
{
	struct fixture *x = *state;
	const struct virtq_history *q;

	x->g.src.dev.driver[0] |= BIT(29) | BIT(35);
	for (unsigned i = 0; i < 3; i++)
		pick(x, 1000 + i, i, i, 513);
	used(x, 2000, 1, 1, 1, 513);
	used(x, 2001, 0, 0, 2, 600);
	irq(x, 2002, 2, false, 2, 0, 1, 2);
	q = virtio_history_queue(&x->h, 0, 0);
	virtq_history_check(q, &x->g.src.dev, NULL, &x->f);
	assert_int_equal(x->f.list.len, 3);
	assert_int_equal(x->f.list.data[0].rule, 9);
	assert_non_null(strstr(x->f.list.data[0].text, "head 0: used with length 600, its writable part has 513"));
	assert_int_equal(x->f.list.data[1].rule, 18);
	assert_int_equal(x->f.list.data[2].rule, 17);
	assert_non_null(strstr(x->f.list.data[2].text, "vring_need_event(used_event 1, new 2, old 0)"));
}

/* S22: what is in the used ring is not what the device wrote. */
static void corrupted(void **state)
{
	struct fixture *x = *state;
	struct virtq_ring ring;

	vg_desc(&x->g, 0, VG_DATA, 16, 0, 0);
	vg_publish(&x->g, 0);
	vg_take(&x->g, 0, 0, 1);
	vg_use(&x->g, 0, 1);
	pick(x, 1000, 0, 0, 513);
	used(x, 2000, 0, 0, 1, 1);
	assert_ok(virtq_ring_read(&x->g.src, &ring));
	virtq_history_check(virtio_history_queue(&x->h, 0, 0), &x->g.src.dev, &ring, &x->f);
	assert_int_equal(x->f.list.len, 0);
	virtq_ring_deinit(&ring);
	le32_write(x->g.mem + VG_USED + 4, 5);
	assert_ok(virtq_ring_read(&x->g.src, &ring));
	virtq_history_check(virtio_history_queue(&x->h, 0, 0), &x->g.src.dev, &ring, &x->f);
	assert_int_equal(x->f.list.len, 1);
	assert_int_equal(x->f.list.data[0].rule, 4);
	assert_string_equal(x->f.list.data[0].text, "used.ring[0] (index 0).id is 5, the device wrote 0 there");
	virtq_ring_deinit(&ring);
}

static void resets_and_hostile(void **state)
{
	struct fixture *x = *state;
	struct vmm_virtio_status s = { .name = "blk0", .before = 15 };
	const struct virtq_history *q;

	pick(x, 1000, 7, 0, 513);
	q = virtio_history_queue(&x->h, 0, 0);
	put(x, 2000, VMM_VIRTIO_STATUS, &s, sizeof(s));
	assert_null(virtq_history_record(q, 7));
	pick(x, 3000, 0, 0, 513);
	assert_non_null(virtq_history_record(q, 0));
	/* Records cut short, and numbers at their ends. */
	put(x, 1, VMM_VIRTIO_PICK, &s, 10);
	used(x, 4000, ~0ULL, 0xffff, 0xffff, ~0u);
	irq(x, 5000, ~0ULL, true, 0xffff, 0, 0xffff, ~0u);
	pick(x, 6000, ~0ULL - 1, 0xffff, ~0u);
	irq(x, 7000, ~0ULL, true, 1, 0, 0, 1);
	put(x, 7500, VMM_VIRTIO_STATUS, &s, sizeof(s));
	pick(x, 8000, ~0ULL - 1, 0xffff, ~0u);
	irq(x, 9000, ~0ULL, true, 1, 0, 0, 1);
	virtq_history_show(q, &x->h, &x->g.src, 1000000, 0, x->out);
	assert_int_equal(q->picks, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(joined, setup, teardown),
		cmocka_unit_test_setup_teardown(judged, setup, teardown),
		cmocka_unit_test_setup_teardown(corrupted, setup, teardown),
		cmocka_unit_test_setup_teardown(resets_and_hostile, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

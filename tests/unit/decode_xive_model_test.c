/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The XIVE model: the state machine by its table, queues over many laps against a consumer, ESB offsets,
 * packed ids, rules on events. */
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/decode/xive/rules.h"

#include "tests/lib/test.h"

static void state_machine(void **state)
{
	/* from, operation (t trigger, e eoi, 0-3 set) -> to, forwards: kernel.md's table. */
	static const struct {
		uint8_t from;
		char op;
		uint8_t to;
		bool forward;
	} table[] = {
		{ 0, 't', 2, true }, { 1, 't', 1, false }, { 2, 't', 3, false }, { 3, 't', 3, false },
		{ 0, 'e', 0, false }, { 1, 'e', 1, false }, { 2, 'e', 0, false }, { 3, 'e', 2, true },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		uint8_t pq = table[i].from;
		bool forward = table[i].op == 't' ? xive_pq_trigger(&pq) : xive_pq_eoi(&pq);

		assert_int_equal(pq, table[i].to);
		assert_int_equal(forward, table[i].forward);
	}
	for (uint8_t from = 0; from < 4; from++)
		for (uint8_t to = 0; to < 4; to++) {
			uint8_t pq = from;

			assert_int_equal(xive_pq_set(&pq, to), from);
			assert_int_equal(pq, to);
		}
}

static void esb_offsets(void **state)
{
	for (uint32_t off = 0; off < 0x1000; off += 8) {
		struct xive_esb_access a = { .management = true, .offset = off };
		uint8_t pq = XIVE_PQ_QUEUED, value;
		enum xive_esb_op load = xive_esb_decode(&a);

		assert_int_equal(load, off < 0x800 ? XIVE_ESB_LOAD_EOI : off < 0xc00 ? XIVE_ESB_GET :
				 XIVE_ESB_SET_00 + (off >> 8 & 3));
		xive_esb_apply(load, &pq, &value);
		assert_int_equal(value, XIVE_PQ_QUEUED);
		a.store = true;
		assert_int_equal(xive_esb_decode(&a), off < 0x400 ? XIVE_ESB_TRIGGER : off < 0xc00 ? XIVE_ESB_NOTHING :
				 XIVE_ESB_SET_00 + (off >> 8 & 3));
		a.flags = STATE_XIVE_SRC_STORE_EOI;
		if (off >= 0x400 && off < 0x800)
			assert_int_equal(xive_esb_decode(&a), XIVE_ESB_STORE_EOI);
		a.management = false;
		assert_int_equal(xive_esb_decode(&a), XIVE_ESB_TRIGGER);
		a.store = false;
		assert_int_equal(xive_esb_decode(&a), XIVE_ESB_NOTHING);
	}
}

/* A small queue written and read at random, always compared with what a list would hold. */
static void queue_laps(void **state)
{
	enum { SHIFT = 6, N = 1 << (SHIFT - 2) };
	uint8_t page[1 << SHIFT] = { 0 }, toggle = 1, ctoggle = 0;
	uint32_t index = 0, cindex = 0, sent = 0, taken = 0, got;
	uint64_t x = 42;

	for (unsigned i = 0; i < 5000; i++) {
		struct state_xive_queue q = { .qshift = SHIFT, .flags = STATE_XIVE_Q_PRODUCER | STATE_XIVE_Q_CONSUMER };
		struct xive_eq_entry e;
		struct xive_eq eq;

		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		if (x % 3 && sent - taken < N)
			xive_eq_push(page, SHIFT, &index, &toggle, 0x100 + sent++);
		else if (xive_eq_pop(page, SHIFT, &cindex, &ctoggle, &got))
			assert_int_equal(got, 0x100 + taken++);
		else
			assert_int_equal(sent, taken);
		q.qindex = index, q.qtoggle = toggle, q.consumer_index = cindex, q.consumer_toggle = ctoggle;
		assert_true(xive_eq_decode(page, sizeof(page), &q, &eq));
		assert_int_equal(eq.pending, sent - taken);
		assert_int_equal(eq.bad, 0);
		for (uint32_t back = 0; back < N; back++) {
			assert_int_equal(xive_eq_recent(page, sizeof(page), &eq, back, &e), back < sent);
			if (back < sent)
				assert_int_equal(e.eisn, 0x100 + sent - 1 - back);
		}
		/* Without the producer's word the page itself tells, except that a fresh one is like a full lap. */
		q.flags = 0;
		assert_true(xive_eq_decode(page, sizeof(page), &q, &eq));
		assert_true(eq.inferred);
		assert_int_equal(eq.index, index);
		assert_int_equal(eq.toggle, toggle);
	}
	assert_true(sent > 100 * N);
}

static void queue_trouble(void **state)
{
	uint8_t page[64] = { 0 };
	struct state_xive_queue q = { .qshift = 6, .flags = STATE_XIVE_Q_PRODUCER, .qindex = 3, .qtoggle = 1 };
	struct xive_eq_entry e;
	struct xive_eq eq;
	uint32_t back;

	be32_write(page, 0x80000010);
	be32_write(page + 8, 0x80000012);
	assert_true(xive_eq_decode(page, sizeof(page), &q, &eq));
	assert_int_equal(eq.bad, 1);
	assert_int_equal(eq.first_bad, 1);
	assert_true(xive_eq_find(page, sizeof(page), &eq, 0x10, &e, &back));
	assert_int_equal(back, 2);
	assert_false(xive_eq_find(page, sizeof(page), &eq, 0x11, &e, &back));
	/* A page that could not be read, and sizes nobody has. */
	assert_true(xive_eq_decode(NULL, 0, &q, &eq));
	assert_int_equal(eq.bad, 0);
	assert_false(xive_eq_recent(NULL, 0, &eq, 0, &e));
	q.qshift = 25;
	assert_false(xive_eq_decode(page, sizeof(page), &q, &eq));
	q.qshift = 0;
	assert_false(xive_eq_decode(page, sizeof(page), &q, &eq));
}

static void packed_ids(void **state)
{
	uint32_t packed;

	/* scenario S03: 300 cores of SMT 8, one thread each. */
	assert_true(xive_pack_server(2048, 2048, 8, &packed));
	assert_int_equal(packed, 4);
	assert_true(xive_pack_server(2392, 2048, 8, &packed));
	assert_int_equal(packed, 348);
	assert_true(xive_pack_server(7, 2048, 1, &packed));
	assert_int_equal(packed, 7);
	assert_false(xive_pack_server(2048, 2048, 1, &packed) && packed < 2048 && packed == 0);
	assert_false(xive_pack_server(2048 * 8, 2048, 8, &packed));
	assert_false(xive_pack_server(1, 0, 8, &packed));
	assert_false(xive_pack_server(1, 2048, 3, &packed));
	/* All ids of a core's first threads below the limit stay apart. */
	for (unsigned stride = 1; stride <= 8; stride *= 2) {
		static uint8_t used[64];

		memset(used, 0, sizeof(used));
		for (uint32_t id = 0; id < 64 * stride; id += stride) {
			assert_true(xive_pack_server(id, 64, stride, &packed));
			assert_true(packed < 64);
			assert_int_equal(used[packed]++, 0);
		}
	}
}

static const char *rule(enum vmm_event kind, uint8_t from, uint8_t to, bool forward, uint8_t last)
{
	struct vmm_exit_xive_esb e = { .lisn = 1, .pq_old = from, .pq_new = to, .forward = forward };
	static char text[200];
	const char *name = xive_check_event(kind, &e, last, text, sizeof(text));

	assert_int_equal(name != NULL, text[0] != '\0');
	return name ? name : "";
}

/* Linux ends an interrupt by setting PQ to 00, and triggers again by itself. */
static void event_rules_of_eoi_by_pq(void **state)
{
	struct vmm_exit_xive_esb e = { .lisn = 1, .pq_old = 3, .pq_new = 0, .offset = 0xc00 };
	char text[200];

	assert_null(xive_check_event(VMM_EXIT_XIVE_EOI, &e, 3, text, sizeof(text)));
	e.pq_new = 2;
	assert_string_equal(xive_check_event(VMM_EXIT_XIVE_EOI, &e, 3, text, sizeof(text)), "XIVE-E3");
}

static void event_rules(void **state)
{
	assert_string_equal(rule(VMM_EXIT_XIVE_TRIGGER, 0, 2, true, XIVE_PQ_UNSEEN), "");
	assert_string_equal(rule(VMM_EXIT_XIVE_TRIGGER, 1, 1, false, 1), "XIVE-E2");
	assert_string_equal(rule(VMM_EXIT_XIVE_TRIGGER, 0, 3, false, 0), "XIVE-E3");
	assert_string_equal(rule(VMM_EXIT_XIVE_TRIGGER, 2, 3, true, 2), "XIVE-E4");
	assert_string_equal(rule(VMM_EXIT_XIVE_EOI, 3, 2, false, 3), "XIVE-E4");
	assert_string_equal(rule(VMM_EXIT_XIVE_EOI, 0, 0, false, 0), "XIVE-E1");
	assert_string_equal(rule(VMM_EXIT_XIVE_EOI, 2, 0, false, 3), "XIVE-E5");
	assert_string_equal(rule(VMM_EXIT_XIVE_PQ, 3, 1, false, 3), "");
	assert_string_equal(rule(VMM_EXIT_XIVE_PQ, 3, 1, true, 3), "XIVE-E4");
	assert_string_equal(rule(VMM_EXIT_XIVE_EOI, 0xff, 0, false, 0), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(state_machine), cmocka_unit_test(esb_offsets), cmocka_unit_test(queue_laps),
		cmocka_unit_test(queue_trouble), cmocka_unit_test(packed_ids), cmocka_unit_test(event_rules),
		cmocka_unit_test(event_rules_of_eoi_by_pq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

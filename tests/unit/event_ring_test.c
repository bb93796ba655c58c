/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include <pthread.h>
#include <sched.h>

#include "core/base/loop.h"
#include "core/event/ring.h"

#define RING_BYTES (64 * 1024)

/* What a consumer saw: records numbered by steps, gaps only where a drop event says so. */
struct seen {
	uint64_t next;		/* number the next step event must have */
	uint64_t dropped;	/* told by drop events since the last step event */
	uint64_t events, drops, drop_events, last_time;
};

static void see(void *ctx, const struct event *event)
{
	struct seen *seen = ctx;

	assert_true(event->time_ns >= seen->last_time);
	seen->last_time = event->time_ns;
	if (event->schema == VMM_DROP) {
		struct vmm_drop drop;

		assert_int_equal(event->payload_len, sizeof(drop));
		memcpy(&drop, event->payload, sizeof(drop));
		assert_true(drop.count > 0);
		seen->dropped += drop.count;
		seen->drops += drop.count;
		seen->drop_events++;
		return;
	}
	uint64_t number;

	assert_int_equal(event->schema, VMM_CONSOLE);
	memcpy(&number, event->payload, sizeof(number));
	assert_true(number == seen->next + seen->dropped);
	/* The rest of a record of varying length is its number as well. */
	for (size_t i = sizeof(number); i < event->payload_len; i++)
		assert_int_equal(event->payload[i], (uint8_t)number);
	seen->next = number + 1;
	seen->dropped = 0;
	seen->events++;
}

/* Event @number, of a length that depends on it. False when it was dropped. */
static bool put(struct event_ring *ring, uint64_t number)
{
	uint32_t len = 8 + (uint32_t)(number * 7 % 200);
	struct event *event = event_ring_reserve(ring, VMM_CONSOLE, 3, len);

	if (!event)
		return false;
	memcpy(event->payload, &number, sizeof(number));
	memset(event->payload + 8, (uint8_t)number, len - 8);
	event_ring_commit(ring, event);
	return true;
}

static void test_create(void **state)
{
	struct event_ring *ring;

	assert_error(event_ring_create(1024, &ring), ERROR_USAGE, "power of two");
	assert_error(event_ring_create(RING_BYTES + 4096, &ring), ERROR_USAGE, "power of two");
	event_ring_destroy(NULL);
}

static void check_header(void *ctx, const struct event *event)
{
	uint64_t *start = ctx;

	assert_true(event->time_ns >= *start && event->time_ns <= clock_now_ns());
	assert_int_equal(event->schema, VMM_STOP);
	assert_int_equal(event->size, sizeof(*event) + sizeof(struct vmm_stop));
	assert_int_equal(event->payload_len, sizeof(struct vmm_stop));
	assert_int_equal(event->tid, gettid());
	assert_int_equal(event->vm, 1);
	assert_int_equal(event->vcpu, 2);
	assert_true(event->cpu < 4096);
	/* Never what the ring held before. */
	for (size_t i = 0; i < event->payload_len; i++)
		assert_int_equal(event->payload[i], 0);
	*start = 0;
}

static void test_header(void **state)
{
	struct event_ring *ring;
	uint64_t start = clock_now_ns();

	assert_ok(event_ring_create(RING_BYTES, &ring));
	assert_false(event_ring_pending(ring));
	struct event *event = event_ring_reserve(ring, VMM_STOP, 2, sizeof(struct vmm_stop));

	assert_non_null(event);
	assert_false(event_ring_pending(ring));
	event_ring_commit(ring, event);
	assert_true(event_ring_pending(ring));
	assert_int_equal(event_ring_drain(ring, 10, check_header, &start), 1);
	assert_int_equal(start, 0);
	assert_false(event_ring_pending(ring));
	event_ring_destroy(ring);
}

static void test_wrap(void **state)
{
	struct event_ring *ring;
	struct seen seen = { 0 };

	assert_ok(event_ring_create(RING_BYTES, &ring));
	/* Many times round, so that every distance to the end is met. */
	for (uint64_t n = 0; n < 20000; n++) {
		assert_true(put(ring, n));
		if (n % 50 == 49)
			assert_int_equal(event_ring_drain(ring, UINT32_MAX, see, &seen), 50);
	}
	assert_int_equal(seen.events, 20000);
	assert_int_equal(seen.drop_events, 0);
	event_ring_destroy(ring);
}

static void test_drops(void **state)
{
	struct event_ring *ring;
	struct seen seen = { 0 };
	uint64_t n = 0;

	assert_ok(event_ring_create(RING_BYTES, &ring));
	while (put(ring, n))
		n++;
	uint64_t kept = n++;

	while (n < kept + 10)
		assert_false(put(ring, n++));
	assert_int_equal(event_ring_drops(ring), 10);
	/* At most @max at a time, and the rest stays. */
	assert_int_equal(event_ring_drain(ring, 5, see, &seen), 5);
	assert_int_equal(event_ring_drain(ring, UINT32_MAX, see, &seen), kept - 5 + 1);
	assert_int_equal(seen.events, kept);
	assert_int_equal(seen.drops, 10);
	assert_false(event_ring_pending(ring));
	/* Already told: the next record brings no second drop event. */
	assert_true(put(ring, n++));
	assert_int_equal(event_ring_drain(ring, UINT32_MAX, see, &seen), 1);
	assert_int_equal(seen.drop_events, 1);

	/* Drops in the middle are told in the middle. */
	while (put(ring, n))
		n++;
	n++;
	event_ring_drain(ring, 100, see, &seen);
	for (unsigned i = 0; i < 20; i++)
		assert_true(put(ring, n++));
	event_ring_drain(ring, UINT32_MAX, see, &seen);
	assert_int_equal(seen.drop_events, 2);
	assert_int_equal(seen.drops, 11);
	assert_int_equal(seen.next, n);

	/* What no ring could ever hold is a drop as well. */
	assert_null(event_ring_reserve(ring, VMM_CONSOLE, 0, EVENT_SIZE_MAX));
	assert_null(event_ring_reserve(ring, VMM_CONSOLE, 0, UINT32_MAX));
	assert_int_equal(event_ring_drops(ring), 13);
	event_ring_destroy(ring);
}

#define STRESS 300000

struct stress {
	struct event_ring *ring;
	uint64_t dropped;
	atomic_bool done;
};

static void *produce(void *arg)
{
	struct stress *stress = arg;

	for (uint64_t n = 0; n < STRESS; n++) {
		if (!put(stress->ring, n))
			stress->dropped++;
		/* Now and then the consumer catches up, so full and empty both happen. */
		if (n % 5000 == 0)
			sched_yield();
	}
	atomic_store(&stress->done, true);
	return NULL;
}

static void test_two_threads(void **state)
{
	struct stress stress = { 0 };
	struct seen seen = { 0 };
	pthread_t thread;

	assert_ok(event_ring_create(RING_BYTES, &stress.ring));
	assert_int_equal(pthread_create(&thread, NULL, produce, &stress), 0);
	while (!atomic_load(&stress.done))
		if (!event_ring_drain(stress.ring, 97, see, &seen))
			sched_yield();
	pthread_join(thread, NULL);
	event_ring_drain(stress.ring, UINT32_MAX, see, &seen);
	assert_false(event_ring_pending(stress.ring));
	/* Everything is either here or counted, and all three counts agree. */
	assert_int_equal(seen.events + seen.drops, STRESS);
	assert_int_equal(seen.drops, stress.dropped);
	assert_int_equal(event_ring_drops(stress.ring), stress.dropped);
	assert_int_equal(seen.next + seen.dropped, STRESS);
	event_ring_destroy(stress.ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_two_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `mmu` on a real VM: memory of its process that goes is a range, in sums and as an event. */
#include "tests/lib/live.h"

#include <sys/mman.h>

#include "probes/bpf/mmu.h"
#include "probes/probe.h"
#include "probes/sums.h"

#define RANGE (2u << 20)

static const uint8_t code[] = { 0x90, 0xf4 }; /* nop; hlt */

static uint64_t ranges_of_size(struct event_store *store, uint64_t size)
{
	uint64_t n = 0;

	for (uint64_t i = event_store_first(store); i < event_store_end(store); i++) {
		const struct event *event = event_store_get(store, i);
		const struct schema *schema = event_store_schema(store, event->schema);
		uint64_t start, end;

		if (strcmp(schema->name, "mmu.range") && strcmp(schema->name, "mmu.unmap"))
			continue;
		assert_true(field_read(schema_field(schema, "start", NULL), event->payload, event->payload_len, &start));
		assert_true(field_read(schema_field(schema, "end", NULL), event->payload, event->payload_len, &end));
		n += end - start == size;
	}
	return n;
}

static void test_ranges(void **state)
{
	struct probe_options options = { .events = true, .tgid = getpid() };
	struct probe_schemas schemas;
	struct event_store *store;
	struct probe_run *run;
	struct error *error;
	struct hist before;
	struct live g;
	char *memory;

	assert_ok(event_store_create(1 << 20, &store));
	assert_ok(probe_schemas_load(&schemas, "mmu"));
	for (size_t i = 0; i < schemas.list.len; i++)
		assert_ok(event_store_add_schema(store, &schemas.list.data[i]->schema));
	error = probe_run_create(probe_find("mmu"), &options, &schemas, store, &run);
	if (error) {
		printf("skipped: %s\n", error_message(error));
		fflush(stdout);
		_exit(77);
	}
	live_start(&g, FLAT_LONG, code, sizeof(code));
	memory = mmap(NULL, RANGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(memory != MAP_FAILED);
	memset(memory, 1, RANGE);
	before = sums_of(run, MMU_RANGE);
	assert_int_equal(madvise(memory, RANGE, MADV_DONTNEED), 0);
	assert_true(sums_of(run, MMU_RANGE).count > before.count);
	assert_true(sums_of(run, MMU_RANGE).total >= before.total + RANGE);
	reader_drain(run->reader);
	assert_true(ranges_of_size(store, RANGE) > 0);
	munmap(memory, RANGE);
	live_end(&g);
	probe_run_destroy(run);
	event_store_destroy(store);
	probe_schemas_deinit(&schemas);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_ranges) };

	live_need_kvm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

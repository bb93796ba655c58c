/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Any bytes as a stream of event records: stored or counted as dropped, printed without reading outside. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/out.h"
#include "core/event/store.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void print_all(const struct event_store *store, struct out *out)
{
	for (uint64_t n = event_store_first(store); n < event_store_end(store); n++) {
		const struct event *event = event_store_get(store, n);
		const struct schema *schema = event_store_schema(store, event->schema);
		struct event_field_ctx ctx = { schema, event };

		event_print(out, event, schema, 1000);
		for (unsigned i = 0; i < schema->nfields + 2; i++) {
			uint64_t v;

			event_env_field(&ctx, i, &v);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct event_store *store;
	struct error *error = event_store_create(4096, &store);

	if (error)
		abort();
	while (size >= sizeof(struct event)) {
		/* An exact copy, so that a read past the record is seen. */
		struct event *event = malloc(EVENT_SIZE_MAX);
		size_t len = size < EVENT_SIZE_MAX ? size : EVENT_SIZE_MAX;

		memset(event, 0, EVENT_SIZE_MAX);
		memcpy(event, data, len);
		uint64_t end = event_store_end(store);

		event_store_put(store, event);
		if (event_store_end(store) != end + 1)
			abort();
		len = event->size >= sizeof(*event) && event->size < len ? event->size : len;
		data += len;
		size -= len;
		free(event);
	}
	struct out *out = out_create_capture();

	print_all(store, out);
	out_destroy(out);
	event_store_destroy(store);
	return 0;
}

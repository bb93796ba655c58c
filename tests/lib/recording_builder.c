/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/recording_builder.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/record/bytes.h"

static uint64_t noise(uint64_t i, unsigned salt)
{
	uint64_t x = i * 0x9e3779b97f4a7c15ULL + salt * 0xbf58476d1ce4e5b9ULL;

	x ^= x >> 31;
	x *= 0x94d049bb133111ebULL;
	return x ^ x >> 29;
}

static void finish(union built_event *e, uint32_t schema, uint64_t time, const void *payload, size_t len)
{
	memset(e, 0, sizeof(*e));
	e->event.time_ns = time;
	e->event.schema = schema;
	e->event.size = (uint16_t)align_up(sizeof(struct event) + len, 8);
	e->event.vm = 1;
	e->event.payload_len = (uint32_t)len;
	memcpy(e->event.payload, payload, len);
}

static void build_io(uint64_t i, uint64_t time, union built_event *e)
{
	static const uint16_t ports[] = { 0x3f8, 0x3fd, 0x80, 0xcf8, 0xe9 };
	struct vmm_exit_io io = {
		.pc = 0xffffffff81000000ULL + noise(i, 2) % 23 * 16, .handle_ns = 700 + noise(i, 3) % 900,
		.port = ports[noise(i, 4) % ARRAY_SIZE(ports)], .size = 1, .write = noise(i, 5) & 1,
		.count = 1, .value = noise(i, 6) & 0xff,
	};

	finish(e, VMM_EXIT_IO, time, &io, sizeof(io));
}

void build_event(uint64_t i, unsigned cpus, union built_event *e)
{
	uint64_t time = 1000000000ULL + i * 1000 + noise(i, 1) % 400, pick = noise(i, 7) % 100;
	unsigned vcpu = (unsigned)(noise(i, 8) % cpus);

	if (pick < 60) {
		build_io(i, time, e);
	} else if (pick < 90) {
		struct vmm_exit_mmio mmio = {
			.pc = 0xffffffff81200000ULL + noise(i, 2) % 11 * 8, .handle_ns = 1500 + noise(i, 3) % 2000,
			.gpa = 0xfee00000 + noise(i, 4) % 8 * 16, .value = noise(i, 6) & 0xffff, .len = 4,
			.write = noise(i, 5) & 1,
		};

		finish(e, VMM_EXIT_MMIO, time, &mmio, sizeof(mmio));
	} else if (pick < 97) {
		struct vmm_stop stop = { .pc = noise(i, 2), .reason = 1, .steps = i };

		finish(e, VMM_STOP, time, &stop, sizeof(stop));
	} else if (pick < 99) {
		struct vmm_console c = { .port = 0, .len = (uint16_t)(1 + noise(i, 9) % 40) };

		memset(c.data, 'a' + (int)(i % 26), c.len);
		finish(e, VMM_CONSOLE, time, &c, offsetof(struct vmm_console, data) + c.len);
		vcpu = EVENT_NO_VCPU;
	} else {
		struct vmm_device d = { .device = "uart0", .what = 3, .a = noise(i, 2), .b = i };

		finish(e, VMM_DEVICE, time, &d, sizeof(d));
	}
	e->event.vcpu = (uint16_t)vcpu;
	e->event.cpu = vcpu == EVENT_NO_VCPU ? UINT32_MAX : vcpu;
	e->event.tid = 4000 + vcpu % cpus;
	e->event.flags = pick == 98;
}

void build_regular_event(uint64_t i, union built_event *e)
{
	struct vmm_exit_io io = {
		.pc = 0x100013, .handle_ns = 800 + noise(i, 3) % 60, .port = 0x80, .size = 1, .write = 1,
		.count = 1, .value = i & 0xff,
	};

	finish(e, VMM_EXIT_IO, 1000000000ULL + i * 1000 + noise(i, 1) % 60, &io, sizeof(io));
	e->event.tid = 4000;
}

void build_recording(const char *path, unsigned n)
{
	struct recorder_options options = { .path = path, .overwrite = true, .meta = "title=built\narch=x86_64\n" };
	struct recorder *r;
	struct bytes out = { 0 };

	if (strncmp(path, "/proc/", 6))
		unlink(path);
	if (recorder_create(&options, &r))
		abort();
	for (unsigned i = 0; i < n; i++) {
		union built_event e;

		build_event(i, 2, &e);
		recorder_event(r, &e.event, &vmm_schemas[e.event.schema]);
	}
	recorder_put(r, VMS_REC_NOTE, 1000000500, "here\0a note", 11);
	record_frame(&out, VMS_REC_STATE, 1000000600, "\6\0\0\0\0\0\0\0state", 13);
	recorder_put_block(r, VMS_BLOCK_SNAPSHOT, 1000000600, 1000000600, 1, out.data, out.len);
	bytes_deinit(&out);
	recorder_destroy(r, NULL);
}

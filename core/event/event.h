/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event ABI: one record everywhere (rings, store, file): this header, then a payload by schema. */
#pragma once

#include <stdint.h>

#include "core/event/schema.h"

struct event {
	uint64_t time_ns;	/* CLOCK_MONOTONIC */
	uint32_t schema;	/* id in the registry of the store, ring or file */
	uint16_t size;		/* header and payload, multiple of 8 */
	uint16_t flags;
	uint32_t cpu;		/* host CPU, ~0 unknown */
	uint32_t tid;		/* host thread */
	uint16_t vm;		/* 1 is the VM of the session; 0 none */
	uint16_t vcpu;		/* EVENT_NO_VCPU: none */
	uint32_t payload_len;	/* bytes of the payload that are meant, before padding */
	uint8_t payload[];
} __attribute__((aligned(8)));

#define EVENT_NO_VCPU 0xffff
#define EVENT_SIZE_MAX 512	/* a record never exceeds this */

_Static_assert(sizeof(struct event) == 32, "event header layout is ABI");

/* The VMM's own schemas (core/event/vmm_events.def): ids are their position in the list. */
enum vmm_event {
#define VMM_EVENT(id, name, help, ...) VMM_##id,
#include "core/event/vmm_events.def"
#undef VMM_EVENT
	VMM_EVENT_COUNT
};
extern const struct schema vmm_schemas[VMM_EVENT_COUNT];

/* Payloads of the VMM's events, as the table describes them. */
#include "core/event/vmm_payloads.h"

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A condition over event fields that the kernel decides: comparisons of fields with numbers, joined by &&.
 * They become constants of the programs before loading, so the verifier drops what does not apply and an
 * event that does not pass is never told. An event without one of the fields does not pass.
 */
#pragma once

#include "core/base/error.h"
#include "probes/schema.h"

#define EVENT_CHECKS_MAX 8

/* struct event_check of probes/bpf/common.bpf.h. */
struct event_check {
	uint64_t value;
	uint32_t type;		/* BTF id of the event's struct; 0: none */
	uint16_t offset;
	uint8_t size;		/* of the field; 0: no event of this type passes */
	uint8_t op;
};

enum { CHECK_EQ, CHECK_NE, CHECK_LT, CHECK_LE, CHECK_GT, CHECK_GE };
#define CHECK_SIGNED 0x80	/* or'ed to the operator */

/* "ns > 20us && reason == 0x7b". */
struct error *event_checks_parse(const char *text, const struct probe_schemas *schemas,
				 struct event_check ret[EVENT_CHECKS_MAX]);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Segment and gate descriptors (SDM vol. 3A 3.4.5, 3.5, 6.14), for the GDT and IDT views. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/arch/x86_64.h"

struct x86_desc {
	uint64_t base;
	uint32_t limit;		/* in bytes, granularity applied */
	uint8_t type, dpl;
	bool s, p, avl, l, db, g;
	bool wide;		/* 16 bytes: system descriptor in long mode */
};

struct x86_gate {
	uint64_t offset;
	uint16_t selector;
	uint8_t type, dpl, ist;
	bool p, s;
};

/* 8 bytes at @raw, 16 when the descriptor is @wide (the caller asks x86_desc_is_wide first). */
struct x86_desc x86_desc_decode(const uint8_t *raw, bool wide);
/* In long mode system descriptors (LDT, TSS, call gates) have 16 bytes. */
bool x86_desc_is_wide(const uint8_t *raw, bool long_mode);
bool x86_desc_is_gate(const struct x86_desc *d);
/* "code64 execute/read", "data read/write", "TSS64 busy", ... */
const char *x86_desc_type(const struct x86_desc *d, bool long_mode, char *buf, size_t size);

/* 8 bytes, 16 in long mode. */
struct x86_gate x86_gate_decode(const uint8_t *raw, bool long_mode);
/* "interrupt32", "trap64", "task"; NULL when the type is no gate of an IDT. */
const char *x86_gate_type(const struct x86_gate *g, bool long_mode);

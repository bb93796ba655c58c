/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/x86_desc.h"

#include <stdio.h>

#include "core/base/bits.h"

bool x86_desc_is_wide(const uint8_t *raw, bool long_mode)
{
	uint8_t type = raw[5] & 0x1f; /* type and S */

	return long_mode && (type == 2 || type == 9 || type == 11 || type == 12);
}

struct x86_desc x86_desc_decode(const uint8_t *raw, bool wide)
{
	uint64_t v = le64_read(raw);
	struct x86_desc d = {
		.base = FIELD(v, 39, 16) | FIELD(v, 63, 56) << 24,
		.limit = FIELD(v, 15, 0) | FIELD(v, 51, 48) << 16,
		.type = FIELD(v, 43, 40), .s = v & BIT(44), .dpl = FIELD(v, 46, 45), .p = v & BIT(47),
		.avl = v & BIT(52), .l = v & BIT(53), .db = v & BIT(54), .g = v & BIT(55), .wide = wide,
	};

	if (d.g)
		d.limit = d.limit << 12 | 0xfff;
	if (wide)
		d.base |= (uint64_t)le32_read(raw + 8) << 32;
	return d;
}

bool x86_desc_is_gate(const struct x86_desc *d)
{
	return !d->s && (d->type == 4 || d->type == 5 || d->type == 6 || d->type == 7 || d->type == 12 ||
			 d->type == 14 || d->type == 15);
}

static const char *system_name(unsigned type, bool long_mode)
{
	static const char *const legacy[16] = {
		[1] = "TSS16", [2] = "LDT", [3] = "TSS16 busy", [4] = "call gate16", [5] = "task gate",
		[6] = "interrupt gate16", [7] = "trap gate16", [9] = "TSS32", [11] = "TSS32 busy",
		[12] = "call gate32", [14] = "interrupt gate32", [15] = "trap gate32",
	};
	static const char *const wide[16] = {
		[2] = "LDT", [9] = "TSS64", [11] = "TSS64 busy", [12] = "call gate64",
		[14] = "interrupt gate64", [15] = "trap gate64",
	};
	const char *name = long_mode ? wide[type & 15] : legacy[type & 15];

	return name ? name : "reserved";
}

const char *x86_desc_type(const struct x86_desc *d, bool long_mode, char *buf, size_t size)
{
	if (!d->s) {
		snprintf(buf, size, "%s", system_name(d->type, long_mode));
	} else if (d->type & 8) {
		snprintf(buf, size, "code%s execute%s%s%s", d->l ? "64" : d->db ? "32" : "16",
			 d->type & 2 ? "/read" : "", d->type & 4 ? " conforming" : "",
			 d->type & 1 ? " accessed" : "");
	} else {
		snprintf(buf, size, "data%s read%s%s%s", d->db ? "32" : "16", d->type & 2 ? "/write" : "",
			 d->type & 4 ? " expand-down" : "", d->type & 1 ? " accessed" : "");
	}
	return buf;
}

struct x86_gate x86_gate_decode(const uint8_t *raw, bool long_mode)
{
	uint64_t v = le64_read(raw);
	struct x86_gate g = {
		.offset = FIELD(v, 15, 0) | FIELD(v, 63, 48) << 16, .selector = FIELD(v, 31, 16),
		.type = FIELD(v, 43, 40), .s = v & BIT(44), .dpl = FIELD(v, 46, 45), .p = v & BIT(47),
	};

	if (long_mode) {
		g.ist = FIELD(v, 34, 32);
		g.offset |= (uint64_t)le32_read(raw + 8) << 32;
	}
	return g;
}

const char *x86_gate_type(const struct x86_gate *g, bool long_mode)
{
	if (g->s)
		return NULL;
	switch (g->type) {
	case 5: return long_mode ? NULL : "task";
	case 6: return long_mode ? NULL : "interrupt16";
	case 7: return long_mode ? NULL : "trap16";
	case 14: return long_mode ? "interrupt64" : "interrupt32";
	case 15: return long_mode ? "trap64" : "trap32";
	default: return NULL;
	}
}

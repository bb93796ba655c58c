/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of a table. Private to core/probe. */
#pragma once

#include "core/probe/table.h"

struct table_key {
	bool is_text, is_signed;
	uint64_t num;
	char *text;	/* as shown */
};

struct table_row {
	uint64_t hash;
	struct table_key keys[PROGRAM_KEYS_MAX];
	struct table_cell cell;
};

struct table {
	char *name;
	struct table_kind kind;
	VEC(struct table_row *) rows;
	uint32_t *index;	/* row + 1, 0 free; open addressing, a power of two in size */
	size_t nindex;
	uint64_t lost;
};

int64_t table_row_value(const struct table *t, const struct table_row *row);

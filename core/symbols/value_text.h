/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values as text: what is the same whether the types come from DWARF or BTF. Private to core/symbols. */
#pragma once

#include "core/arch/arch.h"
#include "core/base/text.h"
#include "core/symbols/symbols.h"

/* Of an array; of a structure in one line. */
#define VALUE_ELEMENTS_MAX 16
/* Of a structure in lines. */
#define VALUE_LINES_MAX 2048
#define VALUE_NESTING_MAX 3

struct value_text {
	const struct symbols *syms;
	const struct mem_reader *mem;
	bool big_endian;
	bool lines;		/* each member of the outermost structure gets a line */
	size_t limit;		/* nothing is begun behind so many bytes */
	struct text *text;
};

bool value_text_full(const struct value_text *to);
/* Before member @i of a structure at depth @nesting; false: no more fit, and that has been said. */
bool value_text_next(const struct value_text *to, unsigned i, unsigned nesting);
/* " 'x'" when it is a printable character. */
void value_text_char(const struct value_text *to, uint64_t v);
void value_text_unreadable(const struct value_text *to, uint64_t addr);
/* An array of characters that holds text, padded by zeros; false when it is anything else. */
bool value_text_array(const struct value_text *to, uint64_t addr, uint64_t n);
/* With the symbol there, and the characters a char pointer points at. */
void value_text_pointer(const struct value_text *to, uint64_t v, bool to_char);

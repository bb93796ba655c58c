/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of core/symbols share: the symbol index, loaded objects, their line tables. */
#pragma once

#include <elfutils/libdw.h>
#include <libelf.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/base/vec.h"
#include "core/symbols/symbols.h"

struct type_index;
struct btf;
struct orc;

struct symbol_entry {
	const char *name;	/* borrowed from the ELF file, or from symbols.names */
	const char *object;
	uint64_t addr, size;
	uint64_t end;		/* first address it is no longer near: of unsized ones a guess */
	uint8_t type;		/* enum symbol_type */
	uint8_t local_entry;	/* see struct symbol */
	uint8_t rank;		/* which of several at an address or of a name to prefer */
	bool is_module;		/* @object is a module of a guest's kernel */
	bool is_constant;	/* an assembler's constant: found by name only */
};

struct line_row {
	uint64_t start, end;	/* as linked; equal when more rows follow at the same address */
	const char *file;	/* borrowed from libdw or from line_table.paths */
	uint32_t line;
	bool is_stmt, prologue_end;
};

/* A compilation unit; its rows are decoded when somebody asks for an address or a line in it. */
struct line_unit {
	Dwarf_Die die;
	bool loaded;
	bool is_asm, is_optimized;
	VEC(struct line_row) rows;	/* by start, then in the order of the line program */
};

struct address_range {
	uint64_t lo, hi;
	uint32_t unit;
};

struct line_table {
	bool scanned;
	VEC(struct line_unit) units;
	VEC(struct address_range) ranges;	/* by lo */
	uint64_t *max_hi;			/* highest hi of ranges[0..i] */
	VEC(char *) paths;
};

struct symbol_object {
	char *name;
	int64_t offset;
	int fd;			/* -1: from memory */
	uint64_t file_size;
	Elf *elf;
	bool is_elfv2;		/* 64-bit POWER, its ELF V2 ABI */
	Dwarf *dwarf;		/* NULL: no debug info */
	VEC(struct address_range) code; /* its executable sections, as linked */
	struct line_table lines;
	Dwarf_CFI *eh_frame, *debug_frame; /* unwind.c's, NULL: none or not yet looked for */
	bool cfi_tried;
};

/* Sorted views of symbols.entries, rebuilt by the first lookup after a change. */
struct symbol_index {
	bool valid;
	uint32_t *by_name;	/* indices of entries */
	uint32_t *by_addr;
	size_t naddrs;
	uint64_t *max_end;	/* highest end of by_addr[0..i]: where a search backwards may stop */
};

struct source_file {
	char *name;		/* as asked for */
	char *data;		/* NULL: could not be read */
	VEC(const char *) lines;
};

/* Symbols that come and go together: of a guest's kernel, of one of its modules. */
struct symbol_set {
	char *object;		/* entries are told by this pointer; NULL: the place is free */
	VEC(char *) names;
};

struct symbols {
	VEC(struct symbol_entry) entries;
	VEC(struct symbol_set) sets;
	VEC(struct symbol_object *) objects;
	VEC(char *) names;	/* of symbols_add() */
	struct symbol_index *index; /* apart, since lookups build it: all calls are the main thread's */
	VEC(struct source_file) sources;
	VEC(char *) source_dirs;
	size_t last_source;	/* found last: panels ask line after line */
	VEC(struct btf *) btf;	/* NULL: removed */
	const struct orc *orc;	/* a guest kernel's, NULL: none */
	struct type_index **types; /* types_index.c's, NULL in it: not built; apart as @index is */
};

void symbol_object_destroy(struct symbol_object *object);
/* The row of call frame information for @addr (as linked), to be freed, or NULL. */
Dwarf_Frame *symbol_object_cfi(struct symbol_object *object, uint64_t addr);
/* Its compilation units, listed. */
struct line_table *symbol_object_lines(struct symbol_object *object);
/* The compilation unit whose code is at @addr (as linked). */
bool symbol_object_unit(struct symbol_object *object, uint64_t addr, Dwarf_Die *ret);
uint8_t symbol_rank(enum symbol_type type, bool has_size, bool is_global);

void line_table_deinit(struct line_table *lines);
void source_cache_deinit(struct symbols *syms);

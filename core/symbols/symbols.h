/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Address <-> name <-> source line, over all loaded objects (ELF by libelf, lines by libdw). An object
 * may be loaded with an offset. Files are hostile: everything is bounded and checked.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct symbols;

enum symbol_type { SYMBOL_FUNC, SYMBOL_OBJECT, SYMBOL_OTHER };

struct symbol {
	const char *name;	/* borrowed from the symbols object */
	uint64_t addr, size;
	enum symbol_type type;
	uint8_t local_entry;	/* bytes from @addr to where callers of the same module enter (ELFv2, POWER) */
	const char *object;	/* name of the file or module it came from */
	bool is_module;		/* @object is a module of a guest's kernel */
};

struct source_line {
	const char *file;	/* path as in the debug info, absolute when it can be made so */
	unsigned line;
	uint64_t start, end;	/* addresses of this line-table row run: [start, end) */
	bool is_stmt;		/* a statement begins at @start: a good place to stop */
};

struct symbols *symbols_create(void);
void symbols_destroy(struct symbols *syms);

/* Loads symbols and line tables of an ELF file (or of @data, kept referenced until destroy), each
 * address plus @offset. @ret_count: symbols added. Debug info missing is not an error. */
struct error *symbols_load_elf(struct symbols *syms, const char *path, int64_t offset, size_t *ret_count);
struct error *symbols_load_elf_mem(struct symbols *syms, const char *name, const void *data, size_t len,
				   int64_t offset, size_t *ret_count);
void symbols_add(struct symbols *syms, const char *name, uint64_t addr, uint64_t size, enum symbol_type type);

/* Symbols that can be taken away again: a set belongs to a guest's kernel ("") or to a module of it, whose
 * name symbols_format() then adds: "lo_ioctl+0x10 [loop]". */
unsigned symbols_set_create(struct symbols *syms, const char *object);
/* @is_alias: another of the set's at that address is the better name. */
void symbols_set_add(struct symbols *syms, unsigned set, const char *name, uint64_t addr, uint64_t size,
		     enum symbol_type type, bool is_alias);
void symbols_set_remove(struct symbols *syms, unsigned set);
/* As symbols_by_name(), of one object only. */
bool symbols_by_name_in(const struct symbols *syms, const char *name, const char *object,
			struct symbol *ret);

/* By exact name; by address: the symbol that covers it (or the nearest one below within 64 KiB whose
 * size is 0), *ret_off the distance. */
bool symbols_by_name(const struct symbols *syms, const char *name, struct symbol *ret);
bool symbols_by_addr(const struct symbols *syms, uint64_t addr, struct symbol *ret, uint64_t *ret_off);
/* "main+0x10", "lo_ioctl+0x10 [loop]" into @buf; false (and "" in it) when nothing is near. */
bool symbols_format(const struct symbols *syms, uint64_t addr, char *buf, size_t size);
/* Names that start with @prefix, in name order, until @fn returns false: completion, `info symbols`. */
void symbols_each_prefix(const struct symbols *syms, const char *prefix,
			 bool (*fn)(void *ctx, const struct symbol *sym), void *ctx);

bool symbols_line_by_addr(const struct symbols *syms, uint64_t addr, struct source_line *ret);
/* "file.c:12" (file matched by its last components): address of the first statement there, or of the
 * next line that has code (*ret_line tells which). */
struct error *symbols_addr_by_line(const struct symbols *syms, const char *file, unsigned line,
				   uint64_t *ret_addr, unsigned *ret_line);
/* First address after a function's prologue by its line table; the function's start when unknown. */
uint64_t symbols_after_prologue(const struct symbols *syms, uint64_t func_addr);

/* Lines of a source file, cached; NULL when it can not be read (also searched below `directories`). */
const char *symbols_source_text(struct symbols *syms, const char *file, unsigned line);
void symbols_add_source_dir(struct symbols *syms, const char *dir);
/* Type information beside debug info's (core/symbols/btf.h); takes @btf. The number is for removing. */
struct btf;
unsigned symbols_add_btf(struct symbols *syms, struct btf *btf);
void symbols_remove_btf(struct symbols *syms, unsigned table);
/* The first one that is there, a kernel's; NULL: none. */
const struct btf *symbols_btf(const struct symbols *syms);
/* A kernel's own unwind tables (core/symbols/orc.h), borrowed; NULL: no more. */
struct orc;
void symbols_set_orc(struct symbols *syms, const struct orc *orc);
size_t symbols_count(const struct symbols *syms);

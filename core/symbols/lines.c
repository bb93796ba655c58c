/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses and source lines. Units are listed once per object with the address ranges they claim; the
 * rows of a unit are decoded when an address or a file in it is asked for, and kept, sorted.
 */
#include "core/symbols/symbols.h"

#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "core/symbols/internal.h"

/* More units than any kernel has. */
#define UNITS_MAX (1 << 20)
/* Units may share lists of ranges: made-up files have the product of both. A kernel has a few million. */
#define RANGES_MAX (16 << 20)
/* Overlapping ranges or rows looked through for one address; only made-up files have more. */
#define OVERLAP_MAX 256

void line_table_deinit(struct line_table *lines)
{
	for (size_t i = 0; i < lines->units.len; i++)
		vec_free(&lines->units.data[i].rows);
	for (size_t i = 0; i < lines->paths.len; i++)
		free(lines->paths.data[i]);
	vec_free(&lines->units);
	vec_free(&lines->ranges);
	vec_free(&lines->paths);
	free(lines->max_hi);
	*lines = (struct line_table){ 0 };
}

/* Whether code can be at @addr: what a linker threw away keeps its lines, at address 0. */
static bool is_code(const struct symbol_object *object, uint64_t addr)
{
	for (size_t i = 0; i < object->code.len; i++)
		if (addr >= object->code.data[i].lo && addr < object->code.data[i].hi)
			return true;
	return object->code.len == 0;
}

static void add_range(struct symbol_object *object, uint32_t unit, uint64_t lo, uint64_t hi)
{
	if (lo < hi && is_code(object, lo))
		vec_push(&object->lines.ranges,
			 (struct address_range){ .lo = lo, .hi = hi, .unit = unit });
}

/* ---- rows of one unit ------------------------------------------------------------------------ */

/* Paths as absolute as they can be made; row after row names the same few files. */
static const char *full_path(struct line_table *lines, struct line_unit *unit, const char *path,
			     const char **last, const char **last_full)
{
	Dwarf_Attribute attr;
	const char *dir;

	if (path == *last)
		return *last_full;
	*last = *last_full = path;
	dir = path[0] == '/' ? NULL : dwarf_formstring(dwarf_attr(&unit->die, DW_AT_comp_dir, &attr));
	if (dir && dir[0]) {
		char *full = xasprintf("%s/%s", dir, path[0] == '.' && path[1] == '/' ? path + 2 : path);

		vec_push(&lines->paths, full);
		*last_full = full;
	}
	return *last_full;
}

static int compare_rows(const void *pa, const void *pb)
{
	const struct line_row *a = pa, *b = pb;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	/* Empty rows come before the one with the code. */
	return (a->end > b->end) - (a->end < b->end);
}

static void read_rows(struct symbol_object *object, struct line_unit *unit)
{
	const char *last = NULL, *last_full = NULL;
	bool sorted = true;
	Dwarf_Lines *lines;
	size_t n;

	unit->loaded = true;
	if (dwarf_getsrclines(&unit->die, &lines, &n))
		return;
	for (size_t i = 0; i + 1 < n; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
		Dwarf_Addr start, end;
		bool is_end, is_stmt, prologue_end;
		int number;
		const char *path;

		if (dwarf_lineendsequence(line, &is_end) || is_end || dwarf_lineaddr(line, &start) ||
		    dwarf_lineaddr(next, &end) || end < start || dwarf_lineno(line, &number) ||
		    dwarf_linebeginstatement(line, &is_stmt) ||
		    dwarf_lineprologueend(line, &prologue_end))
			continue;
		path = dwarf_linesrc(line, NULL, NULL);
		if (!path || number <= 0 || !is_code(object, start))
			continue;
		if (unit->rows.len && unit->rows.data[unit->rows.len - 1].start > start)
			sorted = false;
		vec_push(&unit->rows, (struct line_row){
			.start = start, .end = end, .line = number, .is_stmt = is_stmt,
			.prologue_end = prologue_end,
			.file = full_path(&object->lines, unit, path, &last, &last_full) });
	}
	if (!sorted)
		qsort(unit->rows.data, unit->rows.len, sizeof(*unit->rows.data), compare_rows);
}

static void unit_load(struct symbol_object *object, struct line_unit *unit)
{
	if (!unit->loaded)
		read_rows(object, unit);
}

/* ---- units of one object --------------------------------------------------------------------- */

/* GCC writes its options there; other compilers mark the end of prologues instead. */
static bool is_optimized(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *s = dwarf_formstring(dwarf_attr(die, DW_AT_producer, &attr));

	while (s && (s = strstr(s, " -O"))) {
		s += 3;
		if (*s != '0' && *s != 'g')
			return true;
	}
	return false;
}

static void scan_unit(struct symbol_object *object, Dwarf_Die *die)
{
	struct line_table *lines = &object->lines;
	uint32_t index = lines->units.len;
	size_t before = lines->ranges.len;
	Dwarf_Addr base, lo, hi;
	ptrdiff_t at = 0;

	vec_push(&lines->units, (struct line_unit){
		.die = *die, .is_asm = dwarf_srclang(die) == DW_LANG_Mips_Assembler,
		.is_optimized = is_optimized(die) });
	while (lines->ranges.len < RANGES_MAX && (at = dwarf_ranges(die, at, &base, &lo, &hi)) > 0)
		add_range(object, index, lo, hi);
	if (lines->ranges.len > before)
		return;
	/* A unit that does not say where it is: its rows do. */
	struct line_unit *unit = &lines->units.data[index];
	unit_load(object, unit);
	for (size_t i = 0; i < unit->rows.len; i++) {
		const struct line_row *row = &unit->rows.data[i];
		struct address_range *last = lines->ranges.len > before
						     ? &lines->ranges.data[lines->ranges.len - 1]
						     : NULL;

		if (last && last->hi == row->start)
			last->hi = row->end;
		else
			add_range(object, index, row->start, row->end);
	}
}

static int compare_ranges(const void *pa, const void *pb)
{
	const struct address_range *a = pa, *b = pb;

	return (a->lo > b->lo) - (a->lo < b->lo);
}

struct line_table *symbol_object_lines(struct symbol_object *object)
{
	struct line_table *lines = &object->lines;
	Dwarf_CU *cu = NULL;
	Dwarf_Die die;
	uint64_t max = 0;

	if (lines->scanned)
		return lines;
	lines->scanned = true;
	while (object->dwarf && lines->units.len < UNITS_MAX &&
	       dwarf_get_units(object->dwarf, cu, &cu, NULL, NULL, &die, NULL) == 0) {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_compile_unit || tag == DW_TAG_skeleton_unit)
			scan_unit(object, &die);
	}
	if (lines->ranges.len)
		qsort(lines->ranges.data, lines->ranges.len, sizeof(*lines->ranges.data), compare_ranges);
	lines->max_hi = xcalloc(lines->ranges.len + 1, sizeof(*lines->max_hi));
	for (size_t i = 0; i < lines->ranges.len; i++) {
		max = lines->ranges.data[i].hi > max ? lines->ranges.data[i].hi : max;
		lines->max_hi[i] = max;
	}
	return lines;
}

/* The row that covers @addr (as linked) in @unit. */
static const struct line_row *unit_row_at(struct symbol_object *object, struct line_unit *unit,
					  uint64_t addr)
{
	size_t lo = 0, hi;

	unit_load(object, unit);
	hi = unit->rows.len;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (unit->rows.data[mid].start <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo, steps = 0; i-- > 0 && steps < OVERLAP_MAX; steps++)
		if (unit->rows.data[i].end > addr)
			return &unit->rows.data[i];
	return NULL;
}

static const struct line_row *row_at(struct symbol_object *object, uint64_t addr,
				     struct line_unit **ret_unit)
{
	struct line_table *lines = symbol_object_lines(object);
	size_t lo = 0, hi = lines->ranges.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (lines->ranges.data[mid].lo <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (size_t i = lo, steps = 0; i-- > 0 && steps < OVERLAP_MAX; steps++) {
		const struct address_range *range = &lines->ranges.data[i];
		const struct line_row *row;

		if (lines->max_hi[i] <= addr)
			break;
		if (range->hi <= addr)
			continue;
		row = unit_row_at(object, &lines->units.data[range->unit], addr);
		if (row) {
			*ret_unit = &lines->units.data[range->unit];
			return row;
		}
	}
	return NULL;
}

bool symbol_object_unit(struct symbol_object *object, uint64_t addr, Dwarf_Die *ret)
{
	struct line_unit *unit;

	if (!row_at(object, addr, &unit))
		return false;
	*ret = unit->die;
	return true;
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Code an optimizer moved here belongs to no statement; one that begins at the same place is what a reader
 * expects to see. */
static const struct line_row *shown_row(const struct line_unit *unit, const struct line_row *row)
{
	const struct line_row *r = row;

	while (!r->is_stmt && r > unit->rows.data && r[-1].start == row->start)
		r--;
	return r->is_stmt ? r : row;
}

bool symbols_line_by_addr(const struct symbols *syms, uint64_t addr, struct source_line *ret)
{
	for (size_t i = 0; i < syms->objects.len; i++) {
		struct symbol_object *object = syms->objects.data[i];
		const struct line_row *row, *shown, *first, *last;
		struct line_unit *unit;

		row = row_at(object, addr - object->offset, &unit);
		if (!row)
			continue;
		shown = shown_row(unit, row);
		/* Rows of the same line that touch are one piece of code to people. */
		for (first = row; first > unit->rows.data && first[-1].end == first->start &&
				  first[-1].line == shown->line && first[-1].file == shown->file;)
			first--;
		for (last = row; last + 1 < unit->rows.data + unit->rows.len &&
				 last[1].start == last->end && last[1].line == shown->line &&
				 last[1].file == shown->file;)
			last++;
		*ret = (struct source_line){ .file = shown->file, .line = shown->line,
					     .start = first->start + object->offset,
					     .end = last->end + object->offset,
					     .is_stmt = first->is_stmt || (shown->is_stmt &&
									   shown->start == first->start) };
		return true;
	}
	return false;
}

/* @tail names the file by its last components: demo.c, src/demo.c, /src/demo.c. */
static bool path_matches(const char *path, const char *tail)
{
	size_t n = strlen(path), m = strlen(tail);

	return m <= n && memcmp(path + n - m, tail, m) == 0 &&
	       (m == n || path[n - m - 1] == '/' || tail[0] == '/');
}

struct line_search {
	const char *file;
	unsigned line;
	const struct line_row *best;	/* lowest line from @line on, there the lowest address */
	int64_t offset;			/* of its object */
	const struct line_row *last;	/* highest line of the file, for the error */
	const char *seen;		/* path compared last, and the result */
	bool seen_matches;
};

static void search_unit(struct line_search *search, struct symbol_object *object, struct line_unit *unit)
{
	unit_load(object, unit);
	for (size_t i = 0; i < unit->rows.len; i++) {
		const struct line_row *row = &unit->rows.data[i];

		if (row->file != search->seen) {
			search->seen = row->file;
			search->seen_matches = path_matches(row->file, search->file);
		}
		if (!search->seen_matches || !row->is_stmt)
			continue;
		if (!search->last || row->line > search->last->line)
			search->last = row;
		if (row->line < search->line ||
		    (search->best && (row->line > search->best->line ||
				      (row->line == search->best->line &&
				       row->start + object->offset >= search->best->start + search->offset))))
			continue;
		search->best = row;
		search->offset = object->offset;
	}
}

/* All units, or only those whose main file it is: headers are worth decoding everything for. */
static void search_units(const struct symbols *syms, struct line_search *search, bool main_file_only)
{
	for (size_t i = 0; i < syms->objects.len; i++) {
		struct symbol_object *object = syms->objects.data[i];
		struct line_table *lines = symbol_object_lines(object);

		for (size_t u = 0; u < lines->units.len; u++) {
			struct line_unit *unit = &lines->units.data[u];
			const char *name = dwarf_diename(&unit->die), *slash = strrchr(search->file, '/');

			if (!main_file_only ||
			    (name && path_matches(name, slash ? slash + 1 : search->file)))
				search_unit(search, object, unit);
		}
	}
}

struct error *symbols_addr_by_line(const struct symbols *syms, const char *file, unsigned line,
				   uint64_t *ret_addr, unsigned *ret_line)
{
	struct line_search search = { .file = file, .line = line };
	bool any = false;

	for (size_t i = 0; i < syms->objects.len; i++)
		any |= symbol_object_lines(syms->objects.data[i])->units.len > 0;
	if (!any)
		return error_hint(error_create(ERROR_NOT_FOUND, "no line numbers are loaded"),
				  "build the guest with -g, or load a file with debug info by "
				  "add-symbol-file");
	search_units(syms, &search, true);
	if (!search.best)
		search_units(syms, &search, false);
	if (!search.last)
		return error_create(ERROR_NOT_FOUND, "no source file named %s in the debug info", file);
	if (!search.best)
		return error_create(ERROR_NOT_FOUND,
				    "%s has no code at line %u or after it; the last line with code is %u",
				    file, line, search.last->line);
	*ret_addr = search.best->start + search.offset;
	*ret_line = search.best->line;
	return NULL;
}

/* Whether the function's parameters have one place each, on the stack: then it is not optimized, whatever
 * its unit is, and the prologue puts them there. */
static bool keeps_parameters(struct line_unit *unit, uint64_t addr)
{
	Dwarf_Die *scopes, die;
	Dwarf_Attribute attr;
	bool result = false;
	Dwarf_Op *ops;
	size_t nops;
	int n = dwarf_getscopes(&unit->die, addr, &scopes);

	for (int i = 0; i < n; i++) {
		if (dwarf_tag(&scopes[i]) != DW_TAG_subprogram)
			continue;
		if (dwarf_child(&scopes[i], &die) == 0 && dwarf_tag(&die) == DW_TAG_formal_parameter &&
		    dwarf_attr(&die, DW_AT_location, &attr) &&
		    dwarf_getlocation(&attr, &ops, &nops) == 0)
			/* Above the frame base are those the caller pushed, optimized or not. */
			result = nops && ops->atom == DW_OP_fbreg && (int64_t)ops->number < 0;
		break;
	}
	if (n > 0)
		free(scopes);
	return result;
}

uint64_t symbols_after_prologue(const struct symbols *syms, uint64_t func_addr)
{
	const struct line_row *row, *end, *second = NULL;
	struct line_unit *unit;
	struct symbol sym;
	uint64_t off, limit = UINT64_MAX, entry = func_addr;

	if (symbols_by_addr(syms, func_addr, &sym, &off) && off == 0) {
		entry += sym.local_entry;
		if (sym.size)
			limit = sym.addr + sym.size;
	}
	for (size_t i = 0; i < syms->objects.len; i++) {
		struct symbol_object *object = syms->objects.data[i];

		row = row_at(object, func_addr - object->offset, &unit);
		/* In assembly every instruction is a line; optimizers move code before the first one. */
		if (!row || row->start + object->offset != func_addr || unit->is_asm)
			continue;
		end = unit->rows.data + unit->rows.len;
		for (; row < end && row->start + object->offset < limit; row++) {
			if (row->prologue_end)
				return row->start + object->offset;
			if (!second && row->is_stmt && row->start + object->offset > func_addr)
				second = row;
			/* Without a size the function may end anywhere: look no farther. */
			if (second && limit == UINT64_MAX)
				break;
		}
		if (second && (!unit->is_optimized || keeps_parameters(unit, func_addr - object->offset)))
			return second->start + object->offset;
		break;
	}
	return entry;
}

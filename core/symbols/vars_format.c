/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of variables as text, by their DWARF types. Everything a guest or a file says is bounded. */
#include "core/symbols/vars.h"

#include <ctype.h>
#include <dwarf.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/symbols/types.h"

#define ELEMENTS_MAX 16	/* of an array, members of a struct */
#define STRING_MAX 64
#define DEPTH_MAX 3

struct format {
	const struct symbols *syms;
	const struct mem_reader *mem;
	bool big_endian;
	struct text *text;
};

static void format_at(const struct format *f, Dwarf_Die *type, uint64_t addr, unsigned depth);

static bool full(const struct format *f)
{
	return f->text->len > 1000;
}

static void format_char(const struct format *f, uint64_t v)
{
	if (v < 0x80 && isprint((int)v))
		text_printf(f->text, " '%c'", (int)v);
}

/* The characters a char pointer points at. */
static void format_string(const struct format *f, uint64_t addr)
{
	unsigned char buf[STRING_MAX];
	unsigned n;

	for (n = 0; n < sizeof(buf); n++)
		if (!f->mem->virt(f->mem->ctx, addr + n, &buf[n], 1) || buf[n] == 0)
			break;
	if (n == 0 && !f->mem->virt(f->mem->ctx, addr, buf, 1))
		return;
	text_puts(f->text, " \"");
	for (unsigned i = 0; i < n; i++) {
		if (isprint(buf[i]) && buf[i] != '"' && buf[i] != '\\')
			text_printf(f->text, "%c", buf[i]);
		else
			text_printf(f->text, "\\x%02x", buf[i]);
	}
	text_puts(f->text, n == sizeof(buf) ? "\"..." : "\"");
}

static void format_pointer(const struct format *f, Dwarf_Die *type, uint64_t v)
{
	char name[128];
	Dwarf_Die target, plain;
	Dwarf_Word size;

	text_printf(f->text, "0x%" PRIx64, v);
	if (symbols_format(f->syms, v, name, sizeof(name)))
		text_printf(f->text, " <%s>", name);
	if (v && dwarf_type_of(type, &target) && dwarf_type_peel(&target, &plain) &&
	    dwarf_tag(&plain) == DW_TAG_base_type && dwarf_aggregate_size(&plain, &size) == 0 && size == 1)
		format_string(f, v);
}

static bool format_enumerator(const struct format *f, Dwarf_Die *type, uint64_t v, unsigned bits)
{
	Dwarf_Die die;
	Dwarf_Attribute attr;
	Dwarf_Sword value;
	const char *name;

	if (dwarf_child(type, &die))
		return false;
	do {
		if (dwarf_tag(&die) != DW_TAG_enumerator ||
		    dwarf_formsdata(dwarf_attr(&die, DW_AT_const_value, &attr), &value))
			continue;
		name = dwarf_diename(&die);
		if (name && ((uint64_t)value & MASK(bits - 1, 0)) == (v & MASK(bits - 1, 0))) {
			text_printf(f->text, "%s (%" PRIu64 ")", name, v);
			return true;
		}
	} while (dwarf_siblingof(&die, &die) == 0);
	return false;
}

/* A number of at most 8 bytes whose bits are known. */
static void format_scalar(const struct format *f, Dwarf_Die *type, uint64_t v)
{
	struct variable_type t;
	Dwarf_Die plain;

	dwarf_type_describe(type, &t);
	if (!dwarf_type_peel(type, &plain) || t.size == 0 || t.size > 8) {
		text_printf(f->text, "0x%" PRIx64, v);
		return;
	}
	v &= MASK(t.size * 8 - 1, 0);
	if (t.kind == TYPE_POINTER) {
		format_pointer(f, &plain, v);
	} else if (t.kind == TYPE_INTEGER && dwarf_tag(&plain) == DW_TAG_enumeration_type) {
		if (!format_enumerator(f, &plain, v, t.size * 8))
			text_printf(f->text, "%" PRIu64, v);
	} else if (t.kind == TYPE_INTEGER && t.is_signed) {
		text_printf(f->text, "%" PRId64, sign_extend(v, t.size * 8));
		if (t.size == 1)
			format_char(f, v);
	} else if (t.kind == TYPE_INTEGER) {
		text_printf(f->text, "%" PRIu64, v);
		if (t.size == 1)
			format_char(f, v);
	} else if (t.kind == TYPE_FLOAT && t.size == 8) {
		double d;

		memcpy(&d, &v, sizeof(d));
		text_printf(f->text, "%.17g", d);
	} else if (t.kind == TYPE_FLOAT && t.size == 4) {
		uint32_t bits = v;
		float d;

		memcpy(&d, &bits, sizeof(d));
		text_printf(f->text, "%.9g", d);
	} else {
		text_printf(f->text, "0x%" PRIx64, v);
	}
}

static void format_array(const struct format *f, Dwarf_Die *array, uint64_t addr, unsigned depth)
{
	uint64_t n = dwarf_array_count(array), shown = n < ELEMENTS_MAX ? n : ELEMENTS_MAX;
	struct variable_type t;
	Dwarf_Die element;

	if (!dwarf_type_of(array, &element)) {
		text_puts(f->text, "{...}");
		return;
	}
	dwarf_type_describe(&element, &t);
	if (t.kind == TYPE_INTEGER && t.size == 1) {
		/* Arrays of characters are strings to people. */
		text_printf(f->text, "0x%" PRIx64, addr);
		format_string(f, addr);
		return;
	}
	text_puts(f->text, "{");
	for (uint64_t i = 0; i < shown && !full(f); i++) {
		if (i)
			text_puts(f->text, ", ");
		format_at(f, &element, addr + i * t.size, depth + 1);
	}
	text_puts(f->text, shown < n ? ", ...}" : "}");
}

static void format_struct(const struct format *f, Dwarf_Die *type, uint64_t addr, unsigned depth)
{
	Dwarf_Attribute attr;
	Dwarf_Die member, member_type;
	Dwarf_Word at;
	unsigned n = 0;

	text_puts(f->text, "{");
	if (dwarf_child(type, &member) == 0) {
		do {
			const char *name = dwarf_diename(&member);

			if (dwarf_tag(&member) != DW_TAG_member || !dwarf_type_of(&member, &member_type))
				continue;
			if (n)
				text_puts(f->text, ", ");
			if (n++ == ELEMENTS_MAX || full(f)) {
				text_puts(f->text, "...");
				break;
			}
			if (name)
				text_printf(f->text, "%s = ", name);
			if (dwarf_hasattr(&member, DW_AT_bit_size)) {
				text_puts(f->text, "<bit field>");
				continue;
			}
			/* Members of unions have no offset. */
			if (dwarf_formudata(dwarf_attr(&member, DW_AT_data_member_location, &attr), &at))
				at = 0;
			format_at(f, &member_type, addr + at, depth + 1);
		} while (dwarf_siblingof(&member, &member) == 0);
	}
	text_puts(f->text, "}");
}

static void format_at(const struct format *f, Dwarf_Die *type, uint64_t addr, unsigned depth)
{
	struct variable_type t;
	Dwarf_Die plain;
	uint8_t buf[8];

	dwarf_type_describe(type, &t);
	if (depth > DEPTH_MAX || !dwarf_type_peel(type, &plain)) {
		text_puts(f->text, "...");
	} else if (t.kind == TYPE_ARRAY) {
		format_array(f, &plain, addr, depth);
	} else if (t.kind == TYPE_STRUCT) {
		format_struct(f, &plain, addr, depth);
	} else if (t.size == 0 || t.size > 8) {
		text_printf(f->text, "<%" PRIu64 " bytes at 0x%" PRIx64 ">", t.size, addr);
	} else if (!f->mem->virt(f->mem->ctx, addr, buf, t.size)) {
		text_printf(f->text, "<cannot read memory at 0x%" PRIx64 ">", addr);
	} else {
		format_scalar(f, type, bytes_read(buf, t.size, f->big_endian));
	}
}

static Dwarf_Die *type_die(const struct variable *var, Dwarf_Die *ret)
{
	memcpy(ret, var->origin.die, sizeof(*ret));
	return ret->addr ? ret : NULL;
}

static const char *give(struct text *t, char *buf, size_t size)
{
	/* Names come from the file: nothing in them may reach the terminal. */
	text_sanitize(buf, size, text_str(t), t->len);
	text_deinit(t);
	return buf;
}

const char *variable_type_name(const struct variable *var, char *buf, size_t size)
{
	struct text t = { 0 };
	Dwarf_Die die;

	dwarf_type_name(type_die(var, &die), &t);
	return give(&t, buf, size);
}

const char *variable_format(const struct variable *var_in, const struct symbols *syms,
			    const struct regs *regs, const struct mem_reader *mem, char *buf, size_t size)
{
	struct variable copy = *var_in, *var = &copy;
	struct text t = { 0 };
	struct format f = { .syms = syms, .mem = mem, .big_endian = regs->arch->big_endian, .text = &t };
	Dwarf_Die type;
	uint64_t v = 0;

	variable_resolve(var, regs, mem);
	if (var->place == VARIABLE_GONE)
		text_puts(&t, "<optimized out>");
	else if (var->place == VARIABLE_COMPLEX)
		text_puts(&t, "<in pieces>");
	else if (!type_die(var, &type))
		text_puts(&t, "<no type>");
	else if (var->reg >= 0 && !regs_get(regs, var->reg, &v))
		text_printf(&t, "<%s is not known in this frame>", regs->arch->regs[var->reg].name);
	else if (var->place == VARIABLE_MEMORY)
		format_at(&f, &type, v + var->offset, 0);
	else
		format_scalar(&f, &type, v + var->offset);
	return give(&t, buf, size);
}

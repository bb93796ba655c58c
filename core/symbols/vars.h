/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * C variables and types, from DWARF (types also from a kernel's BTF): what is in scope at a pc, where it lives there in terms of
 * registers, members of structures, and values as text. A place in terms of registers holds for one pc,
 * so a condition at a breakpoint can use it on any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arch/arch.h"
#include "core/symbols/symbols.h"

struct symbol_object;

enum variable_place {
	VARIABLE_MEMORY,	/* at @reg + @offset */
	VARIABLE_REGISTER,	/* in the low bytes of @reg */
	VARIABLE_VALUE,		/* nowhere: its value is @reg + @offset */
	VARIABLE_GONE,		/* optimized out at this pc */
	VARIABLE_COMPLEX,	/* by a computation: variable_resolve(); or in pieces */
};

enum type_kind {
	TYPE_INTEGER,		/* also char, bool, enumerations */
	TYPE_POINTER,
	TYPE_ARRAY,
	TYPE_STRUCT,		/* also unions */
	TYPE_FLOAT,
	TYPE_UNKNOWN,
};

/* Names a type of a loaded file for as long as the symbols object lives; 0: none. */
typedef uint64_t type_handle;

struct variable_type {
	enum type_kind kind;
	uint64_t size;		/* bytes; 0 when the file does not say */
	bool is_signed;
	/* POINTER: what the last of @depth pointers points at; ARRAY: its element. Size 0: not a number. */
	uint8_t depth, element_size;
	bool element_signed;
	type_handle self;
	type_handle target;	/* the structure: itself, or what the pointers point at, or the element */
	uint64_t span;		/* bytes of @target */
};

/* A member of a structure or union, also of unnamed ones inside. */
struct type_member {
	uint64_t offset;	/* bytes */
	uint8_t bit_shift, bit_size; /* a bit field in the @type.size bytes at @offset, from the lowest bit; 0 */
	struct variable_type type;
};

struct variable {
	const char *name;	/* borrowed from the symbols object */
	bool is_parameter;
	unsigned line;		/* of its declaration, 0 unknown */
	enum variable_place place;
	int reg;		/* register id of struct arch, -1: none, @offset is all */
	int64_t offset;
	struct variable_type type;
	struct {		/* for formatting and resolving: libdw's, alive as the symbols object is */
		struct symbol_object *object;
		uint64_t addr;	/* pc as linked */
		const void *ops, *base_ops;
		size_t nops, nbase_ops;
	} origin;
};

/* What is in scope at @pc (of a caller's frame: its return address minus one), innermost block first;
 * names hidden by inner ones are left out. Stops when @fn returns false. False: no debug info there. */
bool symbols_each_variable(const struct symbols *syms, const struct arch *arch, uint64_t pc,
			   bool (*fn)(void *ctx, const struct variable *var), void *ctx);
bool symbols_variable(const struct symbols *syms, const struct arch *arch, uint64_t pc,
		      const char *name, struct variable *ret);

/* Makes a COMPLEX place one for this very moment: an address or a value without a register. Leaves @var as
 * it is when that can not be. */
void variable_resolve(struct variable *var, const struct regs *regs, const struct mem_reader *mem);
/* Where a MEMORY variable is; false when its register is not known in this frame. */
bool variable_address(const struct variable *var, const struct regs *regs, uint64_t *ret);
/* Its value in a frame with @regs: "5", "120 'x'", "0x401000 <main>", "{1, 2, 3}", "{next = 0x0, n = 3}",
 * "<optimized out>", "<cannot read memory at 0x10>". Bounded, and always terminated. */
const char *variable_format(const struct variable *var, const struct symbols *syms,
			    const struct regs *regs, const struct mem_reader *mem, char *buf, size_t size);

bool symbols_type_describe(const struct symbols *syms, type_handle type, struct variable_type *ret);
/* A pointer to @type, when the type information of that kernel has one; 0: none. */
type_handle symbols_pointer_to(const struct symbols *syms, type_handle type);
/* An integer of more than one byte that is no enumeration. */
bool symbols_type_is_number(const struct symbols *syms, type_handle type);
/* "unsigned int", "struct node *", "char [16]". */
const char *symbols_type_name(const struct symbols *syms, type_handle type, char *buf, size_t size);
/* As variable_format() for the @type at address @v, or (pointers, numbers) the value @v itself. */
const char *symbols_type_format(const struct symbols *syms, type_handle type, uint64_t v, bool is_address,
				bool big_endian, const struct mem_reader *mem, char *buf, size_t size);
/* The whole of it, a member a line, as in gdb's `print pretty`; not safe for a terminal yet. Caller frees. */
char *symbols_type_format_lines(const struct symbols *syms, type_handle type, uint64_t v, bool is_address,
				bool big_endian, const struct mem_reader *mem);
bool symbols_type_member(const struct symbols *syms, type_handle type, const char *name,
			 struct type_member *ret);
/* "struct node", "union u", "enum e", "node_t". Looks through all debug info once, then by bisection. */
bool symbols_type_by_name(const struct symbols *syms, const char *name, struct variable_type *ret);
/* The type of the global or static variable that starts at @addr. */
bool symbols_type_of_object(const struct symbols *syms, uint64_t addr, struct variable_type *ret);
/* The structure's definition as C text, a line a member: "  +0x8  int value". Caller frees. */
char *symbols_type_layout(const struct symbols *syms, type_handle type);

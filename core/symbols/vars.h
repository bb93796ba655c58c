/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parameters and local variables of compiled code, from DWARF: what is in scope at a pc, where it lives
 * there in terms of registers, and its value as text. A place in terms of registers holds for one pc,
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

struct variable_type {
	enum type_kind kind;
	uint64_t size;		/* bytes; 0 when the file does not say */
	bool is_signed;
	/* POINTER: what the last of @depth pointers points at; ARRAY: its element. Size 0: not a number. */
	uint8_t depth, element_size;
	bool element_signed;
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
		uintptr_t die[4];
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
/* "unsigned int", "struct node *", "char [16]". */
const char *variable_type_name(const struct variable *var, char *buf, size_t size);
/* Its value in a frame with @regs: "5", "'A' 65", "0x401000 <main>", "{1, 2, 3}", "{next = 0x0, n = 3}",
 * "<optimized out>", "<cannot read memory at 0x10>". Bounded, and always terminated. */
const char *variable_format(const struct variable *var, const struct symbols *syms,
			    const struct regs *regs, const struct mem_reader *mem, char *buf, size_t size);

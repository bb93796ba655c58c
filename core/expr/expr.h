/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The one expression language: print, x, conditions, displays, filters (and later probe files).
 *
 * C operators and precedence (no assignment inside expressions; `set` and `print $x = ...` take an
 * expr_assign). Operands:
 *	123 0x7f 0b101 0777 'A' '\n'	numbers; suffixes K M G (powers of 1024), ns us ms s (in ns), U L (C)
 *	$rax, rax			registers: `$rax` always; a bare name after symbols
 *	main, demo_table, 'foo bar'	symbols: their address; `&main` is the same. `*main`, `d[main]` read
 *					what is there; quotes for odd names
 *	$name, $1, $, $$		session variables, value history
 *	$current			the task a Linux guest's vCPU runs: a `struct task_struct *`
 *	port, value			fields of the event at hand (conditions of catchpoints), before symbols
 *	n, buf				parameters and locals of compiled code, before symbols: their value, with
 *					their type (arrays and structures: their address)
 *	*p  *(u8 *)p  p[3]  &p[3]	memory; the element size comes from the cast type (u8 u16 u32 u64
 *					s8 s16 s32 s64, uint8_t ..., char short int long with unsigned,
 *					void *); what is no pointer points at 8 bytes
 *	(u32 *)p + 1			pointers count in elements, as in C
 *	a.b  p->b  ((struct x *)p)->b	members, with debug info; a symbol is then a pointer to its variable:
 *					`*counter`, `table[3]`, `cpus[1].rounds` have the types of the source
 *	b[addr] w[addr] d[addr] q[addr]	memory of 1, 2, 4, 8 bytes; phys(addr, size) reads guest-physical
 *	(u8)x  (s32)x			casts;   sizeof(type)
 *	"text"				string literals, only for == and != against the memory at an address:
 *					as many bytes as the literal has ("text\0" ends it)
 * Arithmetic is 64 bits wide and wraps; shifts by 64 and more give 0 or the sign. Registers and memory
 * are unsigned; comparison and division are signed when either side is signed. A literal takes the
 * other side's sign unless it is negative: `$rax > 5` is unsigned, `$rax > -1` signed. For == and !=
 * a negative literal is as wide as the other side: `d[p] == -1`.
 *
 * Text is compiled once to an immutable program that any thread can run without allocation: names are
 * resolved at compile time through a scope, session variables are captured by value.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

/* A value: 64 bits with a width and sign. */
struct expr_value {
	uint64_t bits;		/* zero- or sign-extended to 64 */
	uint8_t size;		/* 1, 2, 4 or 8 bytes */
	bool is_signed;
	bool is_address;	/* came from a symbol or a pointer cast: print shows <symbol> */
	bool is_aggregate;	/* the address of an array or structure of type @type */
	uint64_t type;		/* the scope's name of its whole C type, 0: a plain number */
};

/* A C type, as far as expressions know types. */
struct expr_shape {
	uint8_t size;		/* of the number; of what the last of @depth pointers points at, 0 unknown */
	bool is_signed;
	uint8_t depth;
	bool is_aggregate;	/* an array (@depth 1: of its element) or structure: means its address, as in C */
	uint64_t target;	/* the structure: itself, or what the pointers point at, or the element; 0 none */
	uint64_t span;		/* its bytes */
	uint64_t bytes;		/* of the whole, for sizeof of aggregates */
	uint64_t self;		/* the whole type, for struct expr_value; 0: none */
};

/* A variable of compiled code, in terms of registers at the one pc the expression is for. */
struct expr_local {
	enum {
		EXPR_LOCAL_MEM,		/* at register @reg + @offset */
		EXPR_LOCAL_REG,		/* in register @reg */
		EXPR_LOCAL_VALUE,	/* nowhere; it is @reg + @offset */
		EXPR_LOCAL_GONE,	/* optimized out there, or not expressible */
	} place;
	int reg;		/* as struct expr_env's reg() takes it; -1: none, @offset is all */
	int64_t offset;
	struct expr_shape shape;
};

struct expr_member {
	uint64_t offset;
	uint8_t bit_shift, bit_size; /* a bit field in the @shape.size bytes there; bit_size 0: none */
	struct expr_shape shape;
};

/* Where names come from, at compile time. Each slot may be NULL; each returns false for "not mine". */
struct expr_scope {
	void *ctx;
	bool (*field)(void *ctx, const char *name, unsigned *ret_index, bool *ret_signed);
	/* A field that holds text: its value is an address that env's mem() reads the text at. Compared
	 * with a literal it must be the same up to its end. "$name" asks field() and text() for "$name". */
	bool (*text)(void *ctx, const char *name, unsigned *ret_index);
	bool (*reg)(void *ctx, const char *name, unsigned *ret_id, unsigned *ret_size);
	bool (*symbol)(void *ctx, const char *name, uint64_t *ret_addr);
	bool (*variable)(void *ctx, const char *name, struct expr_value *ret); /* without the '$' */
	bool (*local)(void *ctx, const char *name, struct expr_local *ret);
	/* A `$name` that is no register and no variable, without the '$': read wherever the program runs. */
	bool (*place)(void *ctx, const char *name, struct expr_local *ret);
	/* C types: of what a symbol names, a member of a structure (@target of a shape), "struct x" or a
	 * typedef's name. */
	bool (*object)(void *ctx, uint64_t addr, struct expr_shape *ret);
	bool (*member)(void *ctx, uint64_t target, const char *name, struct expr_member *ret);
	bool (*type)(void *ctx, const char *name, struct expr_shape *ret);
};

/* What evaluation reads. Callbacks return false when it can not be read. */
struct expr_env {
	void *ctx;
	bool (*reg)(void *ctx, unsigned id, uint64_t *ret);
	bool (*mem)(void *ctx, uint64_t gva, void *buf, size_t len);
	bool (*phys)(void *ctx, uint64_t gpa, void *buf, size_t len);
	bool (*field)(void *ctx, unsigned index, uint64_t *ret);
	bool big_endian;	/* how memory operands are read */
};

enum expr_fault_kind {
	EXPR_OK,
	EXPR_FAULT_MEM,		/* @addr can not be read */
	EXPR_FAULT_PHYS,
	EXPR_FAULT_REG,		/* register @addr (id) not available */
	EXPR_FAULT_FIELD,
	EXPR_FAULT_DIV,		/* division by zero */
};

struct expr_fault {
	enum expr_fault_kind kind;
	uint64_t addr;
};

struct expr_prog; /* immutable, reference counted (atomic) */

/* Compiles the whole of @text. ERROR_SYNTAX names the column and shows a caret under the text;
 * ERROR_NOT_FOUND names an unknown name. Nesting is bounded (256). */
struct error *expr_compile(const char *text, const struct expr_scope *scope, struct expr_prog **ret);
/* As expr_compile, but stops at the first token that can not continue the expression; @ret_end is where
 * the rest of @text starts (for commands such as `x/4 EXPR if COND`). */
struct error *expr_compile_prefix(const char *text, const struct expr_scope *scope,
				  struct expr_prog **ret, const char **ret_end);
struct expr_prog *expr_ref(struct expr_prog *prog);
void expr_unref(struct expr_prog *prog); /* NULL is fine */
const char *expr_text(const struct expr_prog *prog);
/* As struct expr_value's @type, without running it. */
uint64_t expr_type_handle(const struct expr_prog *prog);
/* Disassembles the program, for tests and `debug expr`. Caller frees. */
char *expr_dump(const struct expr_prog *prog);

/* Runs without allocation, in bounded time. On a fault returns false and fills @fault. */
bool expr_eval(const struct expr_prog *prog, const struct expr_env *env, struct expr_value *ret,
	       struct expr_fault *fault);
/* The sentence for a fault: "cannot read memory at 0x10". @reg_name may be NULL. */
struct error *expr_fault_error(const struct expr_fault *fault, const struct expr_prog *prog,
			       const char *(*reg_name)(unsigned id));

/* An lvalue for `set`: a register, a session variable or memory of a size. */
struct expr_lvalue {
	enum { EXPR_LV_REG, EXPR_LV_MEM, EXPR_LV_PHYS, EXPR_LV_VAR } kind;
	unsigned reg;
	struct expr_prog *addr;	/* MEM, PHYS: owned */
	uint8_t size;
	char name[64];		/* VAR */
};

/* Splits "LVALUE = EXPR" (also += -= |= &= ^=). The caller owns what is returned. */
struct error *expr_compile_assign(const char *text, const struct expr_scope *scope,
				  struct expr_lvalue *ret_lvalue, struct expr_prog **ret_value);
void expr_lvalue_deinit(struct expr_lvalue *lvalue);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Register sets: a fixed table per architecture (X-macro .regs.def, checked by a unit test) and values
 * stored at fixed offsets, little-endian bytes in host-independent form, with a validity bit each.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arch;
struct out;

/* Groups, also the unit in which a target reads registers. */
enum reg_group {
	REGS_GENERAL = 1 << 0,	/* integer registers, pc, flags */
	REGS_SEGMENT = 1 << 1,	/* x86 segments and descriptor table registers */
	REGS_CONTROL = 1 << 2,	/* control registers, EFER; LPCR and friends */
	REGS_DEBUG = 1 << 3,
	REGS_MSR = 1 << 4,	/* the architecture's named list; SPRs */
	REGS_FPU = 1 << 5,
	REGS_VECTOR = 1 << 6,
	REGS_ALL = (1 << 7) - 1,
	/* What a stop reads at once: enough for pc, mode, page walks and flags. */
	REGS_CORE = REGS_GENERAL | REGS_SEGMENT | REGS_CONTROL,
};

/* A named bit field of a register: flags are shown by name, values by number. */
struct reg_field {
	const char *name;
	uint8_t hi, lo;
	const char *const *values; /* names by value, NULL-terminated, or NULL; "": not worth a word */
};

struct reg_desc {
	const char *name;
	const char *help;		/* one line: what it is */
	enum reg_group group;
	uint16_t bits;			/* 8..512 */
	uint16_t offset;		/* in struct regs' data; derived */
	const struct reg_field *fields;	/* name NULL ends the list; NULL: none */
	uint32_t index;			/* the architecture's own number: MSR index, ONE_REG id */
};

/* Part of a register with a name of its own: eax, ah, xmm0. */
struct reg_alias {
	const char *name;
	uint16_t reg;		/* id of the whole */
	uint16_t bits, shift;
};

#define REGS_MAX 384
#define REGS_MAX_BYTES 4096

struct regs {
	const struct arch *arch;
	uint64_t valid[REGS_MAX / 64];
	uint8_t data[REGS_MAX_BYTES];
};

void regs_init(struct regs *regs, const struct arch *arch); /* all invalid, all zero */
bool regs_valid(const struct regs *regs, unsigned id);
/* The low 64 bits; false (and *ret untouched) when the register is not valid. */
bool regs_get(const struct regs *regs, unsigned id, uint64_t *ret);
uint64_t regs_u64(const struct regs *regs, unsigned id); /* 0 when not valid */
void regs_set(struct regs *regs, unsigned id, uint64_t value);
/* Wide registers, little-endian bytes. @len at most the register's size; the rest is zeroed on set. */
const uint8_t *regs_bytes(const struct regs *regs, unsigned id);
void regs_set_bytes(struct regs *regs, unsigned id, const void *data, size_t len);
bool regs_differ(const struct regs *a, const struct regs *b, unsigned id); /* both valid and unequal */

/* Lookup by name (case-insensitive, optional '$'), registers and aliases. */
struct reg_ref {
	uint16_t reg;
	uint16_t bits, shift;
};
bool reg_lookup(const struct arch *arch, const char *name, struct reg_ref *ret);
bool reg_ref_get(const struct regs *regs, struct reg_ref ref, uint64_t *ret);
/* "ZF PF" or "PE ET PG": set flags and named values of @value by @desc's fields, into @buf. */
const char *reg_decode(const struct reg_desc *desc, uint64_t value, char *buf, size_t size);

/*
 * A register, or a part of one, as one number: what struct expr_scope's reg() gives and struct
 * expr_env's reg() and expr_lvalue get. A whole register is its id; a part carries bits and shift:
 * reg in bits 9..0, width in bits 19..10, shift in bits 29..20.
 */
static inline unsigned reg_ref_pack(struct reg_ref ref, unsigned whole_bits)
{
	if (ref.shift == 0 && ref.bits == whole_bits)
		return ref.reg;
	return ref.reg | (unsigned)ref.bits << 10 | (unsigned)ref.shift << 20;
}

static inline struct reg_ref reg_ref_unpack(unsigned id) /* bits 0: the whole register */
{
	return (struct reg_ref){ .reg = id & 0x3ff, .bits = id >> 10 & 0x3ff, .shift = id >> 20 & 0x3ff };
}

static inline bool regs_get_packed(const struct regs *regs, unsigned id, uint64_t *ret)
{
	return id < REGS_MAX ? regs_get(regs, id, ret) : reg_ref_get(regs, reg_ref_unpack(id), ret);
}

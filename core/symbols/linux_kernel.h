/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of a Linux guest beyond its note: symbols (kallsyms), types (BTF), the per-CPU areas, its
 * modules. Read from guest memory once and kept until the kernel is gone or has moved (a reset moves it).
 * Offsets of members come from BTF; without BTF the views say so.
 */
#pragma once

#include "core/base/vec.h"
#include "core/symbols/btf.h"
#include "core/symbols/kallsyms.h"
#include "core/symbols/linux_guest.h"
#include "core/symbols/orc.h"
#include "core/symbols/vars.h"

struct linux_module {
	char *name;
	uint64_t addr;		/* of its struct module */
	uint64_t kallsyms;	/* its table: another one once its initialisation is done */
	bool has_symbols, seen;
	unsigned set;
	int btf_table;		/* -1: none */
};

struct linux_kernel {
	struct linux_guest guest;
	struct symbols *syms;	/* borrowed */
	struct kallsyms kallsyms;
	bool by_scan;		/* found before its note was written */
	int btf_table;		/* in @syms; -1: the kernel has no BTF, or it could not be read */
	const struct btf *btf;	/* NULL: none */
	struct orc orc;		/* no tables: none, or no layout */
	VEC(struct linux_module) modules;
};

/* Finds the kernel, takes its symbols and types into @syms. ERROR_NOT_FOUND: no kernel there (yet). */
struct error *linux_kernel_load(struct target *t, struct symbols *syms, struct linux_kernel **ret);
/* The same before the note is written, with the page tables of a vCPU that is in the kernel's code. */
struct error *linux_kernel_load_early(struct target *t, const struct regs *regs, struct symbols *syms,
				      struct linux_kernel **ret);
/* Of one loaded early: looks whether it has its own page tables and its note by now. Cheap. */
void linux_kernel_settle(struct linux_kernel *k);
/* Takes everything out of @syms again. NULL is fine. */
void linux_kernel_destroy(struct linux_kernel *k);
/* Whether this kernel is still where it was found. */
bool linux_kernel_is_there(const struct linux_kernel *k);

/* Of the kernel itself, not of a module or of a loaded file. */
bool linux_kernel_symbol(const struct linux_kernel *k, const char *name, uint64_t *ret);
struct error *linux_kernel_need_symbol(const struct linux_kernel *k, const char *name, uint64_t *ret);
/* Offset of "member" or "member.of.member" in a structure, by BTF. */
struct error *linux_kernel_offset(const struct linux_kernel *k, const char *structure, const char *member,
				  uint64_t *ret);

/* Members of a structure, looked up once and read often. */
struct linux_field {
	const char *names;	/* "member", "member.of.it"; alternatives by '|', the first there is counts */
	bool optional;
	uint64_t offset;
	unsigned size;		/* 0: not there; more than 8: no number */
};
struct error *linux_fields_find(const struct linux_kernel *k, const char *structure,
				struct linux_field *fields, size_t n);
/* Of the structure at @base. An absent one reads as 0. */
struct error *linux_field_read(const struct linux_kernel *k, uint64_t base, const struct linux_field *field,
			       uint64_t *ret);

/*
 * A list_head at @head and what hangs on it: @fn for each node's structure, whose list_head is at
 * @member_offset; until @fn fails. One that does not come back to its head within @max nodes, or leads
 * out of memory, is an error: it changes underneath, or is broken.
 */
struct error *linux_list_each(const struct linux_kernel *k, uint64_t head, uint64_t member_offset,
			      unsigned max, struct error *(*fn)(void *ctx, uint64_t structure), void *ctx);

/* Kernel memory, little-endian and bounded as linux_guest_read() is; a number of @size bytes. */
struct error *linux_kernel_read_number(const struct linux_kernel *k, uint64_t addr, unsigned size,
				       uint64_t *ret);
/* Text of at most @size - 1 bytes, made safe for a terminal. */
struct error *linux_kernel_read_text(const struct linux_kernel *k, uint64_t addr, char *buf, size_t size);

/* ---- per-CPU areas --------------------------------------------------------------------------- */

#define LINUX_CPUS_MAX 16384

/* Where the variable "name" is in the area of each CPU: add linux_kernel_percpu_base(). */
bool linux_kernel_percpu(const struct linux_kernel *k, const char *name, uint64_t *ret);
struct error *linux_kernel_percpu_base(const struct linux_kernel *k, unsigned cpu, uint64_t *ret);
/* CPUs the kernel counts as possible. */
struct error *linux_kernel_cpus(const struct linux_kernel *k, unsigned *ret);
/* Where the area's pointer to the running task is (current_task, pcpu_hot.current_task). */
struct error *linux_kernel_current_offset(const struct linux_kernel *k, uint64_t *ret);
/* The register that holds the base of the per-CPU area of a vCPU with @regs (general, segment, control and MSR
 * groups): gs.base in the kernel, kernel_gs_base while user code runs. False: neither looks like one. */
bool linux_kernel_percpu_reg(const struct linux_kernel *k, const struct regs *regs, unsigned *ret_reg);
/* The task a vCPU with @regs runs. */
struct error *linux_kernel_current(const struct linux_kernel *k, const struct regs *regs, uint64_t *ret);
/* The C type "struct task_struct *". */
bool linux_kernel_task_pointer(const struct linux_kernel *k, struct variable_type *ret);

/* ---- modules (linux_modules.c) --------------------------------------------------------------- */

#define LINUX_MODULES_MAX 4096

/* Looks which modules are loaded, takes the symbols and types of new ones, drops those that went.
 * *ret_changed tells whether any did. A list that changes underneath ends the walk with an error; what was
 * found until then is kept. */
struct error *linux_modules_refresh(struct linux_kernel *k, bool *ret_changed);
void linux_modules_drop(struct linux_kernel *k);

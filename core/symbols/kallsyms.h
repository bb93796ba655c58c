/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The symbol table that a Linux kernel carries in its own memory (CONFIG_KALLSYMS). */
#pragma once

#include "core/symbols/linux_guest.h"
#include "core/symbols/symbols.h"

/* Where its parts are. */
struct kallsyms_place {
	uint64_t names, num, token_table, token_index, offsets, relative_base;
};

/* Symbols whose value is no address but a place in each CPU's own area. */
struct kallsyms_percpu {
	char *name;
	uint64_t offset;
};

struct kallsyms {
	unsigned set;		/* of the symbols object */
	size_t count;
	struct kallsyms_percpu *percpu; /* by name */
	size_t npercpu;
};

/* As the VMCOREINFO note says (since 6.0). */
struct error *kallsyms_place_by_note(const struct linux_guest *g, struct kallsyms_place *ret);
/*
 * By looks, in the @len bytes of a kernel's image at @data, which lies at @addr: before the note is written,
 * and in kernels whose note does not say. False: there is no such table.
 */
bool kallsyms_place_by_scan(const uint8_t *data, size_t len, uint64_t addr, struct kallsyms_place *ret);

/* Adds every function and object at the address it has been moved to (KASLR), as a set of its own.
 * Nothing is added when the table makes no sense. */
struct error *kallsyms_load(struct symbols *syms, const struct linux_guest *g,
			    const struct kallsyms_place *place, struct kallsyms *ret);
void kallsyms_deinit(struct kallsyms *k); /* the symbols stay */
bool kallsyms_percpu(const struct kallsyms *k, const char *name, uint64_t *ret_offset);

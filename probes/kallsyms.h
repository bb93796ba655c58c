/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the kernel's own addresses, for the few that are shown. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kernel_name {
	uint64_t addr;
	uint64_t offset;	/* from the symbol */
	char name[64];		/* "" when nothing is known (hidden addresses, none near) */
};

/* Fills the names of @names by one pass over kallsyms, any order. @path: NULL for the kernel's file. */
void kallsyms_resolve(const char *path, struct kernel_name *names, size_t n);
/* The other way round: where the variables @names are, by one pass; 0: there is none. */
void kallsyms_find(const char *path, const char *const *names, size_t n, uint64_t *ret_addrs);

/* Which functions the kernel and its modules have, by one pass. */
struct function_set;
struct function_set *function_set_create(const char *path);
void function_set_destroy(struct function_set *set);
bool function_set_has(const struct function_set *set, const char *name);

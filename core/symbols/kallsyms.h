/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The symbol table that a Linux kernel carries in its own memory (CONFIG_KALLSYMS). */
#pragma once

#include "core/symbols/linux_guest.h"
#include "core/symbols/symbols.h"

/* Adds every function and object at the address it has been moved to (KASLR). Nothing is added when the
 * table makes no sense. */
struct error *kallsyms_load(struct symbols *syms, const struct linux_guest *g, size_t *ret_count);

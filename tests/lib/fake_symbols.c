/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A file of its own, so that tests without symbols need not link them. */
#include "tests/lib/fake_machine.h"
#include "tests/lib/fake_target.h"

void fake_target_symbols(struct symbols *syms)
{
	enum symbol_type type;
	uint64_t addr, size;
	const char *name;

	for (unsigned i = 0; fake_machine_symbol(i, &name, &addr, &size, &type); i++)
		symbols_add(syms, name, addr, size, type);
}

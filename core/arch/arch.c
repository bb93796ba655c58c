/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/arch/arch.h"

#include <string.h>

#include "core/base/vec.h"

static const struct arch *const arches[] = {
#define ARCH(name) &arch_##name,
#include "core/arch/arches.def"
#undef ARCH
};

const struct arch *arch_at(unsigned i)
{
	return i < ARRAY_SIZE(arches) ? arches[i] : NULL;
}

const struct arch *arch_by_name(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(arches); i++)
		if (!strcmp(arches[i]->name, name))
			return arches[i];
	return NULL;
}

const struct arch *arch_by_elf_machine(unsigned machine)
{
	for (unsigned i = 0; i < ARRAY_SIZE(arches); i++)
		if (machine && (arches[i]->elf_machine == machine || arches[i]->elf_machine_32 == machine))
			return arches[i];
	return NULL;
}

const struct arch *arch_by_uname(const char *machine)
{
	for (unsigned i = 0; i < ARRAY_SIZE(arches); i++)
		if (!strcmp(arches[i]->uname, machine))
			return arches[i];
	return NULL;
}

const char *mmu_verdict_text(enum mmu_verdict v)
{
	switch (v) {
	case MMU_MAPPED: return "mapped";
	case MMU_NO_PAGING: return "paging is off";
	case MMU_NOT_PRESENT: return "not present";
	case MMU_RESERVED: return "a reserved bit is set";
	case MMU_NONCANONICAL: return "not an address in this mode";
	case MMU_UNREADABLE: return "the table lies outside guest memory";
	}
	return "unknown";
}

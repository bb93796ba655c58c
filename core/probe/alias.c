/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/probe/alias.h"

#include <string.h>

#include "core/base/text.h"
#include "core/base/vec.h"

static const struct { const char *prefix, *name, *probe, *event; } aliases[] = {
	{ "kvm", "exit", "exits", "*" },
	{ "lock", "contention", "locks", "wait" },
	{ "lock", "*", "locks", NULL },
};

void probe_alias(const struct program_spec *spec, const char **ret_probe, const char **ret_event)
{
	*ret_probe = spec->provider;
	*ret_event = spec->name;
	for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (strcmp(aliases[i].prefix, spec->provider) || !glob_match(aliases[i].name, spec->name))
			continue;
		*ret_probe = aliases[i].probe;
		if (aliases[i].event)
			*ret_event = aliases[i].event;
		return;
	}
}

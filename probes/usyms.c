/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/usyms.h"

#include <elfutils/libdwfl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"

struct usyms {
	Dwfl_Callbacks callbacks;
	Dwfl *dwfl;	/* NULL: nothing is known */
};

/* Separate debug files are not looked for: their search may go over the network. */
static int no_debuginfo(Dwfl_Module *mod, void **user, const char *name, Dwarf_Addr base, const char *file,
			const char *link, GElf_Word crc, char **ret)
{
	return -1;
}

struct usyms *usyms_create(pid_t pid)
{
	struct usyms *u = xcalloc(1, sizeof(*u));

	u->callbacks = (Dwfl_Callbacks){ .find_elf = dwfl_linux_proc_find_elf, .find_debuginfo = no_debuginfo };
	u->dwfl = dwfl_begin(&u->callbacks);
	if (u->dwfl && (dwfl_linux_proc_report(u->dwfl, pid) != 0 || dwfl_report_end(u->dwfl, NULL, NULL) != 0)) {
		dwfl_end(u->dwfl);
		u->dwfl = NULL;
	}
	return u;
}

void usyms_destroy(struct usyms *u)
{
	if (!u)
		return;
	dwfl_end(u->dwfl);
	free(u);
}

const char *usyms_format(struct usyms *u, uint64_t addr, char *buf, size_t size)
{
	Dwfl_Module *mod = u->dwfl ? dwfl_addrmodule(u->dwfl, addr) : NULL;
	const char *symbol = mod ? dwfl_module_addrname(mod, addr) : NULL;
	const char *path = mod ? dwfl_module_info(mod, NULL, NULL, NULL, NULL, NULL, NULL, NULL) : NULL;
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (symbol)
		snprintf(buf, size, "%s [%s]", symbol, slash ? slash + 1 : path);
	else if (path)
		snprintf(buf, size, "[%s]", slash ? slash + 1 : path);
	else
		snprintf(buf, size, "0x%" PRIx64, addr);
	return buf;
}

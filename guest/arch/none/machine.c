/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hosts whose architecture has no machine yet: everything else works, a guest cannot run. */
#include <sys/utsname.h>

#include "guest/arch/machine.h"

static struct error *unsupported(void)
{
	struct utsname u;

	if (uname(&u))
		return error_create(ERROR_UNSUPPORTED, "vmscope cannot run a guest on this host");
	return error_hint(error_create(ERROR_UNSUPPORTED, "vmscope cannot run a guest on %s hosts yet", u.machine),
			  "recordings, dumps and inspection of other hosts' files work here");
}

const struct machine machine_host = {
	.arch = &arch_x86_64,
	.unsupported = unsupported,
};

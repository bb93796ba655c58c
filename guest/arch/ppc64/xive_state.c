/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XIVE's state for views: read without changing it. */
#include <string.h>

#include "core/target/state_xive.h"
#include "guest/arch/ppc64/xive.h"

struct error *ppc64_vm_state(struct vm *vm, enum state_kind kind, unsigned index, void *buf, size_t size,
			     size_t *ret_len)
{
	return error_create(ERROR_UNSUPPORTED, "a POWER guest has no such state");
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Searches of guest memory at the speed of memory: over the RAM itself, run by run. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "core/target/target.h"

struct session;

/* Up to @max places in guest-physical [gpa, gpa+len) where @needle stands, ascending, into @ret; what is
 * not memory is passed over. *ret_count may be NULL when @max is 1: then ret[0] is ~0 when not found. */
struct error *search_phys_all(struct target *t, uint64_t gpa, uint64_t len, const void *needle,
			      size_t needle_len, uint64_t *ret, size_t max, size_t *ret_count);

/* The same over guest-virtual memory as the selected vCPU maps it. */
struct error *search_virt_all(struct session *s, uint64_t gva, uint64_t len, const void *needle,
			      size_t needle_len, uint64_t *ret, size_t max, size_t *ret_count);

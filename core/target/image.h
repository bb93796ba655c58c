/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An ELF file looked at without running it: its segments are the memory, the entry point is the pc.
 * Where no guest can run this still answers about code, data and symbols. It counts as ended.
 */
#pragma once

#include <stddef.h>

#include "core/target/target.h"

/* Copies @data. ERROR_FAILED: not an ELF file of an architecture that is known, or nothing to load. */
struct error *image_target_create(const char *name, const void *data, size_t len, struct target **ret);

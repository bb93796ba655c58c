/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The kernel's functions by address, kept: for tables that name many of them again and again. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct ksyms;

/* Reads @path (NULL: the kernel's list). Never NULL; without permission it knows nothing. */
struct ksyms *ksyms_create(const char *path);
void ksyms_destroy(struct ksyms *k);
/* The function that holds @addr, and how far behind its start; NULL: none is near. Borrowed. */
const char *ksyms_find(const struct ksyms *k, uint64_t addr, uint64_t *ret_offset);
/* "name+0x10", "name", or "0x..." into @buf, which it returns. */
const char *ksyms_format(const struct ksyms *k, uint64_t addr, char *buf, size_t size);

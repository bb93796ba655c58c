/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Functions of a process by address, from the symbol tables of what it has mapped. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct usyms;

/* Never NULL; of a process that is gone or may not be read it knows nothing. */
struct usyms *usyms_create(pid_t pid);
void usyms_destroy(struct usyms *u);
/* "function [file]" or "[file]" or "0x..." into @buf, which it returns. */
const char *usyms_format(struct usyms *u, uint64_t addr, char *buf, size_t size);

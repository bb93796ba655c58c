/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A Linux kernel found in guest memory by its VMCOREINFO note: a page of "KEY=value" lines that the
 * kernel keeps for crash dumps, and that says where its own tables are. What is read is hostile.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arch/regs.h"
#include "core/base/error.h"
#include "core/target/target.h"

#define VMCOREINFO_LEN 4096

struct linux_guest {
	struct target *target;
	uint64_t note_gpa;
	char note[VMCOREINFO_LEN + 1];
	char release[64];	/* "6.1.0-50-amd64" */
	uint64_t kaslr_offset;
	struct regs regs;	/* as on a CPU that has the kernel's own page tables */
};

/* Looks through all of the guest's memory. ERROR_NOT_FOUND: no kernel has started there (yet). */
struct error *linux_guest_find(struct target *t, struct linux_guest *ret);

/* The note at a known place. */
struct error *linux_guest_at(struct target *t, uint64_t gpa, struct linux_guest *ret);

/* Values of the note: SYMBOL(name), OFFSET(struct.member), SIZE(struct), NUMBER(name). False: not there. */
bool linux_guest_symbol(const struct linux_guest *g, const char *name, uint64_t *ret);
bool linux_guest_offset(const struct linux_guest *g, const char *name, uint64_t *ret);
bool linux_guest_size(const struct linux_guest *g, const char *name, uint64_t *ret);
bool linux_guest_number(const struct linux_guest *g, const char *name, int64_t *ret);

/* Kernel memory by the kernel's own page tables, whatever runs on the vCPUs. */
struct error *linux_guest_read(const struct linux_guest *g, uint64_t addr, void *buf, size_t len);
struct error *linux_guest_read_u64(const struct linux_guest *g, uint64_t addr, uint64_t *ret);
struct error *linux_guest_read_u32(const struct linux_guest *g, uint64_t addr, uint32_t *ret);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Image loaders, chosen by looking at the file. A loader reads hostile bytes, places them in guest
 * memory through @place (bounded by the RAM it was told of) and says in which state the boot vCPU
 * starts. It knows no KVM: tested and fuzzed without a VM.
 *
 * To add one: guest/load/<name>.c with `const struct loader loader_<name>`, one line in loaders.def.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"
#include "guest/guest.h"

/* Guest-physical RAM as a loader sees it: sorted, not overlapping, the hole below 4 GiB left out. */
struct load_ram {
	struct { uint64_t start, len; uint8_t *host; } range[4];
	unsigned nranges;
};
/* Host pointer to [gpa, gpa+len) when all of it is RAM, else NULL. */
void *load_ram_ptr(const struct load_ram *ram, uint64_t gpa, uint64_t len);

enum boot_mode { BOOT_REAL16, BOOT_PROT32, BOOT_LONG64, BOOT_PPC64 };

struct boot_state {
	enum boot_mode mode;
	const char *protocol;	/* "pvh", "multiboot", "linux64", "elf64", "flat" */
	uint64_t pc, sp;	/* pc: REAL16 the offset in cs, else linear */
	uint64_t rax, rbx, rcx, rdx, rsi, rdi;
	uint64_t cr3;		/* LONG64: identity map built by boot_page_tables() */
	uint64_t gdt;		/* gpa of a GDT built by boot_gdt(), 0: segments are set without one */
	uint16_t cs, ds;	/* selectors: REAL16 paragraph values (ds also for es, ss), else into the GDT */
	uint64_t image_lo, image_hi; /* where the image lies, for info mtree and KASLR-free symbols */
	uint64_t entry_bias;	/* added to symbol addresses */
	unsigned min_vcpus;

	/* PPC64: entered in real mode with r3 = the device tree, r4 = @image_lo, r5 = 0 (the kexec entry of
	 * Linux's booting-without-of). */
	bool big_endian;
	uint64_t tables, tables_len;	/* guest RAM for what the machine hands over: device tree, RTAS */
	uint64_t initrd, initrd_len;
};

struct image {
	const uint8_t *data;
	size_t len;
	const char *name;
};

struct loader {
	const char *name;
	bool (*match)(const struct image *image, const struct guest_config *config);
	/* Errors are one clear sentence naming the image and the offending field with its value. */
	struct error *(*load)(const struct image *image, const struct guest_config *config,
			      const struct load_ram *ram, struct boot_state *ret);
};

/* Finds the loader and runs it; images it can not use: ERROR_FAILED naming what the file looks like. */
struct error *load_image(const struct image *image, const struct guest_config *config,
			 const struct load_ram *ram, struct boot_state *ret);
/* Reads a file whole, at most @max bytes; regular files only. Caller frees. */
struct error *load_file(const char *path, size_t max, uint8_t **ret, size_t *ret_len);

/* Identity map of the first @bytes (at least 4 GiB) with 2 MiB pages (1 GiB not assumed), and a flat
 * GDT (null, code32 0x08, code64 0x10, data 0x18, tss 0x20), at low addresses that no image byte uses. */
struct error *boot_page_tables(const struct load_ram *ram, uint64_t bytes, uint64_t *ret_cr3);
struct error *boot_gdt(const struct load_ram *ram, uint64_t *ret_gdt);
/* Low-memory layout used by the loaders (all below 640 KiB). */
#define BOOT_GDT 0x500
#define BOOT_PARAMS 0x7000	/* zero page, PVH start info, multiboot info */
#define BOOT_PAGE_TABLES 0x9000	/* up to 0x20000 */
#define BOOT_CMDLINE 0x20000	/* up to 64 KiB */
#define BOOT_MEMMAP 0x30000
#define BOOT_STACK 0x80000	/* top; grows down */

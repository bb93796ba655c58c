/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linux bzImage by the 64-bit boot protocol (Documentation/arch/x86/boot.rst): header, zero page. */
#include <inttypes.h>
#include <string.h>

#include "core/base/bits.h"
#include "guest/load/acpi.h"
#include "guest/load/memmap.h"

/* Setup header fields, offsets in the file and in the zero page alike. */
#define SETUP_SECTS 0x1f1
#define SYSSIZE 0x1f4
#define BOOT_FLAG 0x1fe
#define JUMP_LEN 0x201
#define HEADER 0x202
#define VERSION 0x206
#define TYPE_OF_LOADER 0x210
#define LOADFLAGS 0x211
#define RAMDISK_IMAGE 0x218
#define RAMDISK_SIZE 0x21c
#define CMD_LINE_PTR 0x228
#define INITRD_ADDR_MAX 0x22c
#define KERNEL_ALIGNMENT 0x230
#define RELOCATABLE 0x234
#define XLOADFLAGS 0x236
#define CMDLINE_SIZE 0x238
#define PREF_ADDRESS 0x258
#define INIT_SIZE 0x260
#define HEADER_END_MAX 0x290 /* EDD data follows in the zero page */

#define ACPI_RSDP_ADDR 0x070	/* since protocol 2.14; padding before */
#define E820_ENTRIES 0x1e8
#define E820_TABLE 0x2d0
#define E820_LEN 20
#define ZERO_PAGE_LEN 4096

#define MAGIC_HDRS 0x53726448U
#define VERSION_MIN 0x20cU
#define LOADED_HIGH 0x01
#define XLF_KERNEL_64 0x01
#define ENTRY_64 0x200
#define MIB 0x100000ULL
#define FOUR_GIB (1ULL << 32)

struct bzimage {
	const uint8_t *kernel; /* the protected-mode part */
	uint64_t kernel_len, alignment, pref_address, init_size;
	uint32_t initrd_addr_max, cmdline_size;
	bool relocatable;
	unsigned header_end;
};

static bool bzimage_match(const struct image *image, const struct guest_config *config)
{
	return image->len >= HEADER + 4 && le16_read(image->data + BOOT_FLAG) == 0xaa55 &&
	       le32_read(image->data + HEADER) == MAGIC_HDRS;
}

static struct error *bzimage_bad(const struct image *image, const char *field, uint64_t value,
				 const char *why)
{
	return error_create(ERROR_FAILED, "%s: Linux setup header: %s is 0x%" PRIx64 ": %s", image->name,
			    field, value, why);
}

static struct error *bzimage_check_protocol(const struct image *image, struct bzimage *bz)
{
	const uint8_t *d = image->data;
	if (image->len < VERSION + 2)
		return error_create(ERROR_FAILED, "%s: truncated: %zu bytes, the Linux setup header is not"
				    " all there", image->name, image->len);
	unsigned version = le16_read(d + VERSION);
	if (version < VERSION_MIN)
		return bzimage_bad(image, "version", version,
				   "the 64-bit boot protocol needs 0x20c (Linux 3.8) or later");
	bz->header_end = HEADER + d[JUMP_LEN];
	if (bz->header_end < INIT_SIZE + 4 || bz->header_end > HEADER_END_MAX)
		return bzimage_bad(image, "the header's length (byte 0x201)", d[JUMP_LEN],
				   "a header of this version ends between 0x264 and 0x290");
	if (image->len < bz->header_end)
		return error_create(ERROR_FAILED, "%s: truncated: %zu bytes, the Linux setup header is not"
				    " all there", image->name, image->len);
	unsigned xlf = le16_read(d + XLOADFLAGS);
	if (!(xlf & XLF_KERNEL_64))
		return bzimage_bad(image, "xloadflags", xlf,
				   "bit 0 is clear, the kernel has no 64-bit entry point");
	if (!(d[LOADFLAGS] & LOADED_HIGH))
		return bzimage_bad(image, "loadflags", d[LOADFLAGS],
				   "bit 0 is clear, zImages that load at 64 KiB are not supported");
	return NULL;
}

static struct error *bzimage_check_sizes(const struct image *image, struct bzimage *bz)
{
	const uint8_t *d = image->data;
	/* 0 means 4 by the protocol; one more for the boot sector. */
	uint64_t setup = ((d[SETUP_SECTS] ? d[SETUP_SECTS] : 4) + 1) * 512ULL;
	if (setup >= image->len)
		return bzimage_bad(image, "setup_sects", d[SETUP_SECTS], "the file ends before the kernel");
	bz->kernel = d + setup;
	bz->kernel_len = image->len - setup;
	uint64_t want = le32_read(d + SYSSIZE) * 16ULL;
	/* The last 16-byte unit may be partly there. */
	if (want > bz->kernel_len + 15)
		return bzimage_bad(image, "syssize", le32_read(d + SYSSIZE),
				   "the file is truncated, it has fewer 16-byte units of kernel");
	bz->alignment = le32_read(d + KERNEL_ALIGNMENT);
	if (bz->alignment == 0 || (bz->alignment & (bz->alignment - 1)) || bz->alignment > (1U << 30))
		return bzimage_bad(image, "kernel_alignment", bz->alignment,
				   "it has to be a power of two up to 1 GiB");
	bz->pref_address = le64_read(d + PREF_ADDRESS);
	bz->init_size = le32_read(d + INIT_SIZE);
	if (bz->init_size == 0)
		return bzimage_bad(image, "init_size", 0, "the kernel needs memory to start in");
	if (bz->init_size < bz->kernel_len)
		bz->init_size = bz->kernel_len;
	if (bz->kernel_len <= ENTRY_64)
		return bzimage_bad(image, "setup_sects", d[SETUP_SECTS],
				   "the file ends before the 64-bit entry point");
	bz->relocatable = d[RELOCATABLE];
	bz->initrd_addr_max = le32_read(d + INITRD_ADDR_MAX);
	bz->cmdline_size = le32_read(d + CMDLINE_SIZE);
	return NULL;
}

/* At its preferred address when it fits there, else, if it can be moved, at the lowest place that has
 * init_size bytes. */
static struct error *bzimage_place_kernel(const struct image *image, const struct bzimage *bz,
					  struct place *p, struct boot_state *boot)
{
	uint64_t at = bz->pref_address;
	bool usable = at >= MIB && (at & (bz->alignment - 1)) == 0;
	if (!usable && !bz->relocatable)
		return bzimage_bad(image, "pref_address", at,
				   "it is below 1 MiB or not a multiple of kernel_alignment");
	if (bz->relocatable && !(usable && load_ram_ptr(p->ram, at, bz->init_size)) &&
	    !place_find(p, bz->init_size, bz->alignment, MIB, FOUR_GIB, false, &at))
		return error_hint(error_create(ERROR_FAILED, "%s: the kernel needs 0x%" PRIx64 " bytes"
					       " (init_size) in one piece, the guest has 0x%" PRIx64
					       " bytes of memory below 4 GiB", image->name, bz->init_size,
					       load_ram_low_end(p->ram)),
				  "give the guest more memory (--mem)");
	uint8_t *host;
	struct error *e = place_claim(p, at, bz->init_size, false, "the kernel (pref_address, init_size)",
				      &host);
	if (e)
		return e;
	memcpy(host, bz->kernel, bz->kernel_len);
	boot->pc = at + ENTRY_64;
	boot->image_lo = at;
	boot->image_hi = at + bz->init_size;
	return NULL;
}

static struct error *bzimage_place_initrd(const struct bzimage *bz, struct place *p, const char *path,
					  uint64_t *ret_gpa, uint64_t *ret_len)
{
	*ret_gpa = *ret_len = 0;
	if (!path)
		return NULL;
	uint64_t hi = load_ram_low_end(p->ram), max = bz->initrd_addr_max + 1ULL;
	return place_file(p, path, MIB, hi < max ? hi : max, true, "the initrd", ret_gpa, ret_len);
}

static void bzimage_write_zero_page(const struct image *image, const struct bzimage *bz, uint8_t *zero,
				    const struct memmap *m)
{
	memset(zero, 0, ZERO_PAGE_LEN);
	memcpy(zero + SETUP_SECTS, image->data + SETUP_SECTS, bz->header_end - SETUP_SECTS);
	zero[TYPE_OF_LOADER] = 0xff; /* no assigned id */
	zero[E820_ENTRIES] = m->n;
	for (unsigned i = 0; i < m->n; i++) {
		uint8_t *at = zero + E820_TABLE + i * E820_LEN;
		le64_write(at, m->entry[i].start);
		le64_write(at + 8, m->entry[i].len);
		le32_write(at + 16, m->entry[i].type);
	}
}

static struct error *bzimage_load(const struct image *image, const struct guest_config *config,
				  const struct load_ram *ram, struct boot_state *boot)
{
	struct bzimage bz;
	struct error *e = bzimage_check_protocol(image, &bz);
	if (!e)
		e = bzimage_check_sizes(image, &bz);
	if (e)
		return e;

	struct place p;
	struct memmap m;
	uint64_t initrd, initrd_len, cmdline, rsdp;
	uint8_t *zero;
	place_init(&p, image, ram);
	e = bzimage_place_kernel(image, &bz, &p, boot);
	if (!e)
		e = place_gdt(&p, boot);
	if (!e)
		e = place_page_tables(&p, boot);
	if (!e)
		e = bzimage_place_initrd(&bz, &p, config->initrd, &initrd, &initrd_len);
	if (!e)
		e = place_cmdline(&p, config->append ? config->append : "", bz.cmdline_size, &cmdline);
	if (!e)
		e = acpi_place(&p, config, boot, &rsdp);
	if (!e)
		e = place_claim(&p, BOOT_PARAMS, ZERO_PAGE_LEN, true, "the zero page", &zero);
	if (!e) {
		memmap_build(&p, &m);
		bzimage_write_zero_page(image, &bz, zero, &m);
		le64_write(zero + ACPI_RSDP_ADDR, rsdp);
		le32_write(zero + CMD_LINE_PTR, cmdline);
		le32_write(zero + RAMDISK_IMAGE, initrd);
		le32_write(zero + RAMDISK_SIZE, initrd_len);
	}
	place_deinit(&p);
	boot->protocol = "linux64";
	boot->mode = BOOT_LONG64;
	boot->cs = BOOT_CS64;
	boot->ds = BOOT_DS;
	boot->sp = BOOT_STACK;
	boot->rsi = BOOT_PARAMS;
	return e;
}

const struct loader loader_bzimage = {
	.name = "bzimage",
	.match = bzimage_match,
	.load = bzimage_load,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/ppc64_fdt.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/vec.h"

#define PHANDLE_XIVE 0x1111
#define CACHE_LINE 128
#define CACHE_L1 (32u << 10)
#define SLB_ENTRIES 32
#define EQ_SHIFT 16		/* the one size of event queue KVM takes */

/* The first error of libfdt stays; what follows does nothing. */
struct tree {
	void *fdt;
	int err;
};

static void begin(struct tree *t, const char *name)
{
	if (!t->err)
		t->err = fdt_begin_node(t->fdt, name);
}

static void end(struct tree *t)
{
	if (!t->err)
		t->err = fdt_end_node(t->fdt);
}

static void put(struct tree *t, const char *name, const void *data, size_t len)
{
	if (!t->err)
		t->err = fdt_property(t->fdt, name, data, len);
}

static void put_flag(struct tree *t, const char *name)
{
	put(t, name, NULL, 0);
}

static void put_str(struct tree *t, const char *name, const char *text)
{
	put(t, name, text, strlen(text) + 1);
}

static void put_cells(struct tree *t, const char *name, const uint32_t *cells, unsigned n)
{
	uint8_t raw[32 * 4];

	for (unsigned i = 0; i < n && i < 32; i++)
		be32_write(raw + 4 * i, cells[i]);
	put(t, name, raw, n * 4);
}

static void put_u32(struct tree *t, const char *name, uint32_t v)
{
	put_cells(t, name, &v, 1);
}

static void put_u64(struct tree *t, const char *name, uint64_t v)
{
	put_cells(t, name, (uint32_t[]){ v >> 32, v }, 2);
}

/*
 * "ibm,pa-features": the length of the list of attributes, its kind (0), then a bit for each facility
 * (LoPAR table B.9; numbering from the most significant bit of byte 0). What POWER9 has and KVM gives to a
 * guest; no transactional memory (22).
 */
static void put_pa_features(struct tree *t)
{
	static const struct { uint8_t byte, bits; } on[] = {
		{ 0, 0xf6 },	/* MMU, FPU, SLB, run control, breakpoint address, no-execute */
		{ 1, 0x1f },	/* fri*, breakpoint mask, SPRG3, SLB class 0, PP 110 */
		{ 2, 0xc7 },	/* virtual pages, priorities */
		{ 3, 0xc0 },	/* data stream control */
		{ 5, 0xf0 },	/* little-endian, CFAR */
		{ 6, 0x80 },
		{ 16, 0x80 },	/* vector */
		{ 18, 0x80 },	/* VSX */
		{ 20, 0x80 },	/* vector xor */
		{ 24, 0x80 },	/* large decrementer */
		{ 26, 0x80 },	/* 64-bit */
		{ 28, 0x80 },	/* performance monitor */
		{ 32, 0x80 },	/* little-endian atomics */
		{ 34, 0xc0 },	/* event-based branches */
		{ 40, 0x80 },	/* radix */
		{ 42, 0x80 }, { 44, 0x80 }, { 46, 0x80 }, { 48, 0x80 }, { 50, 0x80 }, { 52, 0x80 },
		{ 54, 0x80 }, { 56, 0x80 }, { 58, 0x80 }, { 60, 0x80 }, { 62, 0x80 },
	};
	uint8_t list[2 + 66] = { 66, 0 };

	for (unsigned i = 0; i < ARRAY_SIZE(on); i++)
		list[2 + on[i].byte] = on[i].bits;
	put(t, "ibm,pa-features", list, sizeof(list));
}

static void put_cpu(struct tree *t, const struct ppc64_fdt *d, unsigned core)
{
	uint32_t servers[8], gservers[16];
	unsigned id = core * d->threads, n = 0;
	char name[32];

	for (; n < d->threads && n < ARRAY_SIZE(servers); n++) {
		servers[n] = gservers[2 * n] = id + n;
		gservers[2 * n + 1] = 0;
	}
	snprintf(name, sizeof(name), "PowerPC,POWER9@%x", id);
	begin(t, name);
	put_str(t, "device_type", "cpu");
	put_u32(t, "reg", id);
	put_str(t, "status", "okay");
	put_u32(t, "cpu-version", d->pvr);
	put_u32(t, "d-cache-block-size", CACHE_LINE);
	put_u32(t, "d-cache-line-size", CACHE_LINE);
	put_u32(t, "i-cache-block-size", CACHE_LINE);
	put_u32(t, "i-cache-line-size", CACHE_LINE);
	put_u32(t, "d-cache-size", CACHE_L1);
	put_u32(t, "i-cache-size", CACHE_L1);
	put_u32(t, "timebase-frequency", d->timebase_hz);
	put_u32(t, "clock-frequency", 1000000000);
	put_u32(t, "slb-size", SLB_ENTRIES);
	put_u32(t, "ibm,slb-size", SLB_ENTRIES);
	put_u32(t, "ibm,vmx", 2);
	put_u32(t, "ibm,dfp", 1);
	put_u32(t, "ibm,purr", 1);
	put_u32(t, "ibm,spurr", 1);
	put_flag(t, "64-bit");
	put_cells(t, "ibm,ppc-interrupt-server#s", servers, n);
	put_cells(t, "ibm,ppc-interrupt-gserver#s", gservers, 2 * n);
	put_pa_features(t);
	for (n = 0; n < PPC64_FDT_AP_MAX && d->ap_encoding[n]; n++)
		;
	put_cells(t, "ibm,processor-radix-AP-encodings", d->ap_encoding, n);
	end(t);
}

static void put_cpus(struct tree *t, const struct ppc64_fdt *d)
{
	begin(t, "cpus");
	put_u32(t, "#address-cells", 1);
	put_u32(t, "#size-cells", 0);
	for (unsigned core = 0; core * d->threads < d->vcpus; core++)
		put_cpu(t, d, core);
	end(t);
}

static void put_rtas(struct tree *t, const struct ppc64_fdt *d)
{
	static const char functions[] = "hcall-pft\0hcall-term\0hcall-interrupt\0hcall-splpar\0hcall-set-mode\0"
					"hcall-debug";

	begin(t, "rtas");
	put_str(t, "device_type", "rtas");
	put_u32(t, "rtas-version", 1);
	put_u32(t, "rtas-size", d->rtas_len);
	put_u32(t, "linux,rtas-base", d->rtas);
	put_u32(t, "linux,rtas-entry", d->rtas_entry);
	put_u32(t, "rtas-event-scan-rate", 0);
	put_u32(t, "rtas-error-log-max", 1024);
	put_flag(t, "ibm,extended-os-term");
	put(t, "ibm,hypertas-functions", functions, sizeof(functions));
	for (unsigned token = 1; d->rtas_name(token); token++)
		put_u32(t, d->rtas_name(token), token);
	end(t);
}

/* What the hypervisor and the guest agreed on (LoPAR B.6.2.3; byte 0 is the number of bytes behind byte 1):
 * partitions; XIVE exploitation; radix, with the guest's own tlbie. */
static void put_vec5(struct tree *t, const struct ppc64_fdt *d)
{
	uint8_t vec5[28] = { sizeof(vec5) - 2 };

	vec5[2] = 0x80 | 0x40;
	vec5[23] = d->xive ? 0x40 : 0;
	vec5[24] = 0x40;
	vec5[26] = 0x40;
	put(t, "ibm,architecture-vec-5", vec5, sizeof(vec5));
}

static void put_chosen(struct tree *t, const struct ppc64_fdt *d)
{
	char path[48];

	snprintf(path, sizeof(path), "/vdevice/vty@%x", d->vty);
	begin(t, "chosen");
	put_str(t, "bootargs", d->cmdline ? d->cmdline : "");
	put_str(t, "stdout-path", path);
	put_str(t, "linux,stdout-path", path);
	if (d->initrd_len) {
		put_u64(t, "linux,initrd-start", d->initrd);
		put_u64(t, "linux,initrd-end", d->initrd + d->initrd_len);
	}
	put_vec5(t, d);
	end(t);
}

static void put_vdevice(struct tree *t, const struct ppc64_fdt *d)
{
	char name[24];

	snprintf(name, sizeof(name), "vty@%x", d->vty);
	begin(t, "vdevice");
	put_str(t, "device_type", "vdevice");
	put_str(t, "compatible", "IBM,vdevice");
	put_u32(t, "#address-cells", 1);
	put_u32(t, "#size-cells", 0);
	if (d->xive) {
		put_u32(t, "#interrupt-cells", 2);
		put_flag(t, "interrupt-controller");
	}
	begin(t, name);
	put_str(t, "device_type", "serial");
	put_str(t, "compatible", "hvterm1");
	put_u32(t, "reg", d->vty);
	if (d->xive)
		put_cells(t, "interrupts", (uint32_t[]){ d->vty_lisn, 0 }, 2); /* edge */
	end(t);
	end(t);
}

/* LoPAR B.6.9.1.2: the user's page, the operating system's page; sources for IPIs; queue sizes. */
static void put_xive(struct tree *t, const struct ppc64_fdt *d)
{
	uint64_t user = d->tima + (3ull << d->page_shift), os = d->tima + (2ull << d->page_shift);
	uint64_t size = 1ull << d->page_shift;
	char name[48];

	snprintf(name, sizeof(name), "interrupt-controller@%llx", (unsigned long long)user);
	begin(t, name);
	put_str(t, "device_type", "power-ivpe");
	put_str(t, "compatible", "ibm,power-ivpe");
	put_cells(t, "reg", (uint32_t[]){ user >> 32, user, 0, size, os >> 32, os, 0, size }, 8);
	put_u32(t, "ibm,xive-eq-sizes", EQ_SHIFT);
	put_cells(t, "ibm,xive-lisn-ranges", (uint32_t[]){ d->ipi_lisn, d->nipis }, 2);
	put_flag(t, "interrupt-controller");
	put_u32(t, "#address-cells", 0);
	put_u32(t, "#interrupt-cells", 2);
	put_u32(t, "phandle", PHANDLE_XIVE);
	put_u32(t, "linux,phandle", PHANDLE_XIVE);
	end(t);
}

static void put_root(struct tree *t, const struct ppc64_fdt *d)
{
	begin(t, "");
	put_str(t, "device_type", "chrp");
	put_str(t, "model", "vmscope PAPR guest");
	put_str(t, "compatible", "vmscope,papr");
	put_u32(t, "#address-cells", 2);
	put_u32(t, "#size-cells", 2);
	if (d->xive) {
		put_u32(t, "interrupt-parent", PHANDLE_XIVE);
		/* Priority 7 and what lies above are the hypervisor's. */
		put_cells(t, "ibm,plat-res-int-priorities", (uint32_t[]){ 7, 0xf8 }, 2);
	}
	begin(t, "memory@0");
	put_str(t, "device_type", "memory");
	put_cells(t, "reg", (uint32_t[]){ 0, 0, d->mem_bytes >> 32, d->mem_bytes }, 4);
	end(t);
	put_cpus(t, d);
	put_rtas(t, d);
	put_chosen(t, d);
	put_vdevice(t, d);
	if (d->xive)
		put_xive(t, d);
	end(t);
}

struct error *ppc64_fdt_write(const struct ppc64_fdt *desc, void *buf, size_t size, size_t *ret_len)
{
	struct tree t = { .fdt = buf };

	t.err = fdt_create(buf, size);
	if (!t.err)
		t.err = fdt_add_reservemap_entry(buf, desc->rtas, desc->rtas_len);
	if (!t.err)
		t.err = fdt_finish_reservemap(buf);
	put_root(&t, desc);
	if (!t.err)
		t.err = fdt_finish(buf);
	if (t.err)
		return error_create(ERROR_FAILED, "cannot build the device tree (%zu bytes of room): %s", size,
				    fdt_strerror(t.err));
	*ret_len = fdt_totalsize(buf);
	return NULL;
}

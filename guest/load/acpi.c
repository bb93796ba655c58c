/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Offsets and values by the ACPI Specification 6.5, chapter 5; ports by guest/hw/pm.h. */
#include "guest/load/acpi.h"

#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "guest/hw/pci.h"
#include "guest/hw/pm.h"
#include "guest/load/aml.h"

#define LOCAL_APIC_GPA 0xfee00000u
#define IOAPIC_GPA 0xfec00000u

#define RSDP_LEN 36
#define RSDP_V1_LEN 20
#define HEADER_LEN 36
#define FACS_LEN 64
#define AML_LEN_MAX 0x1000
#define FADT_LEN 268		/* revision 5 */

/* FADT fields, 5.2.9. */
#define FADT_FACS 36
#define FADT_DSDT 40
#define FADT_SCI_INT 46
#define FADT_PM1A_EVT 56
#define FADT_PM1A_CNT 64
#define FADT_PM_TMR 76
#define FADT_PM1_EVT_LEN 88
#define FADT_PM1_CNT_LEN 89
#define FADT_PM_TMR_LEN 91
#define FADT_C2_LATENCY 96
#define FADT_C3_LATENCY 98
#define FADT_CENTURY 108
#define FADT_BOOT_ARCH 109
#define FADT_FLAGS 112
#define FADT_RESET_REG 116
#define FADT_RESET_VALUE 128
#define FADT_X_FACS 132
#define FADT_X_DSDT 140
#define FADT_X_PM1A_EVT 148
#define FADT_X_PM1A_CNT 172
#define FADT_X_PM_TMR 208

#define NO_C_STATE 0xffff	/* a latency above the limits: not supported */
#define RTC_CENTURY 0x32
#define BOOT_ARCH_LEGACY_DEVICES BIT(0)
#define BOOT_ARCH_8042 BIT(1)
#define BOOT_ARCH_NO_VGA BIT(2)
#define FLAG_WBINVD BIT(0)
#define FLAG_PROC_C1 BIT(2)
#define FLAG_NO_PWR_BUTTON BIT(4)	/* "is a control method": and there is none */
#define FLAG_NO_SLP_BUTTON BIT(5)
#define FLAG_NO_FIXED_RTC BIT(6)
#define FLAG_RESET_REG BIT(10)

/* MADT, 5.2.12. */
#define MADT_PCAT_COMPAT 1u	/* a pair of 8259 as well */
#define MADT_LAPIC 0
#define MADT_IOAPIC 1
#define MADT_OVERRIDE 2
#define MADT_LAPIC_NMI 4
#define MADT_ENABLED 1u
#define ISO_ACTIVE_HIGH_LEVEL 0x0d
#define ALL_CPUS 0xff

/* Name (_S5, Package () { SLP_TYPa, SLP_TYPb, 0, 0 }): how to power off. AML, 20.2.5. */
static const uint8_t aml_s5[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x00, 0x00, 0x00, 0x00 };
_Static_assert(PM_SLP_TYP_S5 == 0, "aml_s5 says ZeroOp");

struct tables {
	uint8_t *mem;	/* the guest's ACPI_GPA */
	size_t len;	/* used */
};

static uint8_t *tables_add(struct tables *t, size_t len, size_t align, uint32_t *ret_gpa)
{
	t->len = (t->len + align - 1) & ~(align - 1);
	uint8_t *at = t->mem + t->len;
	*ret_gpa = ACPI_GPA + t->len;
	t->len += len;
	return at;
}

static void checksum(uint8_t *at, size_t len, size_t field)
{
	uint8_t sum = 0;
	at[field] = 0;
	for (size_t i = 0; i < len; i++)
		sum += at[i];
	at[field] = -sum;
}

/* Once the table is filled: its header, then the sum over all of it. */
static void finish(uint8_t *at, const char *signature, uint8_t revision, size_t len)
{
	memcpy(at, signature, 4);
	le32_write(at + 4, len);
	at[8] = revision;
	memcpy(at + 10, "VMSCOPVMSCOPE  ", 14);
	le32_write(at + 24, 1);
	memcpy(at + 28, "VMSC", 4);
	le32_write(at + 32, 1);
	checksum(at, len, 9);
}

/* Generic address structure of a port, 5.2.3.2. */
static void port_gas(uint8_t *at, uint16_t port, unsigned bytes)
{
	at[0] = 1; /* system I/O */
	at[1] = bytes * 8;
	at[3] = bytes == 1 ? 1 : bytes == 2 ? 2 : 3;
	le64_write(at + 4, port);
}

static uint32_t add_fadt(struct tables *t, uint32_t facs, uint32_t dsdt)
{
	uint32_t gpa;
	uint8_t *f = tables_add(t, FADT_LEN, 16, &gpa);
	le32_write(f + FADT_FACS, facs);
	le32_write(f + FADT_DSDT, dsdt);
	le16_write(f + FADT_SCI_INT, PM_SCI_IRQ);
	/* No SMI command port: ACPI mode from the start. */
	le32_write(f + FADT_PM1A_EVT, PM_PORT + PM_STATUS);
	le32_write(f + FADT_PM1A_CNT, PM_PORT + PM_CONTROL);
	le32_write(f + FADT_PM_TMR, PM_PORT + PM_TIMER);
	f[FADT_PM1_EVT_LEN] = 4;
	f[FADT_PM1_CNT_LEN] = 2;
	f[FADT_PM_TMR_LEN] = 4;
	le16_write(f + FADT_C2_LATENCY, NO_C_STATE);
	le16_write(f + FADT_C3_LATENCY, NO_C_STATE);
	f[FADT_CENTURY] = RTC_CENTURY;
	le16_write(f + FADT_BOOT_ARCH, BOOT_ARCH_LEGACY_DEVICES | BOOT_ARCH_8042 | BOOT_ARCH_NO_VGA);
	le32_write(f + FADT_FLAGS, FLAG_WBINVD | FLAG_PROC_C1 | FLAG_NO_PWR_BUTTON | FLAG_NO_SLP_BUTTON |
				   FLAG_NO_FIXED_RTC | FLAG_RESET_REG);
	port_gas(f + FADT_RESET_REG, PM_RESET_PORT, 1);
	f[FADT_RESET_VALUE] = PM_RESET_VALUE;
	le64_write(f + FADT_X_FACS, facs);
	le64_write(f + FADT_X_DSDT, dsdt);
	port_gas(f + FADT_X_PM1A_EVT, PM_PORT + PM_STATUS, 4);
	port_gas(f + FADT_X_PM1A_CNT, PM_PORT + PM_CONTROL, 2);
	port_gas(f + FADT_X_PM_TMR, PM_PORT + PM_TIMER, 4);
	finish(f, "FACP", 5, FADT_LEN);
	return gpa;
}

static uint8_t *madt_override(uint8_t *at, uint8_t irq, uint32_t gsi, uint16_t flags)
{
	at[0] = MADT_OVERRIDE;
	at[1] = 10;
	at[3] = irq;
	le32_write(at + 4, gsi);
	le16_write(at + 8, flags);
	return at + 10;
}

static uint32_t add_madt(struct tables *t, unsigned vcpus)
{
	uint32_t gpa;
	size_t len = HEADER_LEN + 8 + vcpus * 8 + 12 + 2 * 10 + 6;
	uint8_t *m = tables_add(t, len, 16, &gpa), *at = m + HEADER_LEN + 8;
	le32_write(m + HEADER_LEN, LOCAL_APIC_GPA);
	le32_write(m + HEADER_LEN + 4, MADT_PCAT_COMPAT);
	for (unsigned i = 0; i < vcpus; i++, at += 8) {
		at[0] = MADT_LAPIC;
		at[1] = 8;
		at[2] = at[3] = i; /* APIC ids are given in order */
		le32_write(at + 4, MADT_ENABLED);
	}
	at[0] = MADT_IOAPIC;
	at[1] = 12;
	le32_write(at + 4, IOAPIC_GPA);
	at = madt_override(at + 12, 0, 2, 0); /* the PIT is at pin 2 */
	at = madt_override(at, PM_SCI_IRQ, PM_SCI_IRQ, ISO_ACTIVE_HIGH_LEVEL);
	at[0] = MADT_LAPIC_NMI;
	at[1] = 6;
	at[2] = ALL_CPUS;
	at[5] = 1; /* LINT1 */
	finish(m, "APIC", 4, len);
	return gpa;
}

/* "PNP0A03", compressed (19.3.4): a PCI host bridge. */
#define EISAID_PCI 0x030ad041u

/* The host bridge: the bus, what it decodes, and where INTA of each slot goes (6.2.13: address, pin, no link
 * device, GSI). */
static void aml_pci(struct aml *a)
{
	size_t dev = aml_device(a, "PCI0"), res, prt, entry;

	aml_name(a, "_HID");
	aml_int(a, EISAID_PCI);
	aml_name(a, "_UID");
	aml_int(a, 0);
	aml_name(a, "_CRS");
	res = aml_resources(a);
	aml_word_range(a, AML_RANGE_BUS, 0, 0, 0);
	aml_io(a, 0xcf8, 8);
	aml_word_range(a, AML_RANGE_IO, 3, 0, 0xcf7);
	aml_word_range(a, AML_RANGE_IO, 3, 0xd00, 0xffff);
	aml_memory_window(a, PCI_WINDOW_GPA, PCI_WINDOW_LEN);
	aml_resources_end(a, res);
	aml_name(a, "_PRT");
	prt = aml_package(a, PCI_SLOTS - 1);
	for (unsigned slot = 1; slot < PCI_SLOTS; slot++) {
		entry = aml_package(a, 4);
		aml_int(a, slot << 16 | 0xffff);
		aml_int(a, 0);
		aml_int(a, 0);
		aml_int(a, pci_gsi(slot));
		aml_end(a, entry);
	}
	aml_end(a, prt);
	aml_end(a, dev);
}

static void aml_virtio_mmio(struct aml *a, unsigned i, const struct virtio_place *p)
{
	char name[5];
	size_t dev, res;

	snprintf(name, sizeof(name), "VR%02u", i % 100);
	dev = aml_device(a, name);
	aml_name(a, "_HID");
	aml_string(a, "LNRO0005");
	aml_name(a, "_UID");
	aml_int(a, i);
	aml_name(a, "_CRS");
	res = aml_resources(a);
	aml_memory_fixed(a, p->gpa, VIRTIO_MMIO_LEN);
	aml_interrupt(a, p->gsi);
	aml_resources_end(a, res);
	aml_end(a, dev);
}

static uint32_t add_dsdt(struct tables *t, const struct virtio_place *places, unsigned n)
{
	uint32_t gpa;
	uint8_t *at = tables_add(t, HEADER_LEN, 16, &gpa);
	struct aml a = { .data = at + HEADER_LEN, .cap = AML_LEN_MAX };
	bool pci = false;
	size_t scope;

	aml_bytes(&a, aml_s5, sizeof(aml_s5));
	for (unsigned i = 0; i < n; i++)
		pci |= places[i].opts.way == VIRTIO_WAY_PCI;
	if (n) {
		scope = aml_scope_sb(&a);
		if (pci)
			aml_pci(&a);
		for (unsigned i = 0; i < n; i++)
			if (places[i].opts.way != VIRTIO_WAY_PCI)
				aml_virtio_mmio(&a, i, &places[i]);
		aml_end(&a, scope);
	}
	if (a.len > a.cap) /* can not be: VIRTIO_PLACES_MAX devices of 70 bytes */
		a.len = sizeof(aml_s5);
	t->len += a.len;
	finish(at, "DSDT", 2, HEADER_LEN + a.len);
	return gpa;
}

void acpi_build(uint8_t *mem, unsigned vcpus, enum irqchip_mode irqchip, const struct virtio_place *places,
		unsigned nplaces)
{
	struct tables t = { .mem = mem };
	uint32_t rsdp, facs, dsdt, list[2], rsdt, xsdt;
	unsigned n = 0;
	uint8_t *r = tables_add(&t, RSDP_LEN, 16, &rsdp);

	uint8_t *at = tables_add(&t, FACS_LEN, 64, &facs);
	memcpy(at, "FACS", 4);
	le32_write(at + 4, FACS_LEN);
	at[32] = 2; /* version */
	dsdt = add_dsdt(&t, places, nplaces);
	list[n++] = add_fadt(&t, facs, dsdt);
	if (irqchip != IRQCHIP_OFF)
		list[n++] = add_madt(&t, vcpus);

	at = tables_add(&t, HEADER_LEN + n * 4, 16, &rsdt);
	for (unsigned i = 0; i < n; i++)
		le32_write(at + HEADER_LEN + i * 4, list[i]);
	finish(at, "RSDT", 1, HEADER_LEN + n * 4);
	at = tables_add(&t, HEADER_LEN + n * 8, 16, &xsdt);
	for (unsigned i = 0; i < n; i++)
		le64_write(at + HEADER_LEN + i * 8, list[i]);
	finish(at, "XSDT", 1, HEADER_LEN + n * 8);

	memcpy(r, "RSD PTR ", 8);
	memcpy(r + 9, "VMSCOP", 6);
	r[15] = 2;
	le32_write(r + 16, rsdt);
	le32_write(r + 20, RSDP_LEN);
	le64_write(r + 24, xsdt);
	checksum(r, RSDP_V1_LEN, 8);
	checksum(r, RSDP_LEN, 32);
}

struct error *acpi_place(struct place *p, const struct guest_config *config,
			 const struct boot_state *boot, uint64_t *ret_rsdp)
{
	unsigned vcpus = config->vcpus ? config->vcpus : boot->min_vcpus ? boot->min_vcpus : 1;
	struct virtio_place places[VIRTIO_PLACES_MAX];
	unsigned nplaces = 0;
	uint8_t *mem;
	struct error *e = virtio_layout(config, places, &nplaces);
	if (e)
		return e;
	e = place_claim(p, ACPI_GPA, ACPI_LEN_MAX, true, "the ACPI tables", &mem);
	*ret_rsdp = 0;
	if (e) {
		/* The image is there, or the guest has less memory than that. */
		error_destroy(e);
		return NULL;
	}
	/* Too many are refused elsewhere, where it can be said. */
	memset(mem, 0, ACPI_LEN_MAX);
	acpi_build(mem, vcpus < GUEST_VCPUS_MAX ? vcpus : GUEST_VCPUS_MAX, config->irqchip, places,
		   nplaces);
	*ret_rsdp = ACPI_GPA;
	return NULL;
}

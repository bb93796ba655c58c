/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/test.h"

#include "core/base/bits.h"
#include "guest/hw/pm.h"
#include "guest/load/acpi.h"
#include "tests/lib/elf_builder.h"

#define MIB 0x100000ULL

static uint8_t sum(const uint8_t *at, size_t len)
{
	uint8_t s = 0;
	while (len--)
		s += *at++;
	return s;
}

/* As a guest does it: scan for the root pointer, check every sum, follow the addresses. */
static const uint8_t *find_root(const uint8_t *mem)
{
	for (size_t at = 0; at + 36 <= ACPI_LEN_MAX; at += 16)
		if (!memcmp(mem + at, "RSD PTR ", 8) && sum(mem + at, 20) == 0)
			return mem + at;
	return NULL;
}

static const uint8_t *table(const uint8_t *mem, uint64_t gpa, const char *signature)
{
	assert_in_range(gpa, ACPI_GPA, ACPI_GPA + ACPI_LEN_MAX - 36);
	const uint8_t *at = mem + (gpa - ACPI_GPA);
	assert_memory_equal(at, signature, 4);
	uint32_t len = le32_read(at + 4);
	assert_in_range(len, 36, ACPI_GPA + ACPI_LEN_MAX - gpa);
	assert_int_equal(sum(at, len), 0);
	return at;
}

static const uint8_t *find_table(const uint8_t *mem, const char *signature)
{
	const uint8_t *root = find_root(mem);
	assert_non_null(root);
	assert_int_equal(sum(root, 36), 0);
	const uint8_t *rsdt = table(mem, le32_read(root + 16), "RSDT");
	const uint8_t *xsdt = table(mem, le64_read(root + 24), "XSDT");
	unsigned n = (le32_read(rsdt + 4) - 36) / 4;
	assert_int_equal(n, (le32_read(xsdt + 4) - 36) / 8);
	for (unsigned i = 0; i < n; i++) {
		uint64_t gpa = le32_read(rsdt + 36 + i * 4);
		assert_int_equal(gpa, le64_read(xsdt + 36 + i * 8));
		if (!memcmp(mem + (gpa - ACPI_GPA), signature, 4))
			return table(mem, gpa, signature);
	}
	return NULL;
}

static void test_power(void **state)
{
	_free_ uint8_t *mem = calloc(1, ACPI_LEN_MAX);
	acpi_build(mem, 1, IRQCHIP_KERNEL, NULL, 0);
	const uint8_t *fadt = find_table(mem, "FACP");
	assert_non_null(fadt);
	assert_int_equal(le32_read(fadt + 4), 268);
	assert_int_equal(le16_read(fadt + 46), 9);
	assert_int_equal(le32_read(fadt + 48), 0); /* no SMI command: always in ACPI mode */
	assert_int_equal(le32_read(fadt + 64), 0x604);
	assert_int_equal(le64_read(fadt + 172 + 4), 0x604);
	assert_int_equal(le32_read(fadt + 76), 0x608);
	assert_int_equal(le64_read(fadt + 116 + 4), 0xcf9);
	assert_int_equal(fadt[128], 6);
	/* FACS: 64-byte aligned. */
	assert_int_equal(le32_read(fadt + 36) % 64, 0);
	assert_memory_equal(mem + (le32_read(fadt + 36) - ACPI_GPA), "FACS", 4);
	assert_int_equal(le32_read(fadt + 40), le64_read(fadt + 140));
	const uint8_t *dsdt = table(mem, le32_read(fadt + 40), "DSDT");
	/* Name, "_S5_", package whose length is all that is left of the table. */
	assert_memory_equal(dsdt + 36, "\x08_S5_\x12", 6);
	assert_int_equal(dsdt[42], le32_read(dsdt + 4) - 42);
	assert_int_equal(dsdt[44], PM_SLP_TYP_S5);
}

static void check_cpus(unsigned vcpus, enum irqchip_mode irqchip)
{
	_free_ uint8_t *mem = calloc(1, ACPI_LEN_MAX);
	unsigned lapics = 0, ioapics = 0, overrides = 0;
	acpi_build(mem, vcpus, irqchip, NULL, 0);
	const uint8_t *madt = find_table(mem, "APIC");
	assert_non_null(madt);
	assert_int_equal(le32_read(madt + 36), 0xfee00000);
	assert_int_equal(le32_read(madt + 40) & 1, 1); /* a pair of 8259 as well */
	uint32_t len = le32_read(madt + 4), at = 44;
	while (at < len) {
		const uint8_t *e = madt + at;
		assert_in_range(e[1], 2, len - at);
		if (e[0] == 0) {
			assert_int_equal(e[3], lapics++);
			assert_int_equal(le32_read(e + 4), 1);
		} else if (e[0] == 1) {
			ioapics++;
			assert_int_equal(le32_read(e + 4), 0xfec00000);
		} else if (e[0] == 2 && e[3] == 0) {
			overrides++;
			assert_int_equal(le32_read(e + 4), 2);
		}
		at += e[1];
	}
	assert_int_equal(at, len);
	assert_int_equal(lapics, vcpus);
	assert_int_equal(ioapics, 1);
	assert_int_equal(overrides, 1);
}

static void test_cpus(void **state)
{
	check_cpus(1, IRQCHIP_KERNEL);
	check_cpus(2, IRQCHIP_SPLIT);
	check_cpus(GUEST_VCPUS_MAX, IRQCHIP_KERNEL);
}

/* Without a local APIC nothing may be said about one. */
static void test_no_apic(void **state)
{
	_free_ uint8_t *mem = calloc(1, ACPI_LEN_MAX);
	acpi_build(mem, 1, IRQCHIP_OFF, NULL, 0);
	assert_null(find_table(mem, "APIC"));
	assert_non_null(find_table(mem, "FACP"));
}

static void test_place(void **state)
{
	struct test_ram ram;
	struct place p;
	struct image image = { (const uint8_t *)"", 0, "img" };
	struct guest_config config = { .vcpus = 3 };
	struct boot_state boot = { 0 };
	uint64_t rsdp = 1;
	uint8_t *host;

	test_ram_init(&ram, 16 * MIB, MIB);
	place_init(&p, &image, &ram.ram);
	assert_ok(acpi_place(&p, &config, &boot, &rsdp));
	assert_int_equal(rsdp, ACPI_GPA);
	assert_memory_equal(ram.bytes + ACPI_GPA, "RSD PTR ", 8);
	place_deinit(&p);

	/* An image that lies there keeps its bytes. */
	place_init(&p, &image, &ram.ram);
	assert_ok(place_claim(&p, ACPI_GPA + 0x100, 16, false, "the image", &host));
	memset(ram.bytes + ACPI_GPA, 0x5a, ACPI_LEN_MAX);
	assert_ok(acpi_place(&p, &config, &boot, &rsdp));
	assert_int_equal(rsdp, 0);
	assert_int_equal(ram.bytes[ACPI_GPA], 0x5a);
	place_deinit(&p);
	test_ram_deinit(&ram);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_power),
		cmocka_unit_test(test_cpus),
		cmocka_unit_test(test_no_apic),
		cmocka_unit_test(test_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* pci, fw_cfg: what guests of other machines look for. */
#include "tests/lib/test.h"

#include "core/base/bits.h"
#include "guest/hw/hw.h"
#include "tests/lib/fake_board.h"

static struct vm *board(const struct device_model *model)
{
	struct vm *vm = fake_board_create();
	fake_board_add(vm, model);
	return vm;
}

static uint32_t config_read(struct vm *vm, unsigned dev, unsigned reg)
{
	fake_out(vm, 0xcf8, 4, 0x80000000 | dev << 11 | (reg & 0xfc));
	return fake_in(vm, 0xcfc, 4);
}

static void test_pci_probe(void **state)
{
	struct vm *vm = board(&device_pci);
	/* Linux's test for configuration type 1. */
	OUTB(vm, 0xcfb, 1);
	assert_int_equal(fake_in(vm, 0xcf8, 4), 0);
	fake_out(vm, 0xcf8, 4, 0x80000000);
	assert_int_equal(fake_in(vm, 0xcf8, 4), 0x80000000);
	assert_int_equal(config_read(vm, 0, 0), 0x12378086);
	assert_int_equal(config_read(vm, 0, 8) >> 16, 0x0600);
	assert_int_equal(config_read(vm, 0, 0x0c), 0);	/* header type 0, one function */
	assert_int_equal(config_read(vm, 0, 0x10), 0);
	for (unsigned dev = 1; dev < 32; dev++)
		assert_int_equal(config_read(vm, dev, 0), 0xffffffff);
	/* Bytes and words of a register. */
	fake_out(vm, 0xcf8, 4, 0x80000008);
	assert_int_equal(fake_in(vm, 0xcfe, 2), 0x0600);
	assert_int_equal(INB(vm, 0xcff), 0x06);
	/* Without the enable bit nobody answers. */
	fake_out(vm, 0xcf8, 4, 0);
	assert_int_equal(fake_in(vm, 0xcfc, 4), 0xffffffff);
	fake_board_destroy(vm);
}

static void test_pci_command(void **state)
{
	struct vm *vm = board(&device_pci);
	fake_out(vm, 0xcf8, 4, 0x80000004);
	fake_out(vm, 0xcfc, 2, 0xffff);
	assert_int_equal(fake_in(vm, 0xcfc, 4), 0x0546);
	OUTB(vm, 0xcfd, 0);
	assert_int_equal(fake_in(vm, 0xcfc, 2), 0x0046);
	fake_out(vm, 0xcf8, 4, 0x80000000);
	fake_out(vm, 0xcfc, 4, 0);
	assert_int_equal(fake_in(vm, 0xcfc, 4), 0x12378086);
	fake_board_destroy(vm);
}

static void test_reset_register(void **state)
{
	struct vm *vm = board(&device_pci);
	fake_out(vm, 0xcf8, 4, 0x80000600); /* a PCI address, not a reset */
	assert_int_equal(vm->exits, 0);
	OUTB(vm, 0xcf9, 0x02);
	assert_int_equal(vm->exits, 0);
	OUTB(vm, 0xcf9, 0x06);
	assert_int_equal(vm->exits, 1);
	assert_int_equal(vm->exit_kind, GUEST_EXIT_RESET);
	assert_int_equal(INB(vm, 0xcf9), 0x06);
	OUTB(vm, 0xcf9, 0x06); /* no new edge */
	assert_int_equal(vm->exits, 1);
	fake_board_destroy(vm);
}

static void item(struct vm *vm, uint16_t key, uint8_t *to, unsigned len)
{
	fake_out(vm, 0x510, 2, key);
	while (len--)
		*to++ = INB(vm, 0x511);
}

static void test_fw_cfg_items(void **state)
{
	struct vm *vm = board(&device_fw_cfg);
	uint8_t b[8];

	vm->vcpus = 5;
	item(vm, 0, b, 4);
	assert_memory_equal(b, "QEMU", 4);
	item(vm, 1, b, 4);
	assert_int_equal(le32_read(b), 1); /* no DMA */
	item(vm, 3, b, 8);
	assert_int_equal(le64_read(b), 128 << 20);
	item(vm, 5, b, 2);
	assert_int_equal(le16_read(b), 5);
	item(vm, 0x0f, b, 2);
	assert_int_equal(le16_read(b), 5);
	/* Behind the end and of unknown keys: zeros. */
	assert_int_equal(INB(vm, 0x511), 0);
	item(vm, 0x1234, b, 2);
	assert_int_equal(le16_read(b), 0);
	item(vm, 0, b, 1);
	assert_int_equal(b[0], 'Q');
	fake_board_destroy(vm);
}

static void check_e820(uint64_t mem, unsigned entries, uint64_t low, uint64_t high)
{
	struct vm *vm = board(&device_fw_cfg);
	uint8_t dir[4 + 64], e820[40];

	vm->mem_size = mem;
	item(vm, 0x19, dir, sizeof(dir));
	assert_int_equal(be32_read(dir), 1);
	assert_string_equal((char *)dir + 12, "etc/e820");
	assert_int_equal(be32_read(dir + 4), entries * 20);
	item(vm, be16_read(dir + 8), e820, entries * 20);
	assert_int_equal(le64_read(e820), 0);
	assert_int_equal(le64_read(e820 + 8), low);
	assert_int_equal(le32_read(e820 + 16), 1);
	if (entries > 1) {
		assert_int_equal(le64_read(e820 + 20), 1ULL << 32);
		assert_int_equal(le64_read(e820 + 28), high);
		assert_int_equal(le32_read(e820 + 36), 1);
	}
	fake_board_destroy(vm);
}

static void test_fw_cfg_e820(void **state)
{
	check_e820(64 << 20, 1, 64 << 20, 0);
	check_e820(3ULL << 30, 1, 3ULL << 30, 0);
	check_e820(8ULL << 30, 2, 3ULL << 30, 5ULL << 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pci_probe),
		cmocka_unit_test(test_pci_command),
		cmocka_unit_test(test_reset_register),
		cmocka_unit_test(test_fw_cfg_items),
		cmocka_unit_test(test_fw_cfg_e820),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

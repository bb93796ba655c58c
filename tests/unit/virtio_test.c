/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Virtio devices without KVM: transports, interrupts, suppression, resets. */
#include "tests/lib/test.h"

#include "guest/hw/hw.h"
#include "guest/hw/pci.h"
#include "tests/lib/virtio_board.h"

#define DATA 0x20000u
#define SIZE 8
#define ALL (~0ull)
#define NO_EVENT_IDX (~BIT(VIRTIO_F_EVENT_IDX))

/* Makes a buffer of @len writable bytes at DATA available in split queue 0. */
static void offer(struct virtio_board *b, uint32_t len)
{
	uint8_t *d = b->ram + VB_RING(0), *avail = b->ram + VB_AVAIL(0);
	uint16_t idx = le16_read(avail + 2);

	le64_write(d, DATA);
	le32_write(d + 8, len);
	le16_write(d + 12, 2);
	le16_write(avail + 4 + 2 * (idx % SIZE), 0);
	le16_write(avail + 2, idx + 1);
}

static uint16_t used(struct virtio_board *b)
{
	return le16_read(b->ram + VB_USED(0) + 2);
}

static void config_write(struct virtio_board *b, unsigned reg, unsigned size, uint32_t value)
{
	fake_out(b->vm, 0xcf8, 4, 0x80000000 | b->dev->place.slot << 11 | (reg & 0xfc));
	fake_out(b->vm, 0xcfc + (reg & 3), size, value);
}

static uint32_t config_read(struct virtio_board *b, unsigned reg, unsigned size)
{
	fake_out(b->vm, 0xcf8, 4, 0x80000000 | b->dev->place.slot << 11 | (reg & 0xfc));
	return fake_in(b->vm, 0xcfc + (reg & 3), size);
}

static void test_mmio_interrupt(void **state)
{
	struct virtio_board b;
	unsigned gsi;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=mmio");
	gsi = b.dev->place.gsi;
	assert_true(virtio_board_start(&b, NO_EVENT_IDX, 1, SIZE));
	offer(&b, 16);
	vb_write(&b, 0x50, 4, 0);
	assert_int_equal(used(&b), 0); /* nobody's thread but the worker's serves it */
	virtio_board_turn(&b);
	assert_int_equal(used(&b), 1);
	assert_int_equal(le32_read(b.ram + VB_USED(0) + 8), 16);
	assert_true(b.vm->irq[gsi]);
	assert_int_equal(vb_read(&b, 0x60, 4), 1);
	vb_write(&b, 0x64, 4, 1);
	assert_false(b.vm->irq[gsi]);
	/* The driver wants none. */
	le16_write(b.ram + VB_AVAIL(0), 1);
	offer(&b, 16);
	vb_write(&b, 0x50, 4, 0);
	virtio_board_turn(&b);
	assert_int_equal(used(&b), 2);
	assert_false(b.vm->irq[gsi]);
	virtio_board_deinit(&b);
}

static void test_event_idx(void **state)
{
	struct virtio_board b;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=mmio");
	assert_true(virtio_board_start(&b, ALL, 1, SIZE));
	/* An interrupt at the third buffer, not before. */
	le16_write(b.ram + VB_AVAIL(0) + 4 + 2 * SIZE, 2);
	for (unsigned i = 1; i <= 3; i++) {
		offer(&b, 1);
		virtio_kick(b.dev, 0);
		virtio_board_turn(&b);
		assert_int_equal(used(&b), i);
		assert_int_equal(vb_read(&b, 0x60, 4), i == 3);
		/* The device asks for the next kick. */
		assert_int_equal(le16_read(b.ram + VB_USED(0) + 4 + 8 * SIZE), i);
	}
	virtio_board_deinit(&b);
}

static void test_pci_intx(void **state)
{
	struct virtio_board b;
	unsigned gsi;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=pci");
	gsi = pci_gsi(b.dev->place.slot);
	assert_int_equal(config_read(&b, 0, 4), 0x10441af4);
	assert_true(virtio_board_start(&b, NO_EVENT_IDX, 1, SIZE));
	offer(&b, 16);
	vb_write(&b, 0x3000, 2, 0);
	virtio_board_turn(&b);
	assert_int_equal(used(&b), 1);
	assert_true(b.vm->irq[gsi]);
	/* Off at the source, on again, taken back by the read. */
	config_write(&b, 4, 2, 0x0406);
	assert_false(b.vm->irq[gsi]);
	config_write(&b, 4, 2, 0x0006);
	assert_true(b.vm->irq[gsi]);
	assert_int_equal(vb_read(&b, 0x1000, 1), 1);
	assert_false(b.vm->irq[gsi]);
	assert_int_equal(vb_read(&b, 0x1000, 1), 0);
	virtio_board_deinit(&b);
}

static void test_pci_msix(void **state)
{
	struct virtio_board b;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=pci");
	assert_int_equal(config_read(&b, 0x40, 1), 0x11);
	config_write(&b, 0x42, 2, 0x8000);
	vb_write(&b, 0x4010, 4, 0xfee00000); /* vector 1, in the second BAR */
	vb_write(&b, 0x4018, 4, 0x4041);
	assert_true(virtio_board_start(&b, NO_EVENT_IDX, 1, SIZE));
	vb_write(&b, 22, 2, 0);
	vb_write(&b, 26, 2, 77);
	assert_int_equal(vb_read(&b, 26, 2), 0xffff); /* there is no such vector */
	vb_write(&b, 26, 2, 1);
	assert_int_equal(vb_read(&b, 26, 2), 1);
	offer(&b, 16);
	vb_write(&b, 0x3000, 2, 0);
	virtio_board_turn(&b);
	assert_int_equal(b.vm->msis, 0); /* masked since power-on: pending */
	assert_int_equal(vb_read(&b, 0x4800, 4), 2);
	vb_write(&b, 0x401c, 4, 0);
	assert_int_equal(b.vm->msis, 1);
	assert_int_equal(b.vm->msi_data, 0x4041);
	assert_int_equal(b.vm->msi_addr, 0xfee00000);
	assert_int_equal(vb_read(&b, 0x4800, 4), 0);
	assert_false(b.vm->irq[pci_gsi(b.dev->place.slot)]);
	virtio_board_deinit(&b);
}

static void test_pci_config(void **state)
{
	struct virtio_board b;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=pci");
	/* The size of a BAR. */
	config_write(&b, 0x10, 4, ~0u);
	assert_int_equal(config_read(&b, 0x10, 4), 0xffffc000);
	/* It moves: the registers are there and no longer here. */
	config_write(&b, 0x10, 4, 0xe8000000);
	assert_int_equal(vb_read(&b, 18, 2), 0xffff);
	assert_int_equal(({ uint64_t v; bus_read(b.vm->bus, MEM_MMIO, 0xe8000000 + 18, 2, &v); v; }), 1);
	/* The same by the window in configuration space. */
	config_write(&b, 0x98 + 4, 1, 0);
	config_write(&b, 0x98 + 8, 4, 18);
	config_write(&b, 0x98 + 12, 4, 2);
	assert_int_equal(config_read(&b, 0x98 + 16, 2), 1);
	/* One that describes no access is none. */
	config_write(&b, 0x98 + 8, 4, 0xfffffff0);
	config_write(&b, 0x98 + 16, 4, 0xffffffff);
	assert_int_equal(virtio_status(b.dev), 0);
	virtio_board_deinit(&b);
}

static void test_ring_reset(void **state)
{
	struct virtio_board b;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=pci");
	assert_true(virtio_board_start(&b, NO_EVENT_IDX, 1, SIZE));
	offer(&b, 16);
	vb_write(&b, 22, 2, 0);
	vb_write(&b, 58, 2, 1);
	assert_int_equal(vb_read(&b, 28, 2), 0);
	vb_write(&b, 0x3000, 2, 0);
	virtio_board_turn(&b);
	assert_int_equal(used(&b), 0);
	/* At other addresses it starts from nothing, while the device stays live. */
	memset(b.ram + VB_RING(0), 0, 0x2000);
	vb_write(&b, 24, 2, SIZE);
	vb_write(&b, 32, 8, VB_RING(0));
	vb_write(&b, 40, 8, VB_AVAIL(0));
	vb_write(&b, 48, 8, VB_USED(0));
	vb_write(&b, 28, 2, 1);
	assert_int_equal(virtio_status(b.dev), 0xf);
	offer(&b, 16);
	vb_write(&b, 0x3000, 2, 0);
	virtio_board_turn(&b);
	assert_int_equal(used(&b), 1);
	virtio_board_deinit(&b);
}

static void test_features(void **state)
{
	struct virtio_board b;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=mmio,access_platform=on");
	/* Without VERSION_1, without ACCESS_PLATFORM, with what was not offered: refused. */
	assert_false(virtio_board_start(&b, ~BIT(VIRTIO_F_VERSION_1), 1, SIZE));
	assert_int_equal(virtio_status(b.dev) & (VIRTIO_FEATURES_OK | VIRTIO_DRIVER_OK), 0);
	assert_false(virtio_board_start(&b, ~BIT(VIRTIO_F_ACCESS_PLATFORM), 1, SIZE));
	assert_true(virtio_board_start(&b, ALL, 1, SIZE));
	/* Bits are not taken back one by one, and features stand. */
	vb_write(&b, 0x70, 4, 1);
	assert_int_equal(virtio_status(b.dev), 0xf);
	vb_write(&b, 0x24, 4, 0);
	vb_write(&b, 0x20, 4, 0);
	assert_true(virtio_has(b.dev, VIRTIO_F_EVENT_IDX));
	virtio_board_deinit(&b);
}

static void test_finding(void **state)
{
	struct virtio_board b;

	virtio_board_init(&b, &device_virtio_rng, "rng", "", "transport=pci");
	assert_true(virtio_board_start(&b, NO_EVENT_IDX, 1, SIZE));
	offer(&b, 16);
	le64_write(b.ram + VB_RING(0), VB_RAM - 8); /* over the end of RAM */
	vb_write(&b, 0x3000, 2, 0);
	virtio_board_turn(&b);
	assert_int_equal(virtio_status(b.dev), 0x4f);
	assert_int_equal(b.vm->finding.rule, 8);
	assert_int_equal(b.vm->finding.addr, VB_RAM - 8);
	assert_int_equal(b.vm->finding.fatal, 1);
	assert_int_equal(le64_read(b.vm->finding.bytes), VB_RAM - 8);
	assert_int_equal(vb_read(&b, 0x1000, 1), 2); /* the configuration changed */
	assert_true(virtio_board_start(&b, NO_EVENT_IDX, 1, SIZE));
	virtio_board_deinit(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mmio_interrupt), cmocka_unit_test(test_event_idx),
		cmocka_unit_test(test_pci_intx), cmocka_unit_test(test_pci_msix),
		cmocka_unit_test(test_pci_config), cmocka_unit_test(test_ring_reset),
		cmocka_unit_test(test_features), cmocka_unit_test(test_finding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

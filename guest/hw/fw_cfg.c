/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * QEMU's firmware configuration device, port interface without DMA (docs/specs/fw_cfg.rst): a selector
 * and a byte stream. What guests that know no firmware ask of it: memory, CPUs, e820, the directory.
 */
#include <string.h>

#include "guest/hw/hw.h"

#define FW_CFG_PORT 0x510	/* selector, 16 bits; data one byte further */
#define FW_CFG_LEN 2
#define DATA_OFFSET 1

#define KEY_SIGNATURE 0x00
#define KEY_ID 0x01
#define KEY_RAM_SIZE 0x03
#define KEY_NOGRAPHIC 0x04
#define KEY_NB_CPUS 0x05
#define KEY_MAX_CPUS 0x0f
#define KEY_FILE_DIR 0x19
#define KEY_FILE_FIRST 0x20
#define KEY_E820 KEY_FILE_FIRST

#define ID_TRADITIONAL 1u	/* bit 1 would promise DMA */

#define FILE_LEN 64		/* directory entry: size, key, 0 (big endian), name */
#define E820_LEN 20
#define E820_RAM 1
#define HOLE_START 0xc0000000ULL
#define HOLE_END 0x100000000ULL

#define ITEM_MAX 128

struct fw_cfg {
	struct device dev;
	uint16_t key;
	unsigned at, len;
	uint8_t item[ITEM_MAX];	/* of @key */
};

static unsigned put_e820(uint8_t *to, uint64_t mem)
{
	uint64_t low = mem < HOLE_START ? mem : HOLE_START;
	le64_write(to, 0);
	le64_write(to + 8, low);
	le32_write(to + 16, E820_RAM);
	if (mem == low)
		return E820_LEN;
	le64_write(to + E820_LEN, HOLE_END);
	le64_write(to + E820_LEN + 8, mem - low);
	le32_write(to + E820_LEN + 16, E820_RAM);
	return 2 * E820_LEN;
}

static unsigned put_directory(struct fw_cfg *f, uint8_t *to)
{
	uint8_t e820[2 * E820_LEN];
	be32_write(to, 1);
	be32_write(to + 4, put_e820(e820, device_mem_size(&f->dev)));
	be16_write(to + 8, KEY_E820);
	memcpy(to + 12, "etc/e820", 9);
	return 4 + FILE_LEN;
}

static void fw_cfg_select(struct fw_cfg *f, uint16_t key)
{
	memset(f->item, 0, sizeof(f->item));
	f->key = key;
	f->at = f->len = 0;
	switch (key) {
	case KEY_SIGNATURE:
		memcpy(f->item, "QEMU", 4);
		f->len = 4;
		break;
	case KEY_ID:
		le32_write(f->item, ID_TRADITIONAL);
		f->len = 4;
		break;
	case KEY_RAM_SIZE:
		le64_write(f->item, device_mem_size(&f->dev));
		f->len = 8;
		break;
	case KEY_NOGRAPHIC:
		le16_write(f->item, 1);
		f->len = 2;
		break;
	case KEY_NB_CPUS:
	case KEY_MAX_CPUS:
		le16_write(f->item, device_vcpus(&f->dev));
		f->len = 2;
		break;
	case KEY_FILE_DIR:
		f->len = put_directory(f, f->item);
		break;
	case KEY_E820:
		f->len = put_e820(f->item, device_mem_size(&f->dev));
		break;
	}
}

/* Behind the end of an item, and of keys that nobody has, there are zeros. */
static void fw_cfg_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct fw_cfg *f = container_of(dev, struct fw_cfg, dev);
	if (offset != DATA_OFFSET || size != 1)
		return;
	*value = f->at < f->len ? f->item[f->at++] : 0;
}

static void fw_cfg_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	if (offset == 0 && size == 2)
		fw_cfg_select(container_of(dev, struct fw_cfg, dev), value);
}

static void fw_cfg_reset(struct device *dev)
{
	fw_cfg_select(container_of(dev, struct fw_cfg, dev), KEY_SIGNATURE);
}

static void fw_cfg_describe(struct device *dev, struct out *out)
{
	const struct fw_cfg *f = container_of(dev, struct fw_cfg, dev);
	hw_show_reg(out, "key", 4, f->key, f->len ? NULL : "no such item");
	hw_show_reg(out, "offset", 4, f->at, NULL);
	hw_show_reg(out, "length", 4, f->len, NULL);
}

static struct error *fw_cfg_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops ops = { .read = fw_cfg_read, .write = fw_cfg_write };
	static const struct hw_claim claim = { MEM_PORT, FW_CFG_PORT, FW_CFG_LEN, &ops };
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_fw_cfg, sizeof(struct fw_cfg), &claim, 1, ret);
}

const struct device_model device_fw_cfg = {
	.arch = "x86_64",
	.name = "fw_cfg",
	.help = "QEMU's firmware configuration: memory, CPUs, e820",
	.create = fw_cfg_create,
	.reset = fw_cfg_reset,
	.destroy = hw_destroy,
	.describe = fw_cfg_describe,
};

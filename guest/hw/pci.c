/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PCI configuration access (PCI 3.0, 3.2.2.3.2) with a host bridge and nothing else behind it, so that
 * a guest that looks for devices finds a bus and sees that it is empty. The second byte of the address
 * port is the PIIX reset control register when accessed alone.
 */
#include <string.h>

#include "guest/hw/hw.h"
#include "guest/hw/pm.h"

#define CONF_PORT 0xcf8
#define CONF_LEN 4
#define DATA_PORT 0xcfc
#define DATA_LEN 4
#define RESET_OFFSET (PM_RESET_PORT - CONF_PORT)
#define RESET_CPU BIT(2)

#define CONF_ENABLE BIT(31)
#define CONF_REG(a) ((a) & 0xfc)
#define CONF_BDF(a) FIELD(a, 23, 8)
#define HOST_BRIDGE_BDF 0

#define REG_COMMAND 0x04
#define COMMAND_BITS 0x0546	/* memory, master, parity, SERR, INTx off: what may be written */

struct pci {
	struct device dev;
	uint32_t address;
	uint16_t command;
	uint8_t reset_control;
};

/* 00:00.0 as the i440FX has it: vendor 8086, device 1237, revision 2, class 060000 (host bridge). */
static uint32_t host_bridge(const struct pci *pci, unsigned reg)
{
	switch (reg) {
	case 0x00:
		return 0x12378086;
	case REG_COMMAND:
		return pci->command;
	case 0x08:
		return 0x06000002;
	default:
		return 0;
	}
}

static void pci_conf_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	const struct pci *pci = container_of(dev, struct pci, dev);
	if (offset == RESET_OFFSET && size == 1)
		*value = pci->reset_control;
	else if (offset == 0 && size == 4)
		*value = pci->address;
}

static void pci_conf_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci *pci = container_of(dev, struct pci, dev);
	if (offset == 0 && size == 4)
		pci->address = value & (CONF_ENABLE | 0xfffffc);
	if (offset != RESET_OFFSET || size != 1)
		return;
	bool pulse = (value & RESET_CPU) && !(pci->reset_control & RESET_CPU);
	pci->reset_control = value & 0x0e;
	if (pulse)
		device_guest_exit(dev, GUEST_EXIT_RESET, 0);
}

static bool addresses_bridge(const struct pci *pci)
{
	return (pci->address & CONF_ENABLE) && CONF_BDF(pci->address) == HOST_BRIDGE_BDF;
}

static void pci_data_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	const struct pci *pci = container_of(dev, struct pci, dev);
	if (addresses_bridge(pci) && offset + size <= DATA_LEN)
		*value = host_bridge(pci, CONF_REG(pci->address)) >> (8 * offset);
}

static void pci_data_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci *pci = container_of(dev, struct pci, dev);
	if (!addresses_bridge(pci) || CONF_REG(pci->address) != REG_COMMAND || offset > 1)
		return;
	uint16_t mask = size == 1 ? 0xff << (8 * offset) : 0xffff << (8 * offset);
	pci->command = (pci->command & ~mask) | ((value << (8 * offset)) & mask & COMMAND_BITS);
}

static void pci_reset(struct device *dev)
{
	struct pci *pci = container_of(dev, struct pci, dev);
	pci->address = 0;
	pci->command = 0x0006;
	pci->reset_control = 0;
}

static void pci_describe(struct device *dev, struct out *out)
{
	const struct pci *pci = container_of(dev, struct pci, dev);
	hw_show_reg(out, "address", 8, pci->address,
		    !(pci->address & CONF_ENABLE) ? "disabled" : addresses_bridge(pci) ? "host bridge" : "nobody");
	hw_show_reg(out, "command", 4, pci->command, "of the host bridge");
	hw_show_reg(out, "reset", 2, pci->reset_control, NULL);
}

static struct error *pci_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops conf_ops = { .read = pci_conf_read, .write = pci_conf_write };
	static const struct bus_ops data_ops = { .read = pci_data_read, .write = pci_data_write };
	static const struct hw_claim claims[] = {
		{ MEM_PORT, CONF_PORT, CONF_LEN, &conf_ops },
		{ MEM_PORT, DATA_PORT, DATA_LEN, &data_ops },
	};
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_pci, sizeof(struct pci), claims, 2, ret);
}

const struct device_model device_pci = {
	.arch = "x86_64",
	.name = "pci",
	.help = "PCI configuration ports with a host bridge alone; reset register 0xcf9",
	.create = pci_create,
	.reset = pci_reset,
	.destroy = hw_destroy,
	.describe = pci_describe,
};

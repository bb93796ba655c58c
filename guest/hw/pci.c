/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * PCI configuration access (PCI 3.0, 3.2.2.3.2) with a host bridge and the functions that devices put
 * behind it (pci.h). The second byte of the address port is the PIIX reset control register when accessed
 * alone.
 */
#include <stdatomic.h>
#include <string.h>

#include "guest/hw/hw.h"
#include "guest/hw/pci.h"
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
	struct pci_function *slot[PCI_SLOTS];	/* as of creation; NULL: empty */
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

/* The function that is addressed, when it is one. */
static struct pci_function *addressed(const struct pci *pci)
{
	unsigned bdf = CONF_BDF(pci->address);

	if (!(pci->address & CONF_ENABLE) || bdf / 8 >= PCI_SLOTS || bdf % 8)
		return NULL;
	return pci->slot[bdf / 8];
}

/* ---- functions -------------------------------------------------------------------------------------- */

/* Where a BAR is decoded: while memory is on, at what the guest wrote. */
static void decode_bars(struct pci_function *f)
{
	bool on = le16_read(f->config + PCI_COMMAND) & PCI_COMMAND_MEMORY;

	for (unsigned i = 0; i < PCI_BARS; i++)
		if (f->bar[i].len)
			atomic_store(&f->bar[i].gpa, on ? le32_read(f->config + PCI_BAR(i)) & ~(f->bar[i].len - 1) : 0);
}

static void function_read(struct pci_function *f, unsigned reg, unsigned size, uint64_t *value)
{
	struct bus *bus = vm_bus(f->dev->vm);

	bus_device_lock(bus, f->dev);
	if (f->reading)
		f->reading(f->dev, reg, size);
	*value = 0;
	for (unsigned i = 0; i < size; i++)
		*value |= (uint64_t)f->config[reg + i] << (8 * i);
	bus_device_unlock(bus, f->dev);
}

static void function_write(struct pci_function *f, unsigned reg, unsigned size, uint64_t value)
{
	struct bus *bus = vm_bus(f->dev->vm);

	bus_device_lock(bus, f->dev);
	for (unsigned i = 0; i < size; i++) {
		uint8_t mask = f->writable[reg + i];

		f->config[reg + i] = (f->config[reg + i] & ~mask) | ((value >> (8 * i)) & mask);
	}
	decode_bars(f);
	if (f->written)
		f->written(f->dev, reg, size);
	bus_device_unlock(bus, f->dev);
}

void pci_function_reset(struct pci_function *f)
{
	memcpy(f->config, f->power_on, sizeof(f->config));
	decode_bars(f);
}

struct error *pci_attach(struct vm *vm, struct pci_function *f)
{
	struct device *bridge = bus_pci(vm_bus(vm));
	uint32_t gpa = PCI_WINDOW_GPA + f->slot * PCI_SLOT_LEN;
	struct pci *pci;

	if (!bridge)
		return error_create(ERROR_UNSUPPORTED, "this machine has no PCI bus (--virtio-opt transport=mmio)");
	pci = container_of(bridge, struct pci, dev);
	if (f->slot >= PCI_SLOTS || pci->slot[f->slot] || f->slot == 0)
		return error_create(ERROR_FAILED, "PCI slot %u is taken", f->slot);
	bus_add_device(vm_bus(vm), f->dev);
	for (unsigned i = 0; i < PCI_BARS; i++) {
		if (!f->bar[i].len)
			continue;
		le32_write(f->config + PCI_BAR(i), gpa);
		le32_write(f->writable + PCI_BAR(i), ~(f->bar[i].len - 1));
		gpa += f->bar[i].len;
	}
	le16_write(f->writable + PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_OFF);
	f->config[PCI_INTERRUPT_LINE] = pci_gsi(f->slot);
	f->config[PCI_INTERRUPT_PIN] = 1;
	f->writable[PCI_INTERRUPT_LINE] = 0xff;
	memcpy(f->power_on, f->config, sizeof(f->power_on));
	pci->slot[f->slot] = f;
	return NULL;
}

/* ---- the window: no lock of its own; a function's BAR is served under its device's ------------------- */

static struct pci_function *window_find(struct pci *pci, uint64_t gpa, unsigned size, unsigned *ret_bar,
					uint64_t *ret_offset)
{
	for (unsigned s = 1; s < PCI_SLOTS; s++) {
		struct pci_function *f = pci->slot[s];

		for (unsigned i = 0; f && i < PCI_BARS; i++) {
			uint32_t at = atomic_load(&f->bar[i].gpa);

			if (!at || gpa < at || gpa - at > f->bar[i].len - size)
				continue;
			*ret_bar = i;
			*ret_offset = gpa - at;
			return f;
		}
	}
	return NULL;
}

static void window_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct pci *pci = container_of(dev, struct pci, dev);
	unsigned bar;
	uint64_t at;
	struct pci_function *f = window_find(pci, PCI_WINDOW_GPA + offset, size, &bar, &at);

	if (!f)
		return;
	bus_device_lock(vm_bus(dev->vm), f->dev);
	f->bar[bar].ops->read(f->dev, at, size, value);
	bus_device_unlock(vm_bus(dev->vm), f->dev);
}

static void window_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci *pci = container_of(dev, struct pci, dev);
	unsigned bar;
	uint64_t at;
	struct pci_function *f = window_find(pci, PCI_WINDOW_GPA + offset, size, &bar, &at);

	if (!f)
		return;
	bus_device_lock(vm_bus(dev->vm), f->dev);
	f->bar[bar].ops->write(f->dev, at, size, value);
	bus_device_unlock(vm_bus(dev->vm), f->dev);
}

/* ---- the ports --------------------------------------------------------------------------------------- */

static bool addresses_bridge(const struct pci *pci)
{
	return (pci->address & CONF_ENABLE) && CONF_BDF(pci->address) == HOST_BRIDGE_BDF;
}

static void pci_data_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	const struct pci *pci = container_of(dev, struct pci, dev);
	struct pci_function *f = addressed(pci);

	if (f && offset + size <= DATA_LEN)
		function_read(f, CONF_REG(pci->address) + offset, size, value);
	else if (addresses_bridge(pci) && offset + size <= DATA_LEN)
		*value = host_bridge(pci, CONF_REG(pci->address)) >> (8 * offset);
}

static void pci_data_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pci *pci = container_of(dev, struct pci, dev);
	struct pci_function *f = addressed(pci);

	if (f && offset + size <= DATA_LEN)
		function_write(f, CONF_REG(pci->address) + offset, size, value);
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
		    !(pci->address & CONF_ENABLE) ? "disabled" : addresses_bridge(pci) ? "host bridge" :
		    addressed(pci) ? addressed(pci)->dev->name : "nobody");
	hw_show_reg(out, "command", 4, pci->command, "of the host bridge");
	hw_show_reg(out, "reset", 2, pci->reset_control, NULL);
}

static struct error *pci_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops conf_ops = { .read = pci_conf_read, .write = pci_conf_write };
	static const struct bus_ops data_ops = { .read = pci_data_read, .write = pci_data_write };
	static const struct bus_ops window_ops = { .read = window_read, .write = window_write, .unlocked = true };
	static const struct hw_claim claims[] = {
		{ MEM_PORT, CONF_PORT, CONF_LEN, &conf_ops },
		{ MEM_PORT, DATA_PORT, DATA_LEN, &data_ops },
		{ MEM_MMIO, PCI_WINDOW_GPA, PCI_WINDOW_LEN, &window_ops },
	};
	struct error *err;

	*ret = NULL;
	if (unit)
		return NULL;
	err = hw_create(vm, unit, &device_pci, sizeof(struct pci), claims, 3, ret);
	if (!err)
		bus_set_pci(vm_bus(vm), *ret);
	return err;
}

const struct device_model device_pci = {
	.arch = "x86_64",
	.name = "pci",
	.help = "PCI configuration ports, a host bridge, the window of BARs; reset register 0xcf9",
	.create = pci_create,
	.reset = pci_reset,
	.destroy = hw_destroy,
	.describe = pci_describe,
};

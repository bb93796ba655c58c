/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Functions on bus 0 behind the host bridge: configuration space with masks, memory BARs that the guest may
 * move within the window, MSI-X, INTx. A function is a device's; its handlers run under that device's
 * lock, as those of the bus do.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "guest/bus.h"
#include "guest/device.h"

/* The window of BARs, in the hole below 4 GiB; each slot's BARs start in a part of their own. */
#define PCI_WINDOW_GPA 0xe0000000ull
#define PCI_WINDOW_LEN 0x10000000ull
#define PCI_SLOT_LEN 0x10000ull
#define PCI_SLOTS 32
#define PCI_BARS 2
#define PCI_CONFIG_LEN 256

/* INTA of slot n: two lines that nothing else uses, on the 8259 as on the IOAPIC. */
static inline unsigned pci_gsi(unsigned slot)
{
	return slot & 1 ? 11 : 10;
}

#define PCI_VENDOR 0x00
#define PCI_DEVICE 0x02
#define PCI_COMMAND 0x04
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004
#define PCI_COMMAND_INTX_OFF 0x0400
#define PCI_STATUS 0x06
#define PCI_STATUS_INTX 0x0008
#define PCI_STATUS_CAPS 0x0010
#define PCI_REVISION 0x08
#define PCI_BAR(i) (0x10 + 4 * (i))
#define PCI_SUBSYSTEM_VENDOR 0x2c
#define PCI_SUBSYSTEM 0x2e
#define PCI_CAPS 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d

struct pci_function {
	struct device *dev;
	unsigned slot;
	uint8_t config[PCI_CONFIG_LEN], writable[PCI_CONFIG_LEN];
	struct {
		uint32_t len;		/* 0: none; a power of two */
		const struct bus_ops *ops;
		_Atomic uint32_t gpa;	/* where it is decoded; 0: nowhere */
	} bar[PCI_BARS];
	/* After the guest wrote [reg, reg+len) of the configuration. May be NULL. */
	void (*written)(struct device *dev, unsigned reg, unsigned len);
	/* Before it reads there: brings config[] up to date. May be NULL. */
	void (*reading)(struct device *dev, unsigned reg, unsigned len);
	uint8_t power_on[PCI_CONFIG_LEN];
};

/* Puts @f, whose config, writable and bars' lengths and operations are filled, behind the host bridge:
 * assigns BARs and the interrupt line. ERROR_UNSUPPORTED where the machine has no PCI. */
struct error *pci_attach(struct vm *vm, struct pci_function *f);
/* Configuration as after power-on. Under the device's lock. */
void pci_function_reset(struct pci_function *f);

/* ---- MSI-X (PCI 3.0, 6.8.2) ------------------------------------------------------------------------ */

#define MSIX_VECTORS_MAX 32
#define MSIX_CAP_LEN 12
#define MSIX_TABLE_LEN (16 * MSIX_VECTORS_MAX)
#define MSIX_PBA 0x800
#define MSIX_BAR_LEN 0x1000

struct msix {
	struct device *dev;
	unsigned n;
	pthread_mutex_t lock;	/* guards what follows: messages are sent by any thread */
	bool enabled, masked;
	uint32_t table[MSIX_VECTORS_MAX][4];
	uint32_t pending;
};

void msix_init(struct msix *m, struct device *dev, unsigned n);
void msix_deinit(struct msix *m);
void msix_reset(struct msix *m);
/* Writes the capability at @at of @f; the table is in BAR @bar. */
void msix_capability(struct pci_function *f, unsigned at, unsigned next, unsigned n, unsigned bar);
/* The message control word at capability @at was written. */
void msix_control(struct msix *m, const struct pci_function *f, unsigned at);
void msix_read(struct msix *m, uint64_t offset, unsigned size, uint64_t *value);
void msix_write(struct msix *m, uint64_t offset, unsigned size, uint64_t value);
/* Sends vector @v, or remembers it while it is masked. Any thread. */
void msix_send(struct msix *m, unsigned v);
bool msix_enabled(struct msix *m);

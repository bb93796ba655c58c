/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The 82093AA IOAPIC for --irqchip split (Intel 290566): an interrupt leaves as an MSI to the in-kernel
 * local APICs. The GSI routes tell KVM which vectors are level triggered here, so that it exits at their
 * end of interrupt (KVM_EXIT_IOAPIC_EOI).
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/x86_64/x86.h"

#define IOAPIC_ADDR 0xfec00000ull
#define PINS 24
#define VERSION 0x11u
#define MSI_BASE 0xfee00000ull

#define REDIR_REMOTE_IRR BIT(14)
#define REDIR_LEVEL BIT(15)
#define REDIR_MASKED BIT(16)
#define REDIR_STATUS BIT(12)
#define REDIR_READ_ONLY (REDIR_STATUS | REDIR_REMOTE_IRR)

struct x86_ioapic {
	struct device dev;
	pthread_mutex_t lock;	/* guards what follows */
	uint32_t select, id, lines, irr;
	uint64_t redir[PINS];
};

static struct kvm_msi message(uint64_t redir)
{
	/* SDM vol. 3A, 11.11: destination, mode and hint in the address; vector, delivery, trigger in data. */
	return (struct kvm_msi){
		.address_lo = MSI_BASE | FIELD(redir, 63, 56) << 12 | FIELD(redir, 11, 11) << 2,
		.data = FIELD(redir, 7, 0) | FIELD(redir, 10, 8) << 8 | FIELD(redir, 15, 15) << 15 |
			FIELD(redir, 15, 15) << 14,
	};
}

static void update_routes(struct x86_ioapic *io)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[PINS];
	} table = { .head.nr = PINS };

	for (unsigned i = 0; i < PINS; i++) {
		struct kvm_msi msi = message(io->redir[i]);

		table.entry[i] = (struct kvm_irq_routing_entry){ .gsi = i, .type = KVM_IRQ_ROUTING_MSI };
		if (io->redir[i] & REDIR_MASKED)
			continue;
		table.entry[i].u.msi.address_lo = msi.address_lo;
		table.entry[i].u.msi.data = msi.data;
	}
	ioctl(io->dev.vm->fd, KVM_SET_GSI_ROUTING, &table);
}

/* Sends what is pending on @pin, if it may go. */
static void deliver(struct x86_ioapic *io, unsigned pin)
{
	uint64_t *redir = &io->redir[pin];
	struct kvm_msi msi = message(*redir);

	if (!(io->irr & BIT(pin)) || (*redir & REDIR_MASKED))
		return;
	if ((*redir & REDIR_LEVEL) && (*redir & REDIR_REMOTE_IRR))
		return;
	if (ioctl(io->dev.vm->fd, KVM_SIGNAL_MSI, &msi) < 0)
		return;
	if (*redir & REDIR_LEVEL)
		*redir |= REDIR_REMOTE_IRR;
	else
		io->irr &= ~BIT(pin);
}

void x86_ioapic_set(struct x86_ioapic *io, unsigned pin, bool level)
{
	bool was;

	if (pin >= PINS)
		return;
	pthread_mutex_lock(&io->lock);
	was = io->lines & BIT(pin);
	io->lines = level ? io->lines | BIT(pin) : io->lines & ~BIT(pin);
	if (io->redir[pin] & REDIR_LEVEL)
		io->irr = level ? io->irr | BIT(pin) : io->irr & ~BIT(pin);
	else if (level && !was)
		io->irr |= BIT(pin);
	deliver(io, pin);
	pthread_mutex_unlock(&io->lock);
}

void x86_ioapic_eoi(struct x86_ioapic *io, unsigned vector)
{
	pthread_mutex_lock(&io->lock);
	for (unsigned pin = 0; pin < PINS; pin++) {
		if (FIELD(io->redir[pin], 7, 0) != vector || !(io->redir[pin] & REDIR_LEVEL))
			continue;
		io->redir[pin] &= ~REDIR_REMOTE_IRR;
		deliver(io, pin); /* still asserted: again */
	}
	pthread_mutex_unlock(&io->lock);
}

static uint32_t register_read(const struct x86_ioapic *io)
{
	unsigned index = io->select & 0xff, pin = (index - 0x10) / 2;

	switch (index) {
	case 0:
	case 2:
		return io->id << 24;
	case 1:
		return VERSION | (PINS - 1) << 16;
	default:
		if (index < 0x10 || pin >= PINS)
			return 0;
		return index & 1 ? io->redir[pin] >> 32 : io->redir[pin];
	}
}

static void register_write(struct x86_ioapic *io, uint32_t value)
{
	unsigned index = io->select & 0xff, pin = (index - 0x10) / 2;
	uint64_t *redir;

	if (index == 0) {
		io->id = FIELD(value, 27, 24);
		return;
	}
	if (index < 0x10 || pin >= PINS)
		return;
	redir = &io->redir[pin];
	if (index & 1)
		*redir = (*redir & MASK(31, 0)) | (uint64_t)value << 32;
	else
		*redir = (*redir & (MASK(63, 32) | REDIR_READ_ONLY)) | (value & ~REDIR_READ_ONLY);
	if (!(*redir & REDIR_LEVEL))
		*redir &= ~REDIR_REMOTE_IRR;
	update_routes(io);
	deliver(io, pin);
}

static void mmio_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct x86_ioapic *io = container_of(dev, struct x86_ioapic, dev);

	pthread_mutex_lock(&io->lock);
	*value = offset == 0 ? io->select : offset == 0x10 ? register_read(io) : 0;
	pthread_mutex_unlock(&io->lock);
}

static void mmio_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct x86_ioapic *io = container_of(dev, struct x86_ioapic, dev);

	if (offset == 0x40) { /* the EOI register of later versions */
		x86_ioapic_eoi(io, value & 0xff);
		return;
	}
	pthread_mutex_lock(&io->lock);
	if (offset == 0)
		io->select = value;
	else if (offset == 0x10)
		register_write(io, value);
	pthread_mutex_unlock(&io->lock);
}

void x86_ioapic_reset(struct x86_ioapic *io)
{
	pthread_mutex_lock(&io->lock);
	io->select = io->id = io->irr = io->lines = 0;
	for (unsigned i = 0; i < PINS; i++)
		io->redir[i] = REDIR_MASKED;
	update_routes(io);
	pthread_mutex_unlock(&io->lock);
}

void x86_ioapic_state(struct x86_ioapic *io, struct state_x86_ioapic *ret)
{
	pthread_mutex_lock(&io->lock);
	*ret = (struct state_x86_ioapic){ .version = STATE_VERSION, .id = io->id, .base = IOAPIC_ADDR,
					  .ioregsel = io->select, .irr = io->irr };
	memcpy(ret->redir, io->redir, sizeof(ret->redir));
	pthread_mutex_unlock(&io->lock);
}

struct error *x86_ioapic_create(struct vm *vm, struct x86_ioapic **ret)
{
	static const struct device_model model = { .name = "ioapic", .help = "82093AA" };
	static const struct bus_ops ops = { .read = mmio_read, .write = mmio_write };
	struct x86_ioapic *io = xcalloc(1, sizeof(*io));

	device_init(&io->dev, &model, vm, 0);
	pthread_mutex_init(&io->lock, NULL);
	*ret = io;
	x86_ioapic_reset(io);
	return bus_claim(vm->bus, &io->dev, MEM_MMIO, IOAPIC_ADDR, 0x1000, "ioapic", &ops);
}

void x86_ioapic_destroy(struct x86_ioapic *io)
{
	if (!io)
		return;
	pthread_mutex_destroy(&io->lock);
	free(io);
}

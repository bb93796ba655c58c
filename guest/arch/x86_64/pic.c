/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A pair of 8259A (Intel 231468): the slave hangs on the master's line 2. For --irqchip off and
 * split; else KVM has its own. Edge or level by the ELCR registers at 0x4d0.
 *
 *	line --> IRR --(not masked, above what is in service)--> INT --acknowledge--> ISR --EOI--> gone
 */
#include <stdlib.h>
#include <string.h>

#include "guest/arch/x86_64/x86.h"

#define CASCADE 2
#define SPURIOUS 7

struct chip {
	uint8_t irr, imr, isr, lines, base, icw_step, elcr, elcr_mask;
	bool needs_icw4, single, auto_eoi, rotate_auto, special_mask, read_isr, poll, special_nested;
	uint8_t lowest;		/* the line with the lowest priority; 7 at first */
};

struct x86_pic {
	struct device dev;
	pthread_mutex_t lock;	/* guards the chips */
	struct chip chip[2];
};

/* The most urgent of @set by rotation, -1 when empty. */
static int most_urgent(const struct chip *c, uint8_t set)
{
	for (unsigned i = 1; i <= 8; i++) {
		unsigned line = (c->lowest + i) & 7;

		if (set & BIT(line))
			return line;
	}
	return -1;
}

/* Position of @line in the order of urgency: 0 is first. */
static unsigned rank(const struct chip *c, int line)
{
	return (unsigned)(line - c->lowest - 1) & 7;
}

/* The line this chip wants to interrupt with, -1 none. */
static int wanted(const struct chip *c, bool master)
{
	int line = most_urgent(c, c->irr & ~c->imr), busy;
	uint8_t isr = c->isr;

	if (line < 0)
		return -1;
	if (c->special_mask)
		isr &= ~c->imr;
	/* Specially fully nested: a more urgent line of the slave may interrupt the slave's own. */
	if (master && c->special_nested)
		isr &= ~BIT(CASCADE);
	busy = most_urgent(c, isr);
	return busy < 0 || rank(c, line) < rank(c, busy) ? line : -1;
}

static void set_line(struct chip *c, unsigned line, bool level)
{
	uint8_t bit = BIT(line);

	if (c->elcr & bit) {
		c->irr = level ? c->irr | bit : c->irr & ~bit;
	} else if (level && !(c->lines & bit)) {
		c->irr |= bit;
	} else if (!level) {
		c->irr &= ~bit; /* a line that drops before the acknowledge is a spurious interrupt */
	}
	c->lines = level ? c->lines | bit : c->lines & ~bit;
}

static void cascade(struct x86_pic *pic)
{
	set_line(&pic->chip[0], CASCADE, wanted(&pic->chip[1], false) >= 0);
}

static void acknowledge(struct chip *c, int line)
{
	if (c->auto_eoi) {
		if (c->rotate_auto)
			c->lowest = line;
	} else {
		c->isr |= BIT(line);
	}
	if (!(c->elcr & BIT(line)))
		c->irr &= ~BIT(line);
}

int x86_pic_acknowledge(struct x86_pic *pic)
{
	int line, vector;

	pthread_mutex_lock(&pic->lock);
	line = wanted(&pic->chip[0], true);
	if (line < 0) {
		vector = pic->chip[0].base + SPURIOUS;
	} else if (line == CASCADE) {
		int second = wanted(&pic->chip[1], false);

		if (second >= 0)
			acknowledge(&pic->chip[1], second);
		acknowledge(&pic->chip[0], CASCADE);
		vector = pic->chip[1].base + (second >= 0 ? second : SPURIOUS);
		pic->chip[0].irr &= ~BIT(CASCADE);
		pic->chip[0].lines &= ~BIT(CASCADE);
		cascade(pic);
	} else {
		acknowledge(&pic->chip[0], line);
		vector = pic->chip[0].base + line;
	}
	pthread_mutex_unlock(&pic->lock);
	return vector;
}

bool x86_pic_pending(struct x86_pic *pic)
{
	bool pending;

	pthread_mutex_lock(&pic->lock);
	pending = wanted(&pic->chip[0], true) >= 0;
	pthread_mutex_unlock(&pic->lock);
	return pending;
}

/* The vCPU injects on its way into the guest: take it out of there, or out of its halt. */
static void tell_vcpu(struct x86_pic *pic)
{
	struct vm *vm = pic->dev.vm;

	if (vm->nvcpus && vcpu_self(vm) != vm->vcpus[0] && x86_pic_pending(pic))
		vcpu_kick(vm->vcpus[0], VCPU_REQ_LOOK);
}

void x86_pic_set(struct x86_pic *pic, unsigned irq, bool level)
{
	if (irq >= 16)
		return;
	pthread_mutex_lock(&pic->lock);
	set_line(&pic->chip[irq >> 3], irq & 7, level);
	cascade(pic);
	pthread_mutex_unlock(&pic->lock);
	tell_vcpu(pic);
}

static void init_command(struct chip *c, uint8_t value)
{
	uint8_t elcr = c->elcr, mask = c->elcr_mask, lines = c->lines;

	*c = (struct chip){ .elcr = elcr, .elcr_mask = mask, .lines = lines, .lowest = 7, .icw_step = 2,
			    .needs_icw4 = value & 1, .single = value & 2 };
	c->irr = lines & elcr;
}

/* OCW2: end of interrupt and rotation; bits 7:5 say which. */
static void end_of_interrupt(struct chip *c, uint8_t value)
{
	unsigned command = value >> 5, line = value & 7;
	int busy = most_urgent(c, c->isr);

	switch (command) {
	case 0: case 4:		/* rotate in automatic EOI: off, on */
		c->rotate_auto = command == 4;
		break;
	case 1: case 5:		/* the most urgent in service */
		if (busy < 0)
			break;
		c->isr &= ~BIT(busy);
		if (command == 5)
			c->lowest = busy;
		break;
	case 3: case 7:		/* the one named */
		c->isr &= ~BIT(line);
		if (command == 7)
			c->lowest = line;
		break;
	case 6:
		c->lowest = line;
		break;
	default:
		break;
	}
}

static void command_write(struct chip *c, uint8_t value)
{
	if (value & 0x10) {
		init_command(c, value);
	} else if (value & 0x08) {	/* OCW3 */
		c->poll = value & 4;
		if (value & 2)
			c->read_isr = value & 1;
		if (value & 0x40)
			c->special_mask = value & 0x20;
	} else {
		end_of_interrupt(c, value);
	}
}

static void data_write(struct chip *c, uint8_t value)
{
	switch (c->icw_step) {
	case 2:
		c->base = value & 0xf8;
		c->icw_step = c->single ? (c->needs_icw4 ? 4 : 0) : 3;
		break;
	case 3:
		c->icw_step = c->needs_icw4 ? 4 : 0;
		break;
	case 4:
		c->auto_eoi = value & 2;
		c->special_nested = value & 0x10;
		c->icw_step = 0;
		break;
	default:
		c->imr = value;
	}
}

static void port_write(struct x86_pic *pic, unsigned n, uint64_t offset, uint64_t value)
{
	pthread_mutex_lock(&pic->lock);
	if (offset == 0)
		command_write(&pic->chip[n], value);
	else
		data_write(&pic->chip[n], value);
	cascade(pic);
	pthread_mutex_unlock(&pic->lock);
	tell_vcpu(pic);
}

static uint64_t port_read(struct x86_pic *pic, unsigned n, uint64_t offset)
{
	struct chip *c = &pic->chip[n];
	uint64_t value;

	pthread_mutex_lock(&pic->lock);
	if (c->poll) {
		int line = wanted(c, n == 0);

		c->poll = false;
		value = line < 0 ? 0 : 0x80u | (unsigned)line;
		if (line >= 0)
			acknowledge(c, line);
		cascade(pic);
	} else if (offset) {
		value = c->imr;
	} else {
		value = c->read_isr ? c->isr : c->irr;
	}
	pthread_mutex_unlock(&pic->lock);
	return value;
}

static struct x86_pic *pic_of(struct device *dev)
{
	return container_of(dev, struct x86_pic, dev);
}

static void master_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	*value = port_read(pic_of(dev), 0, offset);
}

static void master_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	port_write(pic_of(dev), 0, offset, value);
}

static void slave_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	*value = port_read(pic_of(dev), 1, offset);
}

static void slave_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	port_write(pic_of(dev), 1, offset, value);
}

static void elcr_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	*value = pic_of(dev)->chip[offset].elcr;
}

static void elcr_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct x86_pic *pic = pic_of(dev);

	pthread_mutex_lock(&pic->lock);
	pic->chip[offset].elcr = value & pic->chip[offset].elcr_mask;
	pthread_mutex_unlock(&pic->lock);
}

void x86_pic_reset(struct x86_pic *pic)
{
	pthread_mutex_lock(&pic->lock);
	for (unsigned i = 0; i < 2; i++)
		/* Timer, keyboard, cascade, RTC and FPU lines are always edges. */
		pic->chip[i] = (struct chip){ .lowest = 7, .elcr_mask = i ? 0xde : 0xf8 };
	pthread_mutex_unlock(&pic->lock);
}

void x86_pic_state(struct x86_pic *pic, unsigned chip, struct state_x86_pic *ret)
{
	const struct chip *c = &pic->chip[chip];

	pthread_mutex_lock(&pic->lock);
	*ret = (struct state_x86_pic){
		.version = STATE_VERSION, .irr = c->irr, .imr = c->imr, .isr = c->isr, .last_irr = c->lines,
		.irq_base = c->base, .init_state = c->icw_step, .auto_eoi = c->auto_eoi,
		.rotate = c->rotate_auto, .special_mask = c->special_mask, .read_reg_select = c->read_isr,
		.poll = c->poll, .elcr = c->elcr,
	};
	pthread_mutex_unlock(&pic->lock);
}

struct error *x86_pic_create(struct vm *vm, struct x86_pic **ret)
{
	static const struct device_model model = { .name = "pic", .help = "a pair of 8259A" };
	static const struct bus_ops master = { master_read, master_write, true };
	static const struct bus_ops slave = { slave_read, slave_write, true };
	static const struct bus_ops elcr = { elcr_read, elcr_write, true };
	struct x86_pic *pic = xcalloc(1, sizeof(*pic));
	struct error *err;

	device_init(&pic->dev, &model, vm, 0);
	pthread_mutex_init(&pic->lock, NULL);
	x86_pic_reset(pic);
	*ret = pic;
	err = bus_claim(vm->bus, &pic->dev, MEM_PORT, 0x20, 2, "pic0", &master);
	if (!err)
		err = bus_claim(vm->bus, &pic->dev, MEM_PORT, 0xa0, 2, "pic1", &slave);
	if (!err)
		err = bus_claim(vm->bus, &pic->dev, MEM_PORT, 0x4d0, 2, "elcr", &elcr);
	return err;
}

void x86_pic_destroy(struct x86_pic *pic)
{
	if (!pic)
		return;
	pthread_mutex_destroy(&pic->lock);
	free(pic);
}

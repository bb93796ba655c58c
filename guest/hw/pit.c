/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 8254 interval timer and the speaker gate at port 0x61 (Intel 8254 data sheet). With --irqchip kernel,
 * KVM's own PIT answers these ports and this one is never asked; it serves split and off. */
#include <string.h>

#include "guest/hw/hw.h"

#define PIT_PORT 0x40
#define PIT_LEN 4
#define PIT_CONTROL 3
#define PIT_HZ 1193182ULL
#define PIT_IRQ 0
#define NS 1000000000ULL
/* A guest that programs tiny counts must not keep the device thread busy; KVM's limit too. */
#define MIN_PERIOD_NS 200000

#define GATE_PORT 0x61
#define GATE_TIMER2 0x01
#define GATE_SPEAKER 0x02
#define GATE_REFRESH 0x10	/* toggles with each memory refresh, every 15.085 us on a PC */
#define GATE_OUT2 0x20
#define REFRESH_NS 15085

enum { RW_LATCH, RW_LSB, RW_MSB, RW_BOTH };

struct pit_channel {
	uint8_t mode, rw;
	bool bcd, gate;
	bool loaded;		/* a count was written since the mode */
	bool write_high, read_high; /* RW_BOTH: the next byte is the high one */
	uint8_t low;		/* RW_BOTH: low byte written, waits for the high one */
	uint32_t count;		/* reload value, 1..65536 (10000 in BCD) */
	uint64_t start;		/* tick at which it was loaded */
	uint64_t stopped;	/* ticks run when the gate closed */
	bool latched, status_latched;
	uint16_t latch;
	uint8_t status;
};

struct pit {
	struct device dev;
	struct pit_channel channel[3];
	uint8_t port61;
	uint64_t irqs;
};

static uint64_t pit_now(struct pit *p)
{
	return (unsigned __int128)device_clock_ns(&p->dev) * PIT_HZ / NS;
}

/* Modes 0, 2, 3 and 4 stand still while the gate is low. */
static uint64_t pit_elapsed(struct pit *p, const struct pit_channel *c)
{
	if (!c->loaded)
		return 0;
	if (!c->gate && c->mode != 1 && c->mode != 5)
		return c->stopped;
	uint64_t now = pit_now(p);
	return now > c->start ? now - c->start : 0;
}

static uint32_t pit_counter(struct pit *p, const struct pit_channel *c)
{
	uint64_t d = pit_elapsed(p, c);
	uint32_t modulus = c->bcd ? 10000 : 0x10000;
	if (!c->loaded)
		return 0;
	switch (c->mode) {
	case 2:
		return c->count - d % c->count;
	case 3: /* counts down by two, twice a period */
		return (c->count & ~1u) - 2 * d % c->count;
	default: /* goes on from the modulus after it expired */
		return (c->count + modulus - d % modulus) % modulus;
	}
}

static bool pit_out(struct pit *p, const struct pit_channel *c)
{
	uint64_t d = pit_elapsed(p, c);
	if (!c->loaded)
		return c->mode != 0;
	switch (c->mode) {
	case 2:
		return !c->gate || d % c->count != c->count - 1;
	case 3:
		return !c->gate || d % c->count < (c->count + 1) / 2;
	case 4:
	case 5:
		return d != c->count;
	default:
		return d >= c->count;
	}
}

static void pit_arm(struct pit *p);

static void pit_expired(struct device *dev, unsigned slot)
{
	struct pit *p = container_of(dev, struct pit, dev);
	/* A rising edge of OUT0; its low phase is shorter than anybody looks. */
	device_irq_set(dev, PIT_IRQ, false);
	device_irq_set(dev, PIT_IRQ, true);
	p->irqs++;
	pit_arm(p);
}

/* The timer fires at the next rising edge of channel 0's output. */
static void pit_arm(struct pit *p)
{
	const struct pit_channel *c = &p->channel[0];
	uint64_t now_ns = device_clock_ns(&p->dev), d = pit_elapsed(p, c), next;
	if (!c->loaded || c->mode == 1 || c->mode == 5) {
		device_timer_set(&p->dev, 0, 0, pit_expired);
		return;
	}
	if (c->mode == 2 || c->mode == 3) {
		next = (d / c->count + 1) * c->count;
	} else if (d < c->count) {
		next = c->count;
	} else {
		device_timer_set(&p->dev, 0, 0, pit_expired);
		return;
	}
	uint64_t deadline = (unsigned __int128)(c->start + next) * NS / PIT_HZ + 1;
	if ((c->mode == 2 || c->mode == 3) && deadline < now_ns + MIN_PERIOD_NS)
		deadline = now_ns + MIN_PERIOD_NS;
	device_timer_set(&p->dev, 0, deadline, pit_expired);
}

static uint32_t bcd_value(uint16_t v)
{
	return (v >> 12) * 1000 + (v >> 8 & 15) * 100 + (v >> 4 & 15) * 10 + (v & 15);
}

static uint16_t bcd_digits(uint32_t v)
{
	return v / 1000 % 10 << 12 | v / 100 % 10 << 8 | v / 10 % 10 << 4 | v % 10;
}

static void pit_load(struct pit *p, unsigned n, uint16_t value)
{
	struct pit_channel *c = &p->channel[n];
	c->count = c->bcd ? bcd_value(value) : value;
	if (!c->count)
		c->count = c->bcd ? 10000 : 0x10000;
	c->loaded = true;
	c->start = pit_now(p);
	c->stopped = 0;
	if (n == 0) {
		device_irq_set(&p->dev, PIT_IRQ, c->mode != 0);
		pit_arm(p);
	}
}

static void pit_write_count(struct pit *p, unsigned n, uint8_t value)
{
	struct pit_channel *c = &p->channel[n];
	switch (c->rw) {
	case RW_LSB:
		pit_load(p, n, value);
		break;
	case RW_MSB:
		pit_load(p, n, value << 8);
		break;
	case RW_BOTH:
		if (c->write_high)
			pit_load(p, n, value << 8 | c->low);
		else
			c->low = value;
		c->write_high = !c->write_high;
		break;
	}
}

static uint8_t pit_status(struct pit *p, const struct pit_channel *c)
{
	return pit_out(p, c) << 7 | !c->loaded << 6 | c->rw << 4 | c->mode << 1 | c->bcd;
}

static void pit_latch(struct pit *p, struct pit_channel *c)
{
	if (c->latched)
		return;
	uint32_t v = pit_counter(p, c);
	c->latch = c->bcd ? bcd_digits(v) : v;
	c->latched = true;
}

static void pit_control(struct pit *p, uint8_t value)
{
	unsigned n = value >> 6;
	if (n == 3) { /* read-back: bits 5 and 4 low ask for count and status */
		for (unsigned i = 0; i < 3; i++) {
			struct pit_channel *c = &p->channel[i];
			if (!(value & 2 << i))
				continue;
			if (!(value & 0x20))
				pit_latch(p, c);
			if (!(value & 0x10) && !c->status_latched) {
				c->status = pit_status(p, c);
				c->status_latched = true;
			}
		}
		return;
	}
	struct pit_channel *c = &p->channel[n];
	unsigned rw = value >> 4 & 3, mode = value >> 1 & 7;
	if (rw == RW_LATCH) {
		pit_latch(p, c);
		return;
	}
	c->rw = rw;
	c->mode = mode > 5 ? mode - 4 : mode;
	c->bcd = value & 1;
	c->loaded = c->write_high = c->read_high = c->latched = c->status_latched = false;
	if (n == 0)
		pit_arm(p);
}

static uint8_t pit_read_count(struct pit *p, struct pit_channel *c)
{
	if (c->status_latched) {
		c->status_latched = false;
		return c->status;
	}
	uint32_t live = pit_counter(p, c);
	uint16_t v = c->latched ? c->latch : c->bcd ? bcd_digits(live) : live;
	bool high = c->rw == RW_MSB || (c->rw == RW_BOTH && c->read_high);
	if (c->rw == RW_BOTH)
		c->read_high = !c->read_high;
	if (c->rw != RW_BOTH || high)
		c->latched = false;
	return high ? v >> 8 : v;
}

static void pit_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct pit *p = container_of(dev, struct pit, dev);
	if (offset != PIT_CONTROL)
		*value = pit_read_count(p, &p->channel[offset]);
}

static void pit_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pit *p = container_of(dev, struct pit, dev);
	if (offset == PIT_CONTROL)
		pit_control(p, value);
	else
		pit_write_count(p, offset, value);
}

static void pit_gate_read(struct device *dev, uint64_t offset, unsigned size, uint64_t *value)
{
	struct pit *p = container_of(dev, struct pit, dev);
	bool refresh = device_clock_ns(dev) / REFRESH_NS & 1;
	*value = p->port61 | (refresh ? GATE_REFRESH : 0) | (pit_out(p, &p->channel[2]) ? GATE_OUT2 : 0);
}

/* A rising gate starts modes 1 and 5 and reloads 2 and 3; 0 and 4 go on. */
static void pit_gate_write(struct device *dev, uint64_t offset, unsigned size, uint64_t value)
{
	struct pit *p = container_of(dev, struct pit, dev);
	struct pit_channel *c = &p->channel[2];
	bool gate = value & GATE_TIMER2;
	p->port61 = value & (GATE_TIMER2 | GATE_SPEAKER);
	if (gate == c->gate)
		return;
	if (!gate)
		c->stopped = pit_elapsed(p, c);
	c->gate = gate;
	if (gate)
		c->start = pit_now(p) - (c->mode == 0 || c->mode == 4 ? c->stopped : 0);
}

static void pit_reset(struct device *dev)
{
	struct pit *p = container_of(dev, struct pit, dev);
	memset(p->channel, 0, sizeof(p->channel));
	for (unsigned i = 0; i < 3; i++) {
		p->channel[i].rw = RW_BOTH;
		p->channel[i].gate = i < 2;
		p->channel[i].count = 0x10000;
	}
	p->port61 = 0;
	p->irqs = 0;
	pit_arm(p);
}

static void pit_describe(struct device *dev, struct out *out)
{
	struct pit *p = container_of(dev, struct pit, dev);
	static const char *const names[] = { "count 0", "count 1", "count 2" };
	static const char *const modes[] = { "one interrupt", "one-shot", "rate generator", "square wave",
					     "software strobe", "hardware strobe" };
	for (unsigned i = 0; i < 3; i++)
		hw_show_reg(out, names[i], 4, pit_counter(p, &p->channel[i]),
			    p->channel[i].loaded ? modes[p->channel[i].mode] : "not programmed");
	hw_show_reg(out, "port 61", 2, p->port61, NULL);
	hw_show_count(out, "irqs", p->irqs, "edges of OUT0");
}

static struct error *pit_create(struct vm *vm, unsigned unit, struct device **ret)
{
	static const struct bus_ops ops = { .read = pit_read, .write = pit_write, .split_bytes = true };
	static const struct bus_ops gate_ops = { .read = pit_gate_read, .write = pit_gate_write };
	static const struct hw_claim claims[] = {
		{ MEM_PORT, PIT_PORT, PIT_LEN, &ops },
		{ MEM_PORT, GATE_PORT, 1, &gate_ops },
	};
	*ret = NULL;
	return unit ? NULL : hw_create(vm, unit, &device_pit, sizeof(struct pit), claims, 2, ret);
}

const struct device_model device_pit = {
	.arch = "x86_64",
	.name = "pit",
	.help = "8254 timer and port 0x61, when KVM's own is not used",
	.create = pit_create,
	.reset = pit_reset,
	.destroy = hw_destroy,
	.describe = pit_describe,
};

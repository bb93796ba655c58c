/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A driver that breaks the rules, one after the other: each time the device must give up, and work again
 * after a reset. */
#include "tests/guest/lib/virtio.h"

static struct ring ring;
static struct { uint32_t type, prio; uint64_t sector; } header;
static uint8_t data[512];
static volatile uint8_t status;
static struct desc table[16] __attribute__((aligned(16)));
static struct vio v;

static void start(uint64_t features)
{
	vio_start(&v, features);
	vio_queue(&v, 0, &ring, 8);
	vio_live(&v);
	header.type = header.prio = 0;
	header.sector = 0;
}

/* Makes descriptor 0 available @n times. */
static void offer(uint16_t head, unsigned n)
{
	ring.avail.ring[ring.avail.idx % 8] = head;
	vio_barrier();
	ring.avail.idx += n;
	vio_kick(&v);
}

static void good(void)
{
	ring.desc[0] = (struct desc){ (uint64_t)&header, 16, D_NEXT, 1 };
	ring.desc[1] = (struct desc){ (uint64_t)data, 512, D_NEXT | D_WRITE, 2 };
	ring.desc[2] = (struct desc){ (uint64_t)&status, 1, D_WRITE, 0 };
}

static void verdict(const char *what)
{
	unsigned turns = 0;

	while (!(vio_read(&v, 0x70) & 0x40) && turns++ < 20000)
		pause();
	print(what);
	print(vio_read(&v, 0x70) & 0x40 ? ": needs reset" : ": nothing");
	show(", config interrupt", vio_read(&v, 0x60) >> 1 & 1);
	start(~(1ull << F_PACKED) & ~(1ull << F_EVENT_IDX));
	good();
}

static void split(void)
{
	offer(0, 9);
	verdict("RI01 the index jumps");
	offer(8, 1);
	verdict("RI03 no such head");
	ring.desc[2].flags = D_NEXT | D_WRITE;
	ring.desc[2].next = 1;
	offer(0, 1);
	verdict("RI05 a loop");
	ring.desc[1].next = 8;
	offer(0, 1);
	verdict("RI05 next outside");
	ring.desc[0] = (struct desc){ (uint64_t)table, 32, D_INDIRECT | D_NEXT, 1 };
	offer(0, 1);
	verdict("RI06 indirect and next");
	ring.desc[0] = (struct desc){ (uint64_t)table, 33, D_INDIRECT, 0 };
	offer(0, 1);
	verdict("RI06 odd table");
	table[0] = (struct desc){ (uint64_t)table, 32, D_INDIRECT, 0 };
	ring.desc[0] = (struct desc){ (uint64_t)table, 32, D_INDIRECT, 0 };
	offer(0, 1);
	verdict("RI06 nested");
	ring.desc[0] = (struct desc){ (uint64_t)table, sizeof(table), D_INDIRECT, 0 };
	offer(0, 1);
	verdict("RI06 longer than the queue");
	ring.desc[2].flags = 0;
	offer(0, 1);
	verdict("RI07 readable after writable");
	ring.desc[1].addr = 0xd0000000;
	offer(0, 1);
	verdict("RI08 a buffer in MMIO");
	ring.desc[1].addr = ~0ull - 100;
	offer(0, 1);
	verdict("RI08 at the end of everything");
	ring.desc[0] = (struct desc){ (128 << 20) - 16, 32, D_INDIRECT, 0 };
	offer(0, 1);
	verdict("RI08 a table over the end of RAM");
}

static void packed(void)
{
	start(~(1ull << F_EVENT_IDX));
	ring.desc[0] = (struct desc){ (uint64_t)&header, 16, 99, P_AVAIL };
	vio_kick(&v);
	verdict("RI15 buffer id outside");
	start(~(1ull << F_EVENT_IDX));
	ring.desc[0] = (struct desc){ (uint64_t)&header, 16, 0, P_AVAIL | D_NEXT };
	vio_kick(&v);
	verdict("RI14 the chain goes on into what is not available");
	start(~(1ull << F_EVENT_IDX));
	for (unsigned i = 8; i-- > 0;) /* the first one last: the device looks at any time */
		ring.desc[i] = (struct desc){ (uint64_t)data, 16, 0, P_AVAIL | D_NEXT };
	vio_kick(&v);
	verdict("RI05 a chain around the ring");
}

static void bad_ring(const char *what, unsigned reg, uint32_t value, unsigned num)
{
	vio_start(&v, ~(1ull << F_PACKED));
	vio_write(&v, 0x30, 0);
	vio_write(&v, 0x38, num);
	vio_write(&v, 0x80, (uint64_t)ring.desc);
	vio_write(&v, 0x84, 0);
	vio_write(&v, 0x90, (uint64_t)&ring.avail);
	vio_write(&v, 0xa0, (uint64_t)&ring.used);
	vio_write(&v, reg, value);
	vio_write(&v, 0x44, 1);
	print(what);
	show(": status", vio_read(&v, 0x70));
}

static void registers(void)
{
	bad_ring("a ring in MMIO", 0x80, 0xd0000000, 8);
	bad_ring("a ring above RAM", 0xa4, 0x1000, 8);
	bad_ring("an odd ring", 0x80, 0x1008, 8);
	bad_ring("seven entries", 0x80, (uint64_t)ring.desc, 7);
	bad_ring("65535 entries", 0x80, (uint64_t)ring.desc, 65535);
	vio_start(&v, ~(1ull << F_PACKED));
	vio_write(&v, 0x30, 999);
	vio_write(&v, 0x44, 1);
	show("no such queue, ready", vio_read(&v, 0x44));
	*(volatile uint8_t *)(v.base + 0x70) = 0;
	*(volatile uint16_t *)(v.base + 0x100) = 0xffff;
	*(volatile uint8_t *)(v.base + 0x1ff) = 0xff;
	*(volatile uint64_t *)(v.base + 0x11c) = ~0ull;
	show("odd widths, status", vio_read(&v, 0x70));
	show("capacity", *(volatile uint8_t *)(v.base + 0x100));
	show("at an odd place", *(volatile uint32_t *)(v.base + 0x115));
	vio_write(&v, 0x50, 0);
	vio_write(&v, 0x50, 12345);
	show("kicked too early, status", vio_read(&v, 0x70));
}

int main(uint32_t start_info)
{
	uint32_t len;

	if (!vio_find(&v, 2, 0))
		return 1;
	start(~(1ull << F_PACKED) & ~(1ull << F_EVENT_IDX));
	good();
	split();
	packed();
	registers();
	/* A reset while a request is under way, many times. */
	for (unsigned i = 0; i < 50; i++) {
		start(~(1ull << F_PACKED) & ~(1ull << F_EVENT_IDX));
		good();
		offer(0, 1);
	}
	start(~(1ull << F_PACKED) & ~(1ull << F_EVENT_IDX));
	good();
	header.sector = 9;
	offer(0, 1);
	show("alive", vio_used(&v, 1, &len) ? status : 0x40);
	show("data", data[511]);
	return 0;
}

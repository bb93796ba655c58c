/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Drives a virtio disk: whatever transport and ring it is offered. */
#include "tests/guest/lib/virtio.h"

#define SECTOR 512
#define IRQ 5

static struct ring ring;
static struct { uint32_t type, prio; uint64_t sector; } header;
static uint8_t data[8192] __attribute__((aligned(4096))), other[8192];
static volatile uint8_t status;
static struct vio v;
static uint32_t len;

static unsigned request(uint32_t type, uint64_t sector, void *at, uint32_t n, bool write)
{
	struct piece p[3] = { { &header, 16, false }, { at, n, write }, { (void *)&status, 1, true } };

	header.type = type;
	header.sector = sector;
	status = 0xee;
	if (n ? !vio_do(&v, p, 3, &len) : !vio_do(&v, (struct piece[]){ p[0], p[2] }, 2, &len))
		return 0x40;
	return status;
}

static void split_data(void)
{
	/* The same sectors in five odd pieces. */
	struct piece p[7] = { { &header, 16, false }, { other, 1, true }, { other + 1, 510, true },
			      { other + 511, 513, true }, { other + 1024, 1000, true }, { other + 2024, 24, true },
			      { (void *)&status, 1, true } };

	header.type = 0;
	header.sector = 40;
	show("read in pieces", vio_do(&v, p, 7, &len) ? status : 0x40);
	show("length", len);
}

static bool same(const uint8_t *a, const uint8_t *b, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

static void indirect(void)
{
	static struct desc table[3] __attribute__((aligned(16)));
	struct ring *r = v.ring;

	if (v.packed || !(v.features >> F_INDIRECT & 1))
		return;
	header.type = 0;
	header.sector = 2;
	table[0] = (struct desc){ (uint64_t)&header + v.offset, 16, D_NEXT, 1 };
	table[1] = (struct desc){ (uint64_t)data + v.offset, SECTOR, D_NEXT | D_WRITE, 2 };
	table[2] = (struct desc){ (uint64_t)&status + v.offset, 1, D_WRITE, 0 };
	r->desc[7] = (struct desc){ (uint64_t)table + v.offset, sizeof(table), D_INDIRECT, 0 };
	r->avail.ring[r->avail.idx % v.num] = 7;
	vio_barrier();
	r->avail.idx++;
	vio_kick(&v);
	vio_used(&v, 1, &len);
	show("indirect", status);
	show("first byte", data[0]);
}

void irq_handler(unsigned irq)
{
	vio_write(&v, 0x64, vio_read(&v, 0x60));
}

int main(uint32_t start_info)
{
	irq_init();
	if (!vio_find(&v, 2, 0)) {
		print("no virtio disk\n");
		return 1;
	}
	print(v.legacy ? "legacy" : "version 2");
	if (vio_offered(&v) >> F_ACCESS_PLATFORM & 1)
		v.offset = 0x10000000;
	print(vio_start(&v, ~(1ull << F_EVENT_IDX)) ? ", " : ", refused, ");
	print(v.packed ? "packed" : "split");
	show(", accepted", v.features);
	vio_queue(&v, 0, &ring, 8);
	vio_live(&v);
	irq_unmask(IRQ);
	show("capacity", vio_read(&v, 0x100));
	show("read", request(0, 3, data, 2 * SECTOR, true));
	show("length", len);
	show("first bytes", data[0] << 8 | data[SECTOR]);
	show("interrupt status", vio_read(&v, 0x60));
	vio_write(&v, 0x64, 1);
	for (unsigned i = 0; i < sizeof(data); i++)
		data[i] = i * 7 + (i >> 8);
	show("write", request(1, 40, data, 4096, false));
	show("read back", request(0, 40, other, 4096, true));
	print(same(data, other, 4096) ? "same\n" : "different\n");
	for (unsigned i = 0; i < 2048; i++)
		other[i] = 0;
	split_data();
	print(same(data, other, 2048) ? "same\n" : "different\n");
	show("flush", request(4, 0, NULL, 0, false));
	for (unsigned i = 0; i < 20; i++)
		data[i] = 0;
	show("id", request(8, 0, data, 20, true));
	data[20] = 0;
	print((char *)data);
	print("\n");
	show("beyond the end", request(0, 127, data, 2 * SECTOR, true));
	show("far beyond", request(0, ~0ull, data, SECTOR, true));
	show("odd length", request(0, 0, data, 100, true));
	show("unknown type", request(77, 0, data, SECTOR, true));
	for (unsigned i = 0; i < 20; i++)
		request(0, i, data, SECTOR, true);
	show("after 20 more", data[0]);
	indirect();
	vio_write(&v, 0x64, vio_read(&v, 0x60));
	request(4, 0, NULL, 0, false);
	while (!irq_count[IRQ])
		wait_irq();
	print("an interrupt came\n");
	return 0;
}

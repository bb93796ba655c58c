/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes a pattern to one block after the other, flushes, and says so, for ever: tests/e2e/virtio_crash.sh
 * ends it at any moment. */
#include "tests/guest/lib/virtio.h"

#define BLOCK 4096
#define BLOCKS 200

static struct ring ring;
static struct { uint32_t type, prio; uint64_t sector; } header;
static uint32_t data[BLOCK / 4] __attribute__((aligned(4096)));
static volatile uint8_t status;
static struct vio v;

static bool do_request(uint32_t type, uint64_t sector, unsigned n)
{
	struct piece p[3] = { { &header, 16, false }, { data, BLOCK, false }, { (void *)&status, 1, true } };
	uint32_t len;

	header.type = type;
	header.sector = sector;
	status = 0xee;
	if (n == 2)
		p[1] = p[2];
	return vio_do(&v, p, n, &len) && status == 0;
}

int main(uint32_t start_info)
{
	if (!vio_find(&v, 2, 0) || !vio_start(&v, ~(1ull << F_EVENT_IDX)))
		return 1;
	vio_queue(&v, 0, &ring, 8);
	vio_live(&v);
	for (uint32_t round = 1;; round++)
		for (uint32_t i = 0; i < BLOCKS; i++) {
			for (unsigned w = 0; w < BLOCK / 4; w += 64)
				data[w] = round << 16 | i;
			if (!do_request(1, i * (BLOCK / 512), 3) || !do_request(4, 0, 2))
				return 2;
			print_dec(round);
			print(" ");
			print_dec(i);
			print("\n");
		}
}

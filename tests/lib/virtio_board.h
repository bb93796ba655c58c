/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A board with RAM and one virtio device for unit tests and fuzz targets: registers by either transport, and
 * the device's workers run by hand. */
#pragma once

#include "guest/guest.h"
#include "guest/virtio/virtio.h"
#include "tests/lib/fake_board.h"

#define VB_RAM 0x40000u	/* bytes, from 0 */

struct virtio_board {
	struct guest_config config;
	struct vm *vm;
	struct virtio_dev *dev;
	uint8_t *ram;
};

/* @option and @text as on the command line; @opts is --virtio-opt. Aborts when they are wrong. */
void virtio_board_init(struct virtio_board *b, const struct device_model *model, const char *option,
		       const char *text, const char *opts);
void virtio_board_deinit(struct virtio_board *b);
/* A register of the device: virtio-mmio's, or an offset into PCI's first BAR. */
void vb_write(struct virtio_board *b, uint64_t offset, unsigned size, uint64_t value);
uint64_t vb_read(struct virtio_board *b, uint64_t offset, unsigned size);
/* One turn of every worker. */
void virtio_board_turn(struct virtio_board *b);
/* Negotiates @features and starts @n queues of @size at fixed places (queue i at VB_RING(i)); any transport. */
#define VB_RING(i) (0x1000u + (i) * 0x2000u)
#define VB_AVAIL(i) (VB_RING(i) + 0x800u)
#define VB_USED(i) (VB_RING(i) + 0x1000u)
bool virtio_board_start(struct virtio_board *b, uint64_t features, unsigned n, unsigned size);

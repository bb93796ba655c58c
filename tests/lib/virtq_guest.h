/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A driver and a device in 64 KiB of memory, for tests of the inspector: rings built as both would. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/decode/virtio/ring.h"

#define VG_MEM 0x20000
#define VG_DESC 0x1000
#define VG_AVAIL 0x2000
#define VG_USED 0x3000
#define VG_DATA 0x8000		/* buffers: where test data may lie */
#define VG_MAX 256		/* entries at most */

struct virtq_guest {
	uint8_t mem[VG_MEM];
	struct virtq_source src;
	union {
		struct state_virtio_inflight inflight;
		uint8_t inflight_bytes[sizeof(struct state_virtio_inflight) +
				       STATE_VIRTIO_INFLIGHT_MAX * sizeof(struct state_virtio_inflight_entry)];
	};
	bool be;
	uint16_t avail_idx;	/* split: the driver's; packed: next slot */
	bool avail_wrap;	/* packed */
};

/* @n entries, split or packed, VERSION_1, driver ready, device idle. */
void vg_init(struct virtq_guest *g, unsigned n, bool packed);
void vg_desc(struct virtq_guest *g, unsigned i, uint64_t addr, uint32_t len, uint16_t flags, uint16_t next);
/* Split: the chain at @head becomes available. Packed: the @n slots from the driver's position on, which
 * hold addr, len and flags from @descs, with id @head. */
void vg_publish(struct virtq_guest *g, uint16_t head);
void vg_publish_packed(struct virtq_guest *g, uint16_t id, const struct virtq_desc *descs, unsigned n);
/* The device takes the next buffer, whose head, id and slots are given (packed); gives one back. */
void vg_take(struct virtq_guest *g, uint16_t head, uint16_t id, unsigned ndesc);
void vg_use(struct virtq_guest *g, uint16_t id, uint32_t len);

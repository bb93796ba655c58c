/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Queues of a target: from its state blobs and its memory to what ring.h works on. */
#pragma once

#include "core/decode/virtio/ring.h"
#include "core/target/target.h"

/* Device @i of @target; ERROR_NOT_FOUND past the last, ERROR_UNSUPPORTED when there are none at all.
 * Strings and sizes of *ret are made safe. */
struct error *virtio_device_get(struct target *target, unsigned i, struct state_virtio_device *ret);
/* By name ("blk0") or number; the error lists what there is. */
struct error *virtio_device_find(struct target *target, const char *name, struct state_virtio_device *ret);
struct error *virtio_queue_get(struct target *target, unsigned device, unsigned queue,
			       struct state_virtio_queue *ret);

/* A queue that is being looked at; memory for what its source borrows. */
struct virtio_look {
	struct virtq_source src;
	struct target *target;
	union {
		struct state_virtio_inflight inflight;
		uint8_t inflight_bytes[sizeof(struct state_virtio_inflight) +
				       STATE_VIRTIO_INFLIGHT_MAX * sizeof(struct state_virtio_inflight_entry)];
	};
	union {
		struct state_virtio_iova iova;
		uint8_t iova_bytes[sizeof(struct state_virtio_iova) +
				   STATE_VIRTIO_IOVA_MAX * sizeof(struct state_virtio_iova_entry)];
	};
};

/* @look is the caller's storage (it is big) and must not move; nothing to free. */
struct error *virtio_look_init(struct virtio_look *look, struct target *target, unsigned device, unsigned queue);

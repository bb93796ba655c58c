/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* The log of the probe `lifecycle`: calls about mdev devices, VFIO and irqbypass, in order. */
#pragma once

#include <stdint.h>

enum life_kind {
	LIFE_MDEV_CREATE,	/* object: type or parent; token: UUID */
	LIFE_MDEV_REMOVE,	/* object: the device; token: UUID */
	LIFE_DEVICE_ADD,	/* inside one of both; object: struct device */
	LIFE_DEVICE_DEL,
	LIFE_PARENT_REGISTER,	/* object: the parent */
	LIFE_PARENT_UNREGISTER,
	LIFE_VFIO_REGISTER,	/* object: struct vfio_device */
	LIFE_VFIO_UNREGISTER,
	LIFE_VFIO_OPEN,
	LIFE_VFIO_CLOSE,
	LIFE_PRODUCER_REGISTER,	/* object: the producer; token: the eventfd it is matched by */
	LIFE_PRODUCER_UNREGISTER,
	LIFE_CONSUMER_REGISTER,
	LIFE_CONSUMER_UNREGISTER,
	LIFE_BYPASS_ADD,	/* object: the consumer; token: the producer */
	LIFE_BYPASS_DEL,
	LIFE_BYPASS_STOP,	/* object: the consumer */
	LIFE_BYPASS_START,
	LIFE_KINDS
};

struct life_step {
	uint64_t time_ns;
	uint32_t kind;
	uint32_t is_exit;	/* the call returns: @result holds */
	int64_t result;
	uint64_t object, token[2];
	uint32_t tid, tgid;
};

#define LIFE_STEPS 4096	/* kept; what comes later is counted */

enum life_part { LIFE_PART_MDEV, LIFE_PART_VFIO, LIFE_PART_BYPASS, LIFE_PART_UNKEPT };

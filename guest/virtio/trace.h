/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the devices do, as events (core/event/vmm_payloads.h). All but the status with the queue's lock. */
#pragma once

#include "guest/virtio/virtio.h"

void trace_kick(struct virtq *q, uint64_t doorbells, bool polled);
void trace_pick(struct virtq *q, const struct virtq_chain *c);
void trace_used(struct virtq *q, const struct virtq_chain *c, uint32_t len);
void trace_irq(struct virtq *q, bool sent);
void trace_finding(struct virtq *q, const struct virtq_fault *fault, bool fatal);
void trace_status(struct virtio_dev *dev, uint8_t before, uint8_t after, bool by_device);

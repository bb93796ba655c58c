/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Devices and queues as text and JSON. All fill @out; nothing is changed by looking. */
#pragma once

#include "core/base/out.h"
#include "core/decode/virtio/history.h"
#include "core/decode/virtio/source.h"

/* A line a device: name, type, transport, status, queues, requests, findings. */
struct error *virtio_devices_show(struct target *target, struct out *out);
/* One device: status, features, configuration, queues. */
struct error *virtio_device_show(struct target *target, const struct state_virtio_device *dev, struct out *out);
/* A line a queue of a device. */
struct error *virtio_queues_show(struct target *target, const struct state_virtio_device *dev, struct out *out);
#define VIRTQ_PATIENCE_NS 10000000	/* a doorbell that is missing for longer is lost (RI16) */

/* What is known of a queue's past; either may be NULL. */
struct virtq_past {
	const struct virtq_history *history;
	struct virtq_sample *sample;	/* the look before, of the caller; replaced by this one when it is old */
};
/* Every rule that this snapshot and the past decide. */
void virtq_judge(const struct virtq_ring *ring, const struct virtq_past *past, struct virtq_findings *f);
/* One queue: geometry, indices, notifications, buffers, findings. @links: with each buffer's
 * descriptors. @strip: cells of a picture of the ring, 0 none. @past may be NULL. */
struct error *virtq_show(struct virtio_look *look, bool links, unsigned strip, const struct virtq_past *past,
			 struct out *out);
/* The ring as a strip of at most @cells cells and 4 lines, with its marks below. Text only. */
void virtq_strip_show(const struct virtq_ring *ring, unsigned cells, struct out *out);
/* The findings as records {"type":"finding"}. */
void virtq_findings_show(const struct virtq_source *src, const struct virtq_findings *f, struct out *out);
/* What a buffer is, by its bytes in memory. Returns @buf. */
const char *virtq_buffer_text(const struct virtq_ring *ring, const struct virtq_chain *chain, bool done,
			      char *buf, size_t size);
/* The descriptors of one buffer, a record each in the list "chain". */
void virtq_chain_show(const struct virtq_ring *ring, const struct virtq_chain *chain, struct out *out);
/* The role of the queue, by the device's word or the specification's rules. Returns @buf. */
const char *virtq_role(const struct virtq_source *src, char *buf, size_t size);
/* Time since @then as "1.5 ms"; "-" when either is not known. Returns @buf. */
const char *virtq_age(uint64_t now_ns, uint64_t then_ns, char *buf, size_t size);

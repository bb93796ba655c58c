/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `virtio` measures, for its programs and for who shows it. */
#pragma once

enum virtio_what {
	VIRTIO_KICK,	/* ns an ioeventfd took a doorbell; a: address, b: port space */
	VIRTIO_FAST,	/* doorbells at an address without data; a: guest-physical address */
	VIRTIO_IRQFD,	/* interrupts signalled through an irqfd; a: GSI */
	VIRTIO_QUEUE,	/* vhost: work queued for a worker, by the doorbell */
	VIRTIO_SIGNAL,	/* vhost: the guest was to be interrupted */
	VIRTIO_WORK,	/* ns from a kick to vhost's signal: what the guest waits for */
	VIRTIO_WHATS
};

#define VIRTIO_GSI_SEVERAL 0xffffffff	/* a line that goes to several controllers */

enum virtio_part { VIRTIO_PART_KICK, VIRTIO_PART_FAST, VIRTIO_PART_IRQFD, VIRTIO_PART_VHOST };

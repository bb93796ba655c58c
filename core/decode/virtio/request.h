/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a buffer is: a disk request, a packet, console text. Works on the first bytes of both parts, so it
 * serves rings (core/decode/virtio/show.c) and the bytes that events carry.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct virtio_request {
	unsigned virtio_id;
	const char *role;		/* "requests0", "rx", "control", ... */
	const uint64_t *features;	/* driver's, two words */
	bool be;			/* virtio-endian fields are big-endian */
	bool done;			/* given back: what the device wrote is there */
	const uint8_t *head;		/* first device-readable bytes */
	size_t head_len;
	const uint8_t *answer;		/* first device-writable bytes; meaningful when @done */
	size_t answer_len;
	uint64_t readable, writable;	/* lengths of the parts */
};

#define VIRTIO_REQUEST_HEAD 128	/* bytes of each part that decoders look at, at most */

/* One line, e.g. "IN sector 2048, 4 KiB". Returns @buf, which is never empty. */
const char *virtio_request_text(const struct virtio_request *rq, char *buf, size_t size);

/* By device type; each fills @buf. */
void virtio_blk_text(const struct virtio_request *rq, char *buf, size_t size);
void virtio_net_text(const struct virtio_request *rq, char *buf, size_t size);
void virtio_scsi_text(const struct virtio_request *rq, char *buf, size_t size);
void virtio_console_text(const struct virtio_request *rq, char *buf, size_t size);
void virtio_balloon_text(const struct virtio_request *rq, char *buf, size_t size);
void virtio_vsock_text(const struct virtio_request *rq, char *buf, size_t size);

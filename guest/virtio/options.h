/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the command line says of virtio devices, as text: "FILE,ro,mq=4" and "packed=on,event_idx=off". */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "guest/guest.h"

enum virtio_way { VIRTIO_WAY_PCI, VIRTIO_WAY_MMIO, VIRTIO_WAY_MMIO_LEGACY };

/* --virtio-opt: what is offered to the driver; the same for all devices, unless a device's own text says
 * otherwise after its kind's options. */
struct virtio_options {
	enum virtio_way way;
	bool packed, event_idx, indirect, in_order, ring_reset, access_platform, ioeventfd, msix;
	uint16_t queue_size;
	uint64_t iova_offset;	/* with access_platform: what a device's address is above the guest-physical one */
};

/* One "key=value" or "key" of a text; @cursor starts at the text. False at the end. A comma is written
 * twice to be part of a value. */
struct virtio_word {
	char key[32];
	char value[4096];
	bool has_value;
};
bool virtio_word_next(const char **cursor, struct virtio_word *ret);

void virtio_options_default(struct virtio_options *opts);
/* True when @word is an option of the ring or the transport; *ret_error when it is one with a wrong value. */
bool virtio_options_set(struct virtio_options *opts, const struct virtio_word *word, struct error **ret_error);
/* All of --virtio-opt, in order. */
struct error *virtio_options_parse(const struct guest_config *config, struct virtio_options *ret);

/* For a device's own words: the value as a number in [lo, hi]; on or off; an error naming @option. */
struct error *virtio_word_number(const char *option, const struct virtio_word *word, uint64_t lo, uint64_t hi,
				 uint64_t *ret);
struct error *virtio_word_unknown(const char *option, const struct virtio_word *word, const char *known);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the virtio specification (OASIS virtio 1.2; legacy: 0.9.5) names: devices, status, feature bits,
 * queues and configuration fields. Pure tables; nothing here reads a guest.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/out.h"
#include "core/target/state_virtio.h"

enum virtio_id {
	VIRTIO_ID_NET = 1, VIRTIO_ID_BLK = 2, VIRTIO_ID_CONSOLE = 3, VIRTIO_ID_RNG = 4, VIRTIO_ID_BALLOON = 5,
	VIRTIO_ID_SCSI = 8, VIRTIO_ID_9P = 9, VIRTIO_ID_GPU = 16, VIRTIO_ID_INPUT = 18, VIRTIO_ID_VSOCK = 19,
	VIRTIO_ID_CRYPTO = 20, VIRTIO_ID_IOMMU = 23, VIRTIO_ID_MEM = 24, VIRTIO_ID_SOUND = 25, VIRTIO_ID_FS = 26,
	VIRTIO_ID_PMEM = 27,
};

/* Feature bits of the transport and the rings (section 6). */
enum {
	VIRTIO_F_NOTIFY_ON_EMPTY = 24, VIRTIO_F_ANY_LAYOUT = 27, VIRTIO_F_INDIRECT = 28, VIRTIO_F_EVENT_IDX = 29,
	VIRTIO_F_VERSION_1 = 32, VIRTIO_F_ACCESS_PLATFORM = 33, VIRTIO_F_PACKED = 34, VIRTIO_F_IN_ORDER = 35,
	VIRTIO_F_ORDER_PLATFORM = 36, VIRTIO_F_SR_IOV = 37, VIRTIO_F_NOTIFICATION_DATA = 38,
	VIRTIO_F_NOTIF_CONFIG_DATA = 39, VIRTIO_F_RING_RESET = 40,
};

/* Status byte (2.1). */
enum {
	VIRTIO_S_ACKNOWLEDGE = 1, VIRTIO_S_DRIVER = 2, VIRTIO_S_DRIVER_OK = 4, VIRTIO_S_FEATURES_OK = 8,
	VIRTIO_S_NEEDS_RESET = 0x40, VIRTIO_S_FAILED = 0x80,
};

#define VIRTIO_FEATURE_BITS 128

static inline bool virtio_bit(const uint64_t bits[2], unsigned bit)
{
	return bit < VIRTIO_FEATURE_BITS && (bits[bit / 64] >> (bit % 64) & 1);
}

/* "blk", "net", ...; NULL: not known here. */
const char *virtio_id_name(unsigned virtio_id);
const char *virtio_transport_name(unsigned transport);
/* The bits of a status byte, "ACKNOWLEDGE DRIVER ...", "0 (reset)"; returns @buf. */
const char *virtio_status_text(uint8_t status, char *buf, size_t size);
/* What is wrong with the order of the status bits (3.1.1); NULL: nothing. */
const char *virtio_status_wrong(uint8_t status);

/* Name of feature bit @bit of a device of type @virtio_id; *ret_help (may be NULL) says what it does.
 * NULL: reserved or not known. */
const char *virtio_feature_name(unsigned virtio_id, unsigned bit, const char **ret_help);

/* What queue @queue of such a device is for ("requests", "rx0", "control"), by the rules of section 5:
 * queues of features that were not negotiated do not exist and the later ones move down. @config: the
 * device's configuration space, @be: its virtio-endian fields are big-endian. Returns @buf. */
const char *virtio_queue_role(unsigned virtio_id, const uint64_t features[2], const uint8_t *config,
			      size_t config_len, bool be, unsigned queue, char *buf, size_t size);

/* The virtio-endian fields of @dev (and its rings) are big-endian: legacy, and the guest is. */
bool virtio_device_be(const struct state_virtio_device *dev);

/* Fills @out: one record a field of the configuration space: value, byte order and why, raw bytes. */
void virtio_config_show(const struct state_virtio_device *dev, struct out *out);
/* Reads the field @name ("capacity"); false: the device has none, or it is not known. */
bool virtio_config_value(const struct state_virtio_device *dev, const char *name, uint64_t *ret);

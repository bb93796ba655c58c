/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of virtio: device types, transports, status bits, features, queues. */
#include "core/decode/virtio/virtio.h"

#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/vec.h"

static const struct {
	unsigned id, bit;
	const char *name, *help;
} features[] = {
#define FEATURE(id_, bit_, name_, help_) { id_, bit_, name_, help_ },
#include "core/decode/virtio/features.def"
#undef FEATURE
};

const char *virtio_id_name(unsigned virtio_id)
{
	static const char *const names[] = {
		[VIRTIO_ID_NET] = "net", [VIRTIO_ID_BLK] = "blk", [VIRTIO_ID_CONSOLE] = "console",
		[VIRTIO_ID_RNG] = "rng", [VIRTIO_ID_BALLOON] = "balloon", [VIRTIO_ID_SCSI] = "scsi",
		[VIRTIO_ID_9P] = "9p", [VIRTIO_ID_GPU] = "gpu", [VIRTIO_ID_INPUT] = "input",
		[VIRTIO_ID_VSOCK] = "vsock", [VIRTIO_ID_CRYPTO] = "crypto", [VIRTIO_ID_IOMMU] = "iommu",
		[VIRTIO_ID_MEM] = "mem", [VIRTIO_ID_SOUND] = "sound", [VIRTIO_ID_FS] = "fs",
		[VIRTIO_ID_PMEM] = "pmem",
	};

	return virtio_id < ARRAY_SIZE(names) ? names[virtio_id] : NULL;
}

const char *virtio_transport_name(unsigned transport)
{
	static const char *const names[] = {
		[STATE_VIRTIO_MMIO] = "virtio-mmio", [STATE_VIRTIO_MMIO_LEGACY] = "virtio-mmio legacy",
		[STATE_VIRTIO_PCI] = "virtio-pci", [STATE_VIRTIO_PCI_LEGACY] = "virtio-pci legacy",
		[STATE_VIRTIO_OTHER] = "transport not known",
	};

	return transport < ARRAY_SIZE(names) ? names[transport] : "transport not known";
}

const char *virtio_status_text(uint8_t status, char *buf, size_t size)
{
	static const char *const bits[8] = {
		"ACKNOWLEDGE", "DRIVER", "DRIVER_OK", "FEATURES_OK", "bit-4", "bit-5", "NEEDS_RESET", "FAILED",
	};
	/* In the order they are set, 3.1.1. */
	static const uint8_t order[8] = { 0, 1, 3, 2, 4, 5, 6, 7 };
	size_t len = 0;

	snprintf(buf, size, "reset, no driver");
	for (unsigned i = 0; i < 8 && len < size; i++)
		if (status >> order[i] & 1)
			len += snprintf(buf + len, size - len, "%s%s", len ? " " : "", bits[order[i]]);
	return buf;
}

const char *virtio_status_wrong(uint8_t status)
{
	if ((status & VIRTIO_S_DRIVER) && !(status & VIRTIO_S_ACKNOWLEDGE))
		return "DRIVER without ACKNOWLEDGE";
	if ((status & VIRTIO_S_DRIVER_OK) && !(status & VIRTIO_S_DRIVER))
		return "DRIVER_OK without DRIVER";
	if ((status & VIRTIO_S_FEATURES_OK) && !(status & VIRTIO_S_DRIVER))
		return "FEATURES_OK without DRIVER";
	return NULL;
}

const char *virtio_feature_name(unsigned virtio_id, unsigned bit, const char **ret_help)
{
	for (unsigned i = 0; i < ARRAY_SIZE(features); i++) {
		if (features[i].bit != bit || (features[i].id && features[i].id != virtio_id))
			continue;
		if (ret_help)
			*ret_help = features[i].help;
		return features[i].name;
	}
	return NULL;
}

bool virtio_device_be(const struct state_virtio_device *dev)
{
	return !virtio_bit(dev->driver, VIRTIO_F_VERSION_1) && (dev->flags & STATE_VIRTIO_GUEST_BE);
}

/* ---- queues -------------------------------------------------------------------------------------- */

/* Of a list of queues that exist or not, the name of the @queue-th that does. */
static const char *nth(const char *const names[], unsigned n, unsigned queue)
{
	for (unsigned i = 0; i < n; i++)
		if (names[i] && queue-- == 0)
			return names[i];
	return NULL;
}

static void net_role(const uint64_t f[2], const uint8_t *config, size_t len, bool be, unsigned queue,
		     char *buf, size_t size)
{
	bool mq = virtio_bit(f, 22) || virtio_bit(f, 60);
	unsigned pairs = mq && len >= 10 ? bytes_read(config + 8, 2, be) : 1;

	if (virtio_bit(f, 17) && queue == 2 * pairs)
		snprintf(buf, size, "control");
	else if (queue < 2 * pairs && mq)
		snprintf(buf, size, "%s%u", queue & 1 ? "tx" : "rx", queue / 2);
	else
		snprintf(buf, size, queue < 2 ? queue & 1 ? "tx" : "rx" : "queue");
}

static void console_role(unsigned queue, char *buf, size_t size)
{
	if (queue < 2)
		snprintf(buf, size, queue ? "port0 tx" : "port0 rx");
	else if (queue < 4)
		snprintf(buf, size, queue == 3 ? "control tx" : "control rx");
	else
		snprintf(buf, size, "port%u %s", (queue - 4) / 2 + 1, queue & 1 ? "tx" : "rx");
}

const char *virtio_queue_role(unsigned virtio_id, const uint64_t f[2], const uint8_t *config, size_t config_len,
			      bool be, unsigned queue, char *buf, size_t size)
{
	const char *const balloon[] = {
		"inflate", "deflate", virtio_bit(f, 1) ? "stats" : NULL, virtio_bit(f, 3) ? "free page hint" : NULL,
		virtio_bit(f, 5) ? "reporting" : NULL,
	};
	static const char *const vsock[] = { "rx", "tx", "event" };
	const char *name = NULL;

	snprintf(buf, size, "queue");
	switch (virtio_id) {
	case VIRTIO_ID_NET:
		net_role(f, config, config_len, be, queue, buf, size);
		break;
	case VIRTIO_ID_BLK:
		snprintf(buf, size, virtio_bit(f, 12) ? "requests%u" : "requests", queue);
		break;
	case VIRTIO_ID_CONSOLE:
		console_role(queue, buf, size);
		break;
	case VIRTIO_ID_RNG:
		snprintf(buf, size, "requests");
		break;
	case VIRTIO_ID_BALLOON:
		name = nth(balloon, ARRAY_SIZE(balloon), queue);
		break;
	case VIRTIO_ID_SCSI:
		if (queue < 2)
			name = queue ? "event" : "control";
		else
			snprintf(buf, size, "requests%u", queue - 2);
		break;
	case VIRTIO_ID_VSOCK:
		name = nth(vsock, ARRAY_SIZE(vsock), queue);
		break;
	}
	if (name)
		snprintf(buf, size, "%s", name);
	return buf;
}

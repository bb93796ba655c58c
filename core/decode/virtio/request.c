/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/request.h"

#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/decode/virtio/virtio.h"

static void plain(const struct virtio_request *rq, char *buf, size_t size)
{
	char r[32], w[32];

	snprintf(buf, size, "%s to the device, %s from it", format_size(r, sizeof(r), rq->readable),
		 format_size(w, sizeof(w), rq->writable));
}

const char *virtio_request_text(const struct virtio_request *rq, char *buf, size_t size)
{
	char len[32];

	buf[0] = '\0';
	switch (rq->virtio_id) {
	case VIRTIO_ID_BLK: virtio_blk_text(rq, buf, size); break;
	case VIRTIO_ID_NET: virtio_net_text(rq, buf, size); break;
	case VIRTIO_ID_SCSI: virtio_scsi_text(rq, buf, size); break;
	case VIRTIO_ID_CONSOLE: virtio_console_text(rq, buf, size); break;
	case VIRTIO_ID_BALLOON: virtio_balloon_text(rq, buf, size); break;
	case VIRTIO_ID_VSOCK: virtio_vsock_text(rq, buf, size); break;
	case VIRTIO_ID_RNG:
		snprintf(buf, size, "room for %s of entropy", format_size(len, sizeof(len), rq->writable));
		break;
	}
	if (!buf[0])
		plain(rq, buf, size);
	return buf;
}

/* ---- blk (5.2.6) ---------------------------------------------------------------------------------- */

static const char *blk_type(uint32_t type)
{
	static const char *const names[] = {
		[0] = "IN", [1] = "OUT", [4] = "FLUSH", [8] = "GET_ID", [10] = "GET_LIFETIME", [11] = "DISCARD",
		[13] = "WRITE_ZEROES", [14] = "SECURE_ERASE", [15] = "ZONE_APPEND", [16] = "ZONE_REPORT",
		[18] = "ZONE_OPEN", [20] = "ZONE_CLOSE", [22] = "ZONE_FINISH", [24] = "ZONE_RESET",
		[26] = "ZONE_RESET_ALL",
	};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

void virtio_blk_text(const struct virtio_request *rq, char *buf, size_t size)
{
	uint64_t sector, data;
	const char *name;
	uint32_t type;
	char len[32];
	size_t at;

	if (rq->head_len < 16) {
		snprintf(buf, size, "no request: its header has %zu of 16 bytes", rq->head_len);
		return;
	}
	type = bytes_read(rq->head, 4, rq->be);
	sector = bytes_read(rq->head + 8, 8, rq->be);
	name = blk_type(type);
	data = type == 1 ? rq->readable - 16 : rq->writable ? rq->writable - 1 : 0;
	at = name ? snprintf(buf, size, "%s", name) : snprintf(buf, size, "request type %u", type);
	if (type <= 1)
		snprintf(buf + at, size - at, " sector %llu, %s", (unsigned long long)sector,
			 format_size(len, sizeof(len), data));
	else if ((type == 11 || type == 13 || type == 14) && rq->head_len >= 32)
		snprintf(buf + at, size - at, " sector %llu, %u sectors%s", (unsigned long long)le64_read(rq->head + 16),
			 le32_read(rq->head + 24), rq->readable > 32 ? ", ..." : "");
	if (!rq->writable && at < size)
		snprintf(buf + strlen(buf), size - strlen(buf), " without room for its status");
}

/* ---- console (5.3.6) ------------------------------------------------------------------------------ */

static void console_control(const struct virtio_request *rq, char *buf, size_t size)
{
	static const char *const events[] = {
		"DEVICE_READY", "DEVICE_ADD", "DEVICE_REMOVE", "PORT_READY", "CONSOLE_PORT", "RESIZE", "PORT_OPEN",
		"PORT_NAME",
	};
	const uint8_t *p = rq->readable ? rq->head : rq->answer;
	size_t len = rq->readable ? rq->head_len : rq->answer_len;
	unsigned event;

	if (len < 8 || (!rq->readable && !rq->done))
		return;
	event = bytes_read(p + 4, 2, rq->be);
	snprintf(buf, size, "%s port %u value %u", event < 8 ? events[event] : "unknown event",
		 (unsigned)bytes_read(p, 4, rq->be), (unsigned)bytes_read(p + 6, 2, rq->be));
}

void virtio_console_text(const struct virtio_request *rq, char *buf, size_t size)
{
	bool to_device = rq->readable > 0;
	const uint8_t *p = to_device ? rq->head : rq->answer;
	size_t len = to_device ? rq->head_len : rq->answer_len;
	char text[64], bytes[32];

	if (!strncmp(rq->role, "control", 7)) {
		console_control(rq, buf, size);
		if (buf[0])
			return;
	}
	if (!to_device && !rq->done) {
		snprintf(buf, size, "room for %s", format_size(bytes, sizeof(bytes), rq->writable));
		return;
	}
	text_sanitize(text, len < sizeof(text) - 1 ? len + 1 : sizeof(text), p, len);
	snprintf(buf, size, "%s: \"%s\"%s", format_size(bytes, sizeof(bytes), to_device ? rq->readable : rq->answer_len),
		 text, len >= sizeof(text) ? "..." : "");
}

/* ---- balloon (5.5.6) ------------------------------------------------------------------------------ */

static void balloon_stats(const struct virtio_request *rq, char *buf, size_t size)
{
	static const char *const tags[] = {
		"swap_in", "swap_out", "major_faults", "minor_faults", "free", "total", "available", "caches",
		"hugetlb_alloc", "hugetlb_fail", "oom_kill", "alloc_stall", "async_scan", "direct_scan",
		"async_reclaim", "direct_reclaim",
	};
	size_t at = 0;

	for (size_t i = 0; i + 10 <= rq->head_len && at < size; i += 10) {
		unsigned tag = bytes_read(rq->head + i, 2, rq->be);

		at += snprintf(buf + at, size - at, "%s%s %llu", i ? ", " : "", tag < 16 ? tags[tag] : "?",
			       (unsigned long long)bytes_read(rq->head + i + 2, 8, rq->be));
	}
}

void virtio_balloon_text(const struct virtio_request *rq, char *buf, size_t size)
{
	uint64_t pages = rq->readable / 4, first;
	char len[32];

	if (!strcmp(rq->role, "stats")) {
		balloon_stats(rq, buf, size);
	} else if (!strcmp(rq->role, "reporting")) {
		snprintf(buf, size, "%s of free pages", format_size(len, sizeof(len), rq->writable));
	} else if (!strcmp(rq->role, "free page hint")) {
		if (rq->head_len >= 4)
			snprintf(buf, size, "hint command %u", le32_read(rq->head));
		else
			snprintf(buf, size, "hint: %s", format_size(len, sizeof(len), rq->writable));
	} else if (rq->head_len >= 4) {
		first = (uint64_t)bytes_read(rq->head, 4, rq->be) << 12;
		snprintf(buf, size, "%s %llu pages, the first at 0x%llx", rq->role, (unsigned long long)pages,
			 (unsigned long long)first);
	}
}

/* ---- vsock (5.10.6) ------------------------------------------------------------------------------- */

void virtio_vsock_text(const struct virtio_request *rq, char *buf, size_t size)
{
	static const char *const ops[] = {
		"INVALID", "REQUEST", "RESPONSE", "RST", "SHUTDOWN", "RW", "CREDIT_UPDATE", "CREDIT_REQUEST",
	};
	const uint8_t *p = rq->readable ? rq->head : rq->answer;
	size_t len = rq->readable ? rq->head_len : rq->answer_len;
	unsigned op;
	char bytes[32];

	if (!rq->readable && !rq->done) {
		snprintf(buf, size, "room for %s", format_size(bytes, sizeof(bytes), rq->writable));
		return;
	}
	if (len < 44)
		return;
	op = le16_read(p + 30);
	snprintf(buf, size, "%s %s %llu:%u > %llu:%u, %u bytes", le16_read(p + 28) == 2 ? "seqpacket" : "stream",
		 op < 8 ? ops[op] : "unknown op", (unsigned long long)le64_read(p), le32_read(p + 16),
		 (unsigned long long)le64_read(p + 8), le32_read(p + 20), le32_read(p + 24));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The configuration space field by field: its value, which byte order that is and why, and the bytes. */
#include "core/decode/virtio/virtio.h"

#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/base/vec.h"

enum order { ORDER_VIRTIO, ORDER_LE, ORDER_BYTES };
#define CONFIG_ANY -1

struct config_field {
	uint8_t id, offset, bytes, order;
	int feature;
	const char *name, *note;
};

static const struct config_field fields[] = {
#define ANY CONFIG_ANY
#define CONFIG(id_, offset_, bytes_, name_, order_, feature_, note_) { \
	.id = id_, .offset = offset_, .bytes = bytes_, .order = ORDER_##order_, .feature = feature_, \
	.name = name_, .note = note_, \
},
#include "core/decode/virtio/config.def"
#undef CONFIG
#undef ANY
};

static size_t config_size(const struct state_virtio_device *dev)
{
	if (dev->flags & STATE_VIRTIO_NO_CONFIG)
		return 0;
	return dev->config_len < sizeof(dev->config) ? dev->config_len : sizeof(dev->config);
}

static bool present(const struct state_virtio_device *dev, const struct config_field *f)
{
	return f->id == dev->virtio_id && (size_t)f->offset + f->bytes <= config_size(dev);
}

static bool field_be(const struct state_virtio_device *dev, const struct config_field *f)
{
	return f->order == ORDER_VIRTIO && virtio_device_be(dev);
}

bool virtio_config_value(const struct state_virtio_device *dev, const char *name, uint64_t *ret)
{
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct config_field *f = &fields[i];

		if (!present(dev, f) || f->order == ORDER_BYTES || strcmp(f->name, name))
			continue;
		*ret = bytes_read(dev->config + f->offset, f->bytes, field_be(dev, f));
		return true;
	}
	return false;
}

/* Which byte order the value was read in, by which rule (2.5.3, 2.5.4). */
static const char *order_reason(const struct state_virtio_device *dev, const struct config_field *f)
{
	if (f->order == ORDER_BYTES)
		return "bytes";
	if (f->bytes == 1)
		return "one byte";
	if (f->order == ORDER_LE)
		return "LE: this field always is";
	if (virtio_bit(dev->driver, VIRTIO_F_VERSION_1))
		return "LE: VERSION_1";
	return dev->flags & STATE_VIRTIO_GUEST_BE ? "BE: legacy, the guest is big-endian" :
						    "LE: legacy, the guest is little-endian";
}

static void hex_bytes(const uint8_t *p, size_t len, char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < len && at + 4 < size; i++)
		at += snprintf(buf + at, size - at, "%s%02x", i ? " " : "", p[i]);
}

static void show_value(const struct state_virtio_device *dev, const struct config_field *f, struct out *out)
{
	const uint8_t *p = dev->config + f->offset;
	char text[64];
	uint64_t v;

	if (f->order != ORDER_BYTES) {
		v = bytes_read(p, f->bytes, field_be(dev, f));
		out_dec(out, ROLE_NUMBER, "value", 0, v);
		if (v > 9)
			out_text(out, ROLE_TEXT, " (0x%llx)", (unsigned long long)v);
		if (f->id == VIRTIO_ID_BLK && !strcmp(f->name, "capacity") && v < 1ULL << 54)
			out_text(out, ROLE_COMMENT, " %s", format_size(text, sizeof(text), v * 512));
		return;
	}
	if (!strcmp(f->name, "mac")) {
		out_strf(out, ROLE_NUMBER, "value", "%02x:%02x:%02x:%02x:%02x:%02x", p[0], p[1], p[2], p[3], p[4],
			 p[5]);
		return;
	}
	text_sanitize(text, sizeof(text), p, strnlen((const char *)p, f->bytes));
	out_strf(out, ROLE_NUMBER, "value", "\"%s\"", text);
}

/* What the other byte order would make of it: the symptom of a guest that got it wrong (S21). */
static void show_other_order(const struct state_virtio_device *dev, const struct config_field *f,
			     struct out *out)
{
	uint64_t v = bytes_read(dev->config + f->offset, f->bytes, !field_be(dev, f));
	bool wrong_is_likely = f->order == ORDER_LE && !virtio_bit(dev->driver, VIRTIO_F_VERSION_1) &&
			       (dev->flags & STATE_VIRTIO_GUEST_BE);

	if (f->bytes == 1 || f->order == ORDER_BYTES || !(dev->flags & STATE_VIRTIO_GUEST_BE))
		return;
	out_text(out, wrong_is_likely ? ROLE_WARN : ROLE_DIM, "  read as %s it would be ",
		 field_be(dev, f) ? "LE" : "BE");
	out_dec(out, wrong_is_likely ? ROLE_WARN : ROLE_DIM, "other_order", 0, v);
	if (wrong_is_likely)
		out_text(out, ROLE_WARN, ": a driver before Linux 5.9 does");
}

void virtio_config_show(const struct state_virtio_device *dev, struct out *out)
{
	out_list(out, "config");
	for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
		const struct config_field *f = &fields[i];
		bool valid;
		char raw[128];

		if (!present(dev, f))
			continue;
		valid = f->feature == CONFIG_ANY || virtio_bit(dev->offered, f->feature);
		hex_bytes(dev->config + f->offset, f->bytes, raw, sizeof(raw));
		out_begin(out, "field");
		out_text(out, ROLE_LABEL, "    +");
		out_strf(out, ROLE_LABEL, "offset", "%02x ", f->offset);
		out_str(out, ROLE_LABEL, "name", 20, f->name);
		out_text(out, ROLE_TEXT, " ");
		show_value(dev, f, out);
		if (f->note)
			out_text(out, ROLE_COMMENT, ", %s", f->note);
		out_text(out, ROLE_DIM, "  [");
		out_str(out, ROLE_DIM, "raw", 0, raw);
		out_text(out, ROLE_DIM, "] ");
		out_str(out, ROLE_DIM, "order", 0, order_reason(dev, f));
		show_other_order(dev, f, out);
		out_hidden_str(out, "valid", valid ? "yes" : "no");
		if (!valid)
			out_text(out, ROLE_DIM, "; not valid, feature %s was not offered",
				 virtio_feature_name(dev->virtio_id, f->feature, NULL));
		out_end(out);
	}
	out_list_end(out);
}

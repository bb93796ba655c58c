/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/source.h"

#include <stdio.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"

/* Blobs may be older and shorter, or newer and longer: what is missing is 0. @least must be there. */
static struct error *blob(struct target *t, enum state_kind kind, unsigned index, void *buf, size_t size,
			  size_t least)
{
	struct error *err;
	size_t len = 0;
	uint32_t version;

	memset(buf, 0, size);
	err = target_state_get(t, kind, index, buf, size, &len);
	if (err)
		return err;
	if (len < least)
		return error_create(ERROR_FAILED, "virtio state %d has %zu bytes, at least %zu are needed", kind, len,
				    least);
	memcpy(&version, buf, sizeof(version));
	if (version != STATE_VERSION)
		return error_create(ERROR_UNSUPPORTED, "virtio state %d has version %u, this program knows %u", kind,
				    version, STATE_VERSION);
	return NULL;
}

static void sanitize(char *s, size_t size)
{
	char copy[128];

	s[size - 1] = '\0';
	snprintf(copy, sizeof(copy), "%s", s);
	text_sanitize(s, size, copy, strlen(copy));
}

struct error *virtio_device_get(struct target *target, unsigned i, struct state_virtio_device *ret)
{
	struct state_virtio_device dev;
	struct error *err = blob(target, STATE_VIRTIO_DEVICE, i, &dev, sizeof(dev),
				 offsetof(struct state_virtio_device, config));

	if (err)
		return err;
	dev.device = i;
	sanitize(dev.name, sizeof(dev.name));
	sanitize(dev.backend, sizeof(dev.backend));
	if (dev.nqueues > STATE_VIRTIO_QUEUES_MAX)
		dev.nqueues = STATE_VIRTIO_QUEUES_MAX;
	if (dev.config_len > sizeof(dev.config))
		dev.config_len = sizeof(dev.config);
	*ret = dev;
	return NULL;
}

struct error *virtio_device_find(struct target *target, const char *name, struct state_virtio_device *ret)
{
	_cleanup_(text_deinit) struct text names = { 0 };
	struct state_virtio_device dev;
	struct error *err = NULL;
	uint64_t number;

	for (unsigned i = 0; i < STATE_VIRTIO_DEVICES_MAX; i++) {
		_error_ struct error *last = virtio_device_get(target, i, &dev);

		if (last) {
			/* The end of the list, or nothing that has such a thing. */
			if (!error_catch(&last, ERROR_NOT_FOUND) && !error_catch(&last, ERROR_UNSUPPORTED))
				return take_ptr(last);
			break;
		}
		err = parse_u64(name, &number);
		if (!strcmp(dev.name, name) || (!err && number == i)) {
			error_destroy(err);
			*ret = dev;
			return NULL;
		}
		error_destroy(err);
		text_printf(&names, "%s%s", i ? " " : "", dev.name);
	}
	if (!names.len)
		return error_create(ERROR_NOT_FOUND, "this guest has no virtio devices");
	return error_hint(error_create(ERROR_NOT_FOUND, "there is no virtio device '%s'", name), "there are: %s",
			  text_str(&names));
}

struct error *virtio_queue_get(struct target *target, unsigned device, unsigned queue,
			       struct state_virtio_queue *ret)
{
	struct state_virtio_queue q;
	struct error *err = blob(target, STATE_VIRTIO_QUEUE, state_virtio_index(device, queue), &q, sizeof(q),
				 offsetof(struct state_virtio_queue, doorbell));

	if (err)
		return err;
	q.device = device;
	q.queue = queue;
	sanitize(q.role, sizeof(q.role));
	*ret = q;
	return NULL;
}

/* ---- guest memory ---------------------------------------------------------------------------------- */

static bool read_mem(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct virtio_look *look = ctx;
	struct error *err = target_phys_read(look->target, gpa, buf, len);

	error_destroy(err);
	return !err;
}

/* Regions are sorted, RAM may lie in several that touch. */
static bool is_ram(void *ctx, uint64_t gpa, uint64_t len)
{
	struct target *t = ((struct virtio_look *)ctx)->target;
	struct mem_region region;
	uint8_t byte;

	if (!len || gpa + (len - 1) < gpa)
		return !len;
	if (!t->ops->region)
		return read_mem(ctx, gpa, &byte, 1) && read_mem(ctx, gpa + len - 1, &byte, 1);
	for (unsigned i = 0; t->ops->region(t, i, &region); i++) {
		uint64_t here;

		if (region.kind != MEM_RAM || gpa < region.start || gpa - region.start >= region.len)
			continue;
		here = region.len - (gpa - region.start);
		if (len <= here)
			return true;
		gpa += here;
		len -= here;
	}
	return false;
}

/* ---- a queue --------------------------------------------------------------------------------------- */

static void read_inflight(struct virtio_look *look, unsigned index)
{
	_error_ struct error *err = blob(look->target, STATE_VIRTIO_INFLIGHT, index, look->inflight_bytes,
					 sizeof(look->inflight_bytes), sizeof(look->inflight));

	look->src.inflight = err ? NULL : &look->inflight;
	if (look->inflight.count > STATE_VIRTIO_INFLIGHT_MAX)
		look->inflight.count = STATE_VIRTIO_INFLIGHT_MAX;
}

static void read_iova(struct virtio_look *look, unsigned device)
{
	_error_ struct error *err = NULL;

	look->src.iova = NULL;
	if (!(look->src.dev.flags & STATE_VIRTIO_HAS_IOVA))
		return;
	err = blob(look->target, STATE_VIRTIO_IOVA, device, look->iova_bytes, sizeof(look->iova_bytes),
		   sizeof(look->iova));
	/* A map that cannot be read maps nothing: addresses are not taken for guest-physical ones. */
	if (err)
		look->iova.count = 0;
	if (look->iova.count > STATE_VIRTIO_IOVA_MAX)
		look->iova.count = STATE_VIRTIO_IOVA_MAX;
	look->src.iova = &look->iova;
}

static struct error *read_blobs(struct virtio_look *look, unsigned device, unsigned queue)
{
	struct error *err = virtio_device_get(look->target, device, &look->src.dev);

	if (!err)
		err = virtio_queue_get(look->target, device, queue, &look->src.queue);
	if (err)
		return err;
	read_inflight(look, state_virtio_index(device, queue));
	read_iova(look, device);
	return NULL;
}

static bool refresh(void *ctx, struct virtq_source *src)
{
	struct virtio_look *look = ctx;
	struct error *err = read_blobs(look, src->dev.device, src->queue.queue);

	error_destroy(err);
	return !err;
}

struct error *virtio_look_init(struct virtio_look *look, struct target *target, unsigned device, unsigned queue)
{
	struct error *err;

	look->target = target;
	look->src = (struct virtq_source){
		.mem = { .ctx = look, .read = read_mem, .is_ram = is_ram }, .refresh_ctx = look, .refresh = refresh,
	};
	err = read_blobs(look, device, queue);
	if (err && error_code(err) == ERROR_NOT_FOUND && look->src.dev.nqueues) {
		error_destroy(err);
		err = error_create(ERROR_NOT_FOUND, "%s has queues 0 to %u, not %u", look->src.dev.name,
				   look->src.dev.nqueues - 1, queue);
	}
	return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/qemu.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/vec.h"
#include "core/decode/virtio/qmp.h"
#include "core/decode/virtio/virtio.h"

#define DEVICES_MAX 256
#define READ_MAX 4096	/* bytes asked for at once */

struct qemu_device {
	char *path;		/* in QEMU's object tree */
	char name[16];
	unsigned id;
};

struct qemu {
	struct target target;
	struct qmp *qmp;
	VEC(struct qemu_device) devices;
};

static struct qemu *qemu_of(struct target *t)
{
	return container_of(t, struct qemu, target);
}

static void put_object(struct json_object **o)
{
	json_object_put(*o);
}
#define _json_ _cleanup_(put_object)

static uint64_t number(struct json_object *o, const char *name)
{
	struct json_object *part;

	return json_object_object_get_ex(o, name, &part) ? json_object_get_uint64(part) : 0;
}

static const char *string(struct json_object *o, const char *name)
{
	struct json_object *part;
	const char *s = json_object_object_get_ex(o, name, &part) ? json_object_get_string(part) : NULL;

	return s ? s : "";
}

/* ---- memory ---------------------------------------------------------------------------------------- */

/* "0000000000001000: 0x00 0x01 ..." lines of `xp /Nxb ADDRESS`. */
static bool parse_bytes(const char *s, uint8_t *to, size_t len)
{
	size_t done = 0;

	while (s && *s && done < len) {
		const char *colon = strchr(s, ':'), *end = strchr(s, '\n');

		if (!colon)
			return false;
		for (s = colon + 1; done < len;) {
			char *next;
			unsigned long v;

			while (*s == ' ')
				s++;
			if (strncmp(s, "0x", 2))
				break;
			v = strtoul(s, &next, 16);
			if (next == s || v > 0xff)
				return false;
			to[done++] = v;
			s = next;
		}
		s = end ? end + 1 : NULL;
	}
	return done == len;
}

static struct error *qemu_read(struct target *t, uint64_t gpa, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		size_t n = len < READ_MAX ? len : READ_MAX;
		struct json_object *args = json_object_new_object();
		_json_ struct json_object *answer = NULL;
		char line[64];
		struct error *err;

		snprintf(line, sizeof(line), "xp /%zuxb 0x%" PRIx64, n, gpa);
		json_object_object_add(args, "command-line", json_object_new_string(line));
		err = qmp_call(qemu_of(t)->qmp, "human-monitor-command", args, &answer);
		if (err)
			return err;
		if (!parse_bytes(json_object_get_string(answer), to, n))
			return error_create(ERROR_FAULT, "QEMU cannot read guest-physical memory at 0x%" PRIx64, gpa);
		to += n;
		gpa += n;
		len -= n;
	}
	return NULL;
}

/* ---- virtio ------------------------------------------------------------------------------------------ */

static struct json_object *path_args(const struct qemu_device *dev)
{
	struct json_object *args = json_object_new_object();

	json_object_object_add(args, "path", json_object_new_string(dev->path));
	return args;
}

/* "VIRTIO_RING_F_EVENT_IDX: Avail ring used event" is the name behind _F_, up to the colon. */
static int feature_bit(unsigned id, const char *word)
{
	const char *name = strstr(word, "_F_");
	size_t len;

	name = name ? name + 3 : word;
	len = strcspn(name, ": ");
	for (unsigned bit = 0; bit < VIRTIO_FEATURE_BITS; bit++) {
		const char *known = virtio_feature_name(id, bit, NULL);

		if (known && strlen(known) == len && !memcmp(known, name, len))
			return bit;
	}
	/* Older words for the same bits. */
	if (!strncmp(name, "IOMMU_PLATFORM", len))
		return VIRTIO_F_ACCESS_PLATFORM;
	return -1;
}

static void read_features(struct json_object *status, const char *which, unsigned id, uint64_t ret[2])
{
	static const char *const lists[] = { "transports", "dev-features" };
	struct json_object *features, *list;

	if (!json_object_object_get_ex(status, which, &features))
		return;
	for (unsigned l = 0; l < ARRAY_SIZE(lists); l++) {
		if (!json_object_object_get_ex(features, lists[l], &list) ||
		    !json_object_is_type(list, json_type_array))
			continue;
		for (size_t i = 0; i < json_object_array_length(list); i++) {
			const char *word = json_object_get_string(json_object_array_get_idx(list, i));
			int bit = word ? feature_bit(id, word) : -1;

			if (bit >= 0)
				ret[bit / 64] |= BIT(bit % 64);
		}
	}
	ret[0] |= number(features, "unknown-dev-features");
}

static uint8_t read_status(struct json_object *answer)
{
	static const struct { const char *name; uint8_t bit; } bits[] = {
		{ "ACKNOWLEDGE", 1 }, { "DRIVER_OK", 4 }, { "DRIVER", 2 }, { "FEATURES_OK", 8 },
		{ "NEEDS_RESET", 0x40 }, { "FAILED", 0x80 },
	};
	struct json_object *status, *list;
	uint8_t v = 0;

	if (!json_object_object_get_ex(answer, "status", &status) ||
	    !json_object_object_get_ex(status, "statuses", &list) || !json_object_is_type(list, json_type_array))
		return 0;
	for (size_t i = 0; i < json_object_array_length(list); i++) {
		const char *word = json_object_get_string(json_object_array_get_idx(list, i));

		word = word ? strstr(word, "_S_") : NULL;
		for (unsigned b = 0; word && b < ARRAY_SIZE(bits); b++) {
			size_t len = strlen(bits[b].name);

			if (!strncmp(word + 3, bits[b].name, len) && strcspn(word + 3, ": ") == len)
				v |= bits[b].bit;
		}
	}
	return v | number(status, "unknown-statuses");
}

static struct error *device_state(struct qemu *q, unsigned index, struct state_virtio_device *ret)
{
	const struct qemu_device *dev = &q->devices.data[index];
	_json_ struct json_object *answer = NULL;
	struct error *err = qmp_call(q->qmp, "x-query-virtio-status", path_args(dev), &answer);

	if (err)
		return err;
	*ret = (struct state_virtio_device){
		.version = STATE_VERSION, .device = index, .virtio_id = dev->id, .transport = STATE_VIRTIO_OTHER,
		.status = read_status(answer), .isr = number(answer, "isr"), .nqueues = number(answer, "num-vqs"),
		.gsi = ~0u, .config_vector = STATE_VIRTIO_NO_VECTOR, .now_ns = clock_now_ns(),
		.flags = STATE_VIRTIO_NO_CONFIG | STATE_VIRTIO_NO_COUNTERS |
			 (!strcmp(string(answer, "device-endian"), "big") ? STATE_VIRTIO_GUEST_BE : 0),
	};
	read_features(answer, "host-features", dev->id, ret->offered);
	read_features(answer, "guest-features", dev->id, ret->driver);
	snprintf(ret->name, sizeof(ret->name), "%s", dev->name);
	snprintf(ret->backend, sizeof(ret->backend), "%s of QEMU%.60s", string(answer, "name"),
		 json_object_get_boolean(json_object_object_get(answer, "vhost-started")) ? ", rings served by vhost" : "");
	return NULL;
}

static struct error *queue_state(struct qemu *q, unsigned index, unsigned queue, struct state_virtio_queue *ret)
{
	const struct qemu_device *dev = &q->devices.data[index];
	struct json_object *args = path_args(dev);
	_json_ struct json_object *answer = NULL;
	struct error *err;

	json_object_object_add(args, "queue", json_object_new_int(queue));
	err = qmp_call(q->qmp, "x-query-virtio-queue-status", args, &answer);
	if (err)
		return err;
	*ret = (struct state_virtio_queue){
		.version = STATE_VERSION, .device = index, .queue = queue, .size = number(answer, "vring-num"),
		.max = number(answer, "vring-num-default"), .desc = number(answer, "vring-desc"),
		.avail = number(answer, "vring-avail"), .used = number(answer, "vring-used"),
		.last_avail = number(answer, "last-avail-idx"), .used_idx = number(answer, "used-idx"),
		.signalled_used = number(answer, "signalled-used"), .inflight = number(answer, "inuse"),
		.vector = STATE_VIRTIO_NO_VECTOR, .now_ns = clock_now_ns(),
	};
	ret->flags = (ret->desc ? STATE_VIRTQ_READY : 0) |
		     (number(answer, "signalled-used-valid") ? STATE_VIRTQ_SIGNALLED : 0);
	return NULL;
}

static struct error *qemu_state_get(struct target *t, enum state_kind kind, unsigned index, void *buf,
				    size_t size, size_t *ret_len)
{
	struct qemu *q = qemu_of(t);
	unsigned device = kind == STATE_VIRTIO_DEVICE ? index : index >> 16;
	struct state_virtio_device dev;
	struct state_virtio_queue queue;
	struct error *err;

	if (kind != STATE_VIRTIO_DEVICE && kind != STATE_VIRTIO_QUEUE)
		return error_create(ERROR_UNSUPPORTED, "QEMU's monitor does not tell this state");
	if (device >= q->devices.len)
		return error_create(ERROR_NOT_FOUND, "there is no virtio device %u", device);
	err = device_state(q, device, &dev);
	if (err)
		return err;
	if (kind == STATE_VIRTIO_DEVICE) {
		*ret_len = size < sizeof(dev) ? size : sizeof(dev);
		memcpy(buf, &dev, *ret_len);
		return NULL;
	}
	if ((index & 0xffff) >= dev.nqueues)
		return error_create(ERROR_NOT_FOUND, "%s has no queue %u", dev.name, index & 0xffff);
	err = queue_state(q, device, index & 0xffff, &queue);
	if (err)
		return err;
	if (virtio_bit(dev.driver, VIRTIO_F_PACKED))
		queue.flags |= STATE_VIRTQ_PACKED | STATE_VIRTQ_NO_INDICES;
	*ret_len = size < sizeof(queue) ? size : sizeof(queue);
	memcpy(buf, &queue, *ret_len);
	return NULL;
}

/* ---- the target --------------------------------------------------------------------------------------- */

static struct error *list_devices(struct qemu *q)
{
	_json_ struct json_object *list = NULL;
	struct error *err = qmp_call(q->qmp, "x-query-virtio", NULL, &list);

	if (err)
		return error_hint(err, "x-query-virtio came with QEMU 7.2");
	if (!json_object_is_type(list, json_type_array))
		return error_create(ERROR_FAILED, "QEMU does not list its virtio devices");
	/* QEMU lists the newest first. */
	for (size_t i = json_object_array_length(list); i-- && q->devices.len < DEVICES_MAX;) {
		struct json_object *o = json_object_array_get_idx(list, i);
		struct qemu_device dev = { .path = xstrdup(string(o, "path")) };
		const char *kind = string(o, "name");
		unsigned unit = 0;

		for (unsigned id = 1; id < 64; id++) {
			const char *name = virtio_id_name(id);

			if (name && !strncmp(kind, "virtio-", 7) && !strcmp(kind + 7, name))
				dev.id = id;
		}
		if (!strcmp(kind, "virtio-serial"))
			dev.id = VIRTIO_ID_CONSOLE;
		for (size_t k = 0; k < q->devices.len; k++)
			unit += q->devices.data[k].id == dev.id;
		snprintf(dev.name, sizeof(dev.name), "%.12s%u", virtio_id_name(dev.id) ?: "virtio", unit);
		vec_push(&q->devices, dev);
	}
	return NULL;
}

static struct error *find_arch(struct qemu *q)
{
	_json_ struct json_object *answer = NULL;
	struct error *err = qmp_call(q->qmp, "query-target", NULL, &answer);
	const char *arch;

	if (err)
		return err;
	arch = string(answer, "arch");
	q->target.arch = arch_by_elf_machine(!strcmp(arch, "ppc64") ? 21 : 62); /* EM_PPC64, EM_X86_64 */
	if (!q->target.arch)
		return error_create(ERROR_UNSUPPORTED, "vmscope does not know QEMU's architecture %s", arch);
	return NULL;
}

static unsigned qemu_vcpu_count(struct target *t)
{
	return 0; /* none that the monitor would show */
}

static enum target_state qemu_state(struct target *t)
{
	return TARGET_ENDED; /* nothing to run or stop: only looked at */
}

static void qemu_destroy(struct target *t)
{
	struct qemu *q = qemu_of(t);

	for (size_t i = 0; i < q->devices.len; i++)
		free(q->devices.data[i].path);
	vec_free(&q->devices);
	qmp_close(q->qmp);
	free(t->title);
	free(q);
}

static const struct target_ops qemu_ops = {
	.name = "QEMU's monitor",
	.destroy = qemu_destroy,
	.vcpu_count = qemu_vcpu_count,
	.phys_read = qemu_read,
	.state_get = qemu_state_get,
	.state = qemu_state,
};

struct error *qemu_target_create(const char *socket, struct target **ret)
{
	struct qemu *q = xcalloc(1, sizeof(*q));
	struct error *err;

	q->target.ops = &qemu_ops;
	q->target.title = xstrdup(socket);
	err = qmp_open(socket, &q->qmp);
	if (!err)
		err = find_arch(q);
	if (!err)
		err = list_devices(q);
	if (err)
		qemu_destroy(&q->target);
	else
		*ret = &q->target;
	return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info virtio [DEV], virtq DEV [N [WHAT [COUNT]]]: devices and their queues, live. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/session/virtio.h"

#define HISTORY_SHOWN 20

static void complete_device(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	struct state_virtio_device dev;

	for (unsigned i = 0; s->target && i < 256; i++) {
		_error_ struct error *err = virtio_device_get(s->target, i, &dev);
		struct completion c = { .text = dev.name };
		char help[64];

		if (err)
			return;
		snprintf(help, sizeof(help), "virtio %s", virtio_id_name(dev.virtio_id) ?: "device");
		c.help = help;
		if (!strncmp(dev.name, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
}

/* ---- info virtio ----------------------------------------------------------------------------------- */

static struct error *info_virtio_run(struct session *s, const struct args *args, struct out *out)
{
	struct state_virtio_device dev;
	struct error *err;

	if (!args->value[0].given)
		return virtio_devices_show(s->target, out);
	err = virtio_device_find(s->target, args->value[0].text, &dev);
	return err ? err : virtio_device_show(s->target, &dev, out);
}

const struct command cmd_info_virtio = {
	.name = "info virtio",
	.group = "machine",
	.summary = "list the virtio devices, or explain one: status, features, configuration, queues",
	.help = "Of one device: the status bits by name, each feature bit (accepted, or offered and not taken),\n"
		"the configuration space field by field with the byte order it is read in and why, and the raw\n"
		"bytes beside. Nothing of the device is changed by looking. `virtq` shows the queues.",
	.examples = (const char *const[]){ "info virtio", "info virtio blk0", NULL },
	.args = { { .type = ARG_WORD, .name = "DEV", .optional = true, .complete = complete_device } },
	.needs = NEED_TARGET,
	.run = info_virtio_run,
};

/* ---- virtq ------------------------------------------------------------------------------------------- */

static const char *const whats[] = { "chains", "history", NULL };
enum { WHAT_CHAINS, WHAT_HISTORY };

static struct error *show_history(struct session *s, const struct state_virtio_device *dev, unsigned queue,
				  uint64_t count, struct out *out)
{
	const struct virtio_history *all = session_virtio_history(s);
	const struct virtq_history *q = virtio_history_queue(all, dev->device, queue);
	struct virtq_source src = { .dev = *dev };
	struct error *err = virtio_queue_get(s->target, dev->device, queue, &src.queue);
	struct virtq_findings f = { 0 };

	if (err)
		return err;
	if (!q) {
		out_message(out, ROLE_TEXT, "no events of queue %u of %s were seen", queue, dev->name);
		return NULL;
	}
	virtq_history_show(q, all, &src, count > VIRTQ_HISTORY ? VIRTQ_HISTORY : count, s->start_ns, out);
	virtq_history_check(q, dev, NULL, &f);
	virtq_findings_show(&src, &f, out);
	vec_free(&f.list);
	return NULL;
}

static struct error *virtq_run(struct session *s, const struct args *args, struct out *out)
{
	const struct arg_value *n = &args->value[1], *what = &args->value[2], *count = &args->value[3];
	_free_ struct virtio_look *look = NULL;
	struct state_virtio_device dev;
	struct virtq_past past;
	struct error *err = virtio_device_find(s->target, args->value[0].text, &dev);

	if (err)
		return err;
	if (!n->given)
		return virtio_queues_show(s->target, &dev, out);
	if (n->number >= dev.nqueues)
		return error_create(ERROR_NOT_FOUND, "%s has queues 0 to %d, not %llu", dev.name, dev.nqueues - 1,
				    (unsigned long long)n->number);
	if (what->given && what->number == WHAT_HISTORY)
		return show_history(s, &dev, n->number, count->given ? count->number : HISTORY_SHOWN, out);
	if (count->given)
		return error_create(ERROR_USAGE, "COUNT is for history only");
	look = xcalloc(1, sizeof(*look));
	err = virtio_look_init(look, s->target, dev.device, n->number);
	if (err)
		return err;
	past = session_virtio_past(s, dev.device, n->number);
	return virtq_show(look, what->given && what->number == WHAT_CHAINS, 64, &past, out);
}

const struct command cmd_virtq = {
	.name = "virtq",
	.group = "machine",
	.summary = "show the virtqueues of a device, or one with everything in it and what is wrong",
	.help = "With N: where the ring is, the indices of both sides, whether a doorbell or an interrupt is due\n"
		"and by which numbers, the buffers that are out with their age and what each one is, and every\n"
		"rule that is broken (RI01 to RI18) with the entry and its bytes. `chains` adds the descriptors.\n"
		"`history` tells from the events what the queue did: the last COUNT requests (20) with the\n"
		"interval in which each became available, distributions of latency and batch size, doorbells per\n"
		"request, lost or needless notifications. A ring that moves is read again; what never stands\n"
		"still is said to be torn, and not judged.",
	.examples = (const char *const[]){ "virtq blk0", "virtq blk0 0", "virtq blk0 0 chains",
					   "virtq blk0 0 history 5", NULL },
	.args = { { .type = ARG_WORD, .name = "DEV", .complete = complete_device },
		  { .type = ARG_COUNT, .name = "N", .optional = true },
		  { .type = ARG_CHOICE, .name = "WHAT", .optional = true, .choices = whats },
		  { .type = ARG_COUNT, .name = "COUNT", .optional = true } },
	.needs = NEED_TARGET,
	.run = virtq_run,
};

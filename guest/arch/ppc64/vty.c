/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console: H_PUT_TERM_CHAR and H_GET_TERM_CHAR (LoPAR 16.6), with an interrupt when something was
 * typed. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/out.h"
#include "guest/arch/ppc64/ppc64.h"
#include "guest/hw/hw.h"

#define INPUT_MAX 4096

struct vty {
	struct device dev;
	pthread_mutex_t lock;	/* guards what follows: hypercalls do not come by the bus */
	uint8_t input[INPUT_MAX];
	unsigned head, len;
	uint64_t written, read, lost;
};

static struct vty *vty_of(struct device *dev)
{
	return container_of(dev, struct vty, dev);
}

void ppc64_vty_put(struct device *dev, const void *data, size_t len)
{
	struct vty *t = vty_of(dev);

	pthread_mutex_lock(&t->lock);
	t->written += len;
	pthread_mutex_unlock(&t->lock);
	if (len)
		device_console_output(dev, 0, data, len);
}

size_t ppc64_vty_get(struct device *dev, void *data, size_t max)
{
	struct vty *t = vty_of(dev);
	uint8_t *to = data;
	size_t n = 0;

	pthread_mutex_lock(&t->lock);
	for (; n < max && t->len; n++, t->len--) {
		to[n] = t->input[t->head];
		t->head = (t->head + 1) % INPUT_MAX;
	}
	t->read += n;
	pthread_mutex_unlock(&t->lock);
	return n;
}

static void input(struct device *dev, const void *data, size_t len)
{
	struct vty *t = vty_of(dev);
	const uint8_t *from = data;

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < len; i++) {
		if (t->len == INPUT_MAX) {
			t->lost += len - i; /* nobody reads: shown by `info device` */
			break;
		}
		t->input[(t->head + t->len++) % INPUT_MAX] = from[i];
	}
	pthread_mutex_unlock(&t->lock);
	if (ppc64_vm(dev->vm)->xive)
		ppc64_xive_set(dev->vm, PPC64_LISN_VTY, true);
}

static void reset(struct device *dev)
{
	struct vty *t = vty_of(dev);

	pthread_mutex_lock(&t->lock);
	t->head = t->len = 0;
	t->written = t->read = t->lost = 0;
	pthread_mutex_unlock(&t->lock);
}

static void destroy(struct device *dev)
{
	struct vty *t = vty_of(dev);

	pthread_mutex_destroy(&t->lock);
	free(t);
}

static void describe(struct device *dev, struct out *out)
{
	struct vty *t = vty_of(dev);
	uint64_t written, read, lost;
	unsigned waiting;

	pthread_mutex_lock(&t->lock);
	written = t->written;
	read = t->read;
	lost = t->lost;
	waiting = t->len;
	pthread_mutex_unlock(&t->lock);
	hw_show_reg(out, "unit", 8, PPC64_VTY, "unit address, the first argument of the hypercalls");
	hw_show_reg(out, "lisn", 4, PPC64_LISN_VTY, "interrupt when something was typed");
	hw_show_reg(out, "written", 1, written, "bytes written by the guest");
	hw_show_reg(out, "read", 1, read, "bytes it read");
	hw_show_reg(out, "waiting", 1, waiting, "bytes typed and not read");
	hw_show_reg(out, "lost", 1, lost, "bytes typed that found no room");
}

static struct error *create(struct vm *vm, unsigned unit, struct device **ret)
{
	return error_create(ERROR_UNSUPPORTED, "the console is made by the machine");
}

static const struct device_model model = {
	.name = "vty",
	.arch = "ppc64le",
	.help = "console of a PAPR guest: H_PUT_TERM_CHAR, H_GET_TERM_CHAR",
	.create = create,
	.reset = reset,
	.destroy = destroy,
	.input = input,
	.describe = describe,
};

struct error *ppc64_vty_create(struct vm *vm, struct device **ret)
{
	struct vty *t = xcalloc(1, sizeof(*t));

	device_init(&t->dev, &model, vm, 0);
	pthread_mutex_init(&t->lock, NULL);
	*ret = &t->dev;
	return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* virtio-rng (Virtio 1.2, 5.4): the host's getrandom(2). */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/virtio/virtio.h"

#define RNG_ID 4
#define REQUEST_MAX (64u << 10)	/* bytes given to one buffer, whatever its size */

struct rng {
	struct virtio_dev v;
	struct virtq_chain chain;
};

static void rng_serve(struct virtio_dev *dev, struct virtq *q)
{
	struct rng *r = container_of(dev, struct rng, v);
	uint8_t bytes[256]; /* up to here getrandom() is never cut short */

	while (virtio_take(dev, q, &r->chain)) {
		uint64_t want = r->chain.in_len < REQUEST_MAX ? r->chain.in_len : REQUEST_MAX, done = 0;

		while (done < want) {
			ssize_t n = getrandom(bytes, want - done < sizeof(bytes) ? want - done : sizeof(bytes), 0);

			if (n > 0)
				done += queue_write(q, &r->chain, done, bytes, n);
		}
		virtio_done(dev, q, &r->chain, done);
	}
}

static void rng_role(const struct virtio_dev *dev, unsigned queue, char *buf, size_t size)
{
	snprintf(buf, size, "requests");
}

static const struct virtio_model model = {
	.kind = "rng",
	.id = RNG_ID,
	.pci_class = 0x00ff00,
	.serve = rng_serve,
	.role = rng_role,
};

static struct error *rng_create(struct vm *vm, unsigned unit, struct device **ret)
{
	struct virtio_dev *dev;
	struct error *err = virtio_create(vm, unit, &device_virtio_rng, &model, sizeof(struct rng), &dev);

	*ret = NULL;
	if (err || !dev)
		return err;
	snprintf(dev->backend, sizeof(dev->backend), "the host's getrandom");
	return virtio_finish(dev, 0, 1, 1, ret);
}

const struct device_model device_virtio_rng = {
	.name = "rng",
	.help = "virtio-rng: random numbers of the host",
	.many = true,
	.create = rng_create,
	.reset = virtio_device_reset,
	.destroy = virtio_device_destroy,
	.describe = virtio_device_describe,
	.run = virtio_device_run,
	.state = virtio_device_state,
};

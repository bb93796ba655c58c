/* SPDX-License-Identifier: GPL-3.0-or-later */
/* virtio-net (Virtio 1.2, 5.1) with one pair of queues and no offloads, on a user-mode network or a tap. */
#include "guest/virtio/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"

#define NET_ID 1
#define F_MTU 3
#define F_MAC 5
#define F_MRG_RXBUF 15
#define F_STATUS 16
#define HEADER_LEN 12
#define HEADER_LEN_LEGACY 10	/* without num_buffers */
#define NUM_BUFFERS 10
#define MTU 1500
#define STATUS_UP 1
#define WAITING_MAX 256		/* frames for a driver without buffers */

#define CFG_MAC 0
#define CFG_STATUS 6
#define CFG_MTU 10
#define CFG_LEN 12

enum { Q_RX, Q_TX };

struct net_frame {
	size_t len;
	uint8_t *data;
};

struct net {
	struct virtio_dev v;
	const struct net_backend *ops;
	void *backend;
	struct virtq_chain chain[2];
	uint8_t frame[NET_FRAME_MAX];
	/* The worker's own. */
	struct net_frame waiting[WAITING_MAX];
	unsigned at, nwaiting;
	uint32_t resets;	/* of the device, as of the last frame */
	_Atomic uint64_t dropped, rx_frames, tx_frames;
};

static struct net *net_of(struct virtio_dev *dev)
{
	return container_of(dev, struct net, v);
}

static unsigned header_len(const struct net *net)
{
	bool long_one = virtio_has(&net->v, VIRTIO_F_VERSION_1) || virtio_has(&net->v, F_MRG_RXBUF);

	return long_one ? HEADER_LEN : HEADER_LEN_LEGACY;
}

/* ---- to the guest ----------------------------------------------------------------------------------- */

static void forget_waiting(struct net *net)
{
	while (net->nwaiting) {
		free(net->waiting[net->at].data);
		net->at = (net->at + 1) % WAITING_MAX;
		net->nwaiting--;
	}
}

/* False: no buffer. One that is too small takes the frame along with it. */
static bool put_frame(struct net *net, const uint8_t *frame, size_t len)
{
	struct virtq *q = &net->v.q[Q_RX];
	struct virtq_chain *c = &net->chain[Q_RX];
	uint8_t header[HEADER_LEN] = { 0 };
	unsigned n = header_len(net);

	q->budget = 1;
	if (!virtio_take(&net->v, q, c))
		return false;
	if (c->in_len < n + len) {
		atomic_fetch_add(&net->dropped, 1);
		virtio_done(&net->v, q, c, 0);
		return true;
	}
	le16_write(header + NUM_BUFFERS, 1);
	queue_write(q, c, 0, header, n);
	queue_write(q, c, n, frame, len);
	atomic_fetch_add(&net->rx_frames, 1);
	virtio_done(&net->v, q, c, n + len);
	return true;
}

static void flush(struct net *net)
{
	if (net->resets != atomic_load(&net->v.resets)) {
		net->resets = atomic_load(&net->v.resets);
		forget_waiting(net);
	}
	while (net->nwaiting && put_frame(net, net->waiting[net->at].data, net->waiting[net->at].len)) {
		free(net->waiting[net->at].data);
		net->at = (net->at + 1) % WAITING_MAX;
		net->nwaiting--;
	}
}

bool net_full(const struct net *net)
{
	return net->nwaiting == WAITING_MAX;
}

void net_deliver(struct net *net, const uint8_t *frame, size_t len)
{
	struct net_frame *f;

	if (len > NET_FRAME_MAX)
		return;
	flush(net);
	if (!net->nwaiting && put_frame(net, frame, len))
		return;
	if (net_full(net) || !atomic_load(&net->v.live)) {
		atomic_fetch_add(&net->dropped, 1);
		return;
	}
	f = &net->waiting[(net->at + net->nwaiting++) % WAITING_MAX];
	f->len = len;
	f->data = xcalloc(1, len ? len : 1);
	memcpy(f->data, frame, len);
}

/* ---- from the guest ---------------------------------------------------------------------------------- */

static void transmit(struct net *net, struct virtq *q)
{
	struct virtq_chain *c = &net->chain[Q_TX];

	while (virtio_take(&net->v, q, c)) {
		size_t n = queue_read(q, c, header_len(net), net->frame, sizeof(net->frame));

		/* The frame is ours now: what becomes of it need not hold up the queue. */
		virtio_done(&net->v, q, c, 0);
		if (!n)
			continue;
		atomic_fetch_add(&net->tx_frames, 1);
		net->ops->input(net->backend, net->frame, n);
	}
}

static void net_serve(struct virtio_dev *dev, struct virtq *q)
{
	if (q->index == Q_TX)
		transmit(net_of(dev), q);
	else
		flush(net_of(dev));
}

static int net_poll_add(struct virtio_dev *dev, unsigned worker, struct pollfd *fds, unsigned *n)
{
	return net_of(dev)->ops->poll_add(net_of(dev)->backend, fds, n);
}

static void net_poll_done(struct virtio_dev *dev, unsigned worker, const struct pollfd *fds, unsigned n)
{
	net_of(dev)->ops->poll_done(net_of(dev)->backend, fds, n);
}

static void net_role(const struct virtio_dev *dev, unsigned queue, char *buf, size_t size)
{
	snprintf(buf, size, queue == Q_RX ? "rx" : "tx");
}

static void net_describe(struct virtio_dev *dev, struct out *out)
{
	struct net *net = net_of(dev);

	hw_show_count(out, "received", atomic_load(&net->rx_frames), "frames by the guest");
	hw_show_count(out, "sent", atomic_load(&net->tx_frames), "frames by the guest");
	hw_show_count(out, "dropped", atomic_load(&net->dropped), "frames for which the driver had no buffer");
}

static void net_destroy(struct virtio_dev *dev)
{
	struct net *net = net_of(dev);

	if (net->backend)
		net->ops->destroy(net->backend);
	forget_waiting(net);
}

static const struct virtio_model model = {
	.kind = "net",
	.id = NET_ID,
	.pci_class = 0x020000,	/* Ethernet */
	.serve = net_serve,
	.poll_add = net_poll_add,
	.poll_done = net_poll_done,
	.role = net_role,
	.destroy = net_destroy,
	.describe = net_describe,
};

static struct error *parse_mac(const char *text, uint8_t mac[6])
{
	unsigned b[6];
	int end = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5], &end) != 6 ||
	    text[end] || (b[0] & 1))
		return error_create(ERROR_USAGE, "--net: mac=%.40s is no address of a station, as 52:54:00:12:34:56",
				    text);
	for (unsigned i = 0; i < 6; i++)
		mac[i] = b[i];
	return NULL;
}

/* The first word is the backend; mac= is ours wherever it stands. */
static struct error *open_backend(struct net *net, uint8_t mac[6])
{
	const char *text = net->v.place.spec->text, *cursor = text;
	struct virtio_word word;
	struct error *err = NULL;

	if (!virtio_word_next(&cursor, &word) || (strcmp(word.key, "user") && strcmp(word.key, "tap")))
		return error_create(ERROR_USAGE, "--net %.60s: give user or tap first", text);
	net->ops = strcmp(word.key, "user") ? &net_tap : &net_user;
	text = cursor;
	while (!err && virtio_word_next(&cursor, &word))
		if (!strcmp(word.key, "mac"))
			err = parse_mac(word.value, mac);
	if (err)
		return err;
	return (net->ops == &net_user ? net_user_create : net_tap_create)(net, text, net->v.backend,
									   sizeof(net->v.backend), &net->backend);
}

static struct error *net_create(struct vm *vm, unsigned unit, struct device **ret)
{
	struct virtio_dev *dev;
	struct error *err = virtio_create(vm, unit, &device_virtio_net, &model, sizeof(struct net), &dev);
	uint8_t mac[6] = { 0x52, 0x54, 0x00, 0x12, 0x34, 0x56 + unit };

	*ret = NULL;
	if (err || !dev)
		return err;
	err = open_backend(net_of(dev), mac);
	if (err) {
		virtio_abandon(dev);
		return err;
	}
	dev->config_len = CFG_LEN;
	memcpy(dev->config + CFG_MAC, mac, sizeof(mac));
	le16_write(dev->config + CFG_STATUS, STATUS_UP);
	le16_write(dev->config + CFG_MTU, MTU);
	return virtio_finish(dev, BIT(F_MAC) | BIT(F_STATUS) | BIT(F_MTU) | BIT(F_MRG_RXBUF), 2, 1, ret);
}

const struct device_model device_virtio_net = {
	.name = "net",
	.help = "virtio-net: a network card",
	.many = true,
	.create = net_create,
	.reset = virtio_device_reset,
	.destroy = virtio_device_destroy,
	.describe = virtio_device_describe,
	.run = virtio_device_run,
	.state = virtio_device_state,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * virtio-console (Virtio 1.2, 5.3), with one port, or several behind a control queue. Port n writes to the
 * session as console 16+n; what is typed goes to port 0 when the machine's console is this one
 * (--console MODE,virtio).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "guest/hw/hw.h"
#include "guest/virtio/virtio.h"

#define CONSOLE_ID 3
#define F_SIZE 0
#define F_MULTIPORT 1
#define F_EMERG_WRITE 2
#define PORTS_MAX 8
#define PORT_BASE 16	/* of the session's console numbers */
#define TYPED_MAX 65536	/* bytes that wait for the driver */
#define OUT_MAX (1u << 20)	/* bytes taken of one buffer */
#define CONTROL_MAX 64

/* Configuration, 5.3.4. */
#define CFG_COLS 0
#define CFG_ROWS 2
#define CFG_MAX_PORTS 4
#define CFG_EMERG 8
#define CFG_LEN 12

/* Control messages, 5.3.6.2: id u32, event u16, value u16, then a name. */
enum { DEVICE_READY, DEVICE_ADD, DEVICE_REMOVE, PORT_READY, CONSOLE_PORT, RESIZE, PORT_OPEN, PORT_NAME };
#define CONTROL_LEN 8

enum { Q_RX0, Q_TX0, Q_CONTROL_RX, Q_CONTROL_TX, Q_PORT1 };

struct control {
	uint32_t port;
	uint16_t event, value;
	char name[16];
};

struct console {
	struct virtio_dev v;
	unsigned ports;
	struct virtq_chain chain;
	uint8_t buf[4096];
	pthread_mutex_t lock;	/* guards what follows: typed by the main thread */
	uint8_t typed[TYPED_MAX];
	size_t at, len;
	uint64_t dropped;
	struct control control[CONTROL_MAX]; /* waits for buffers of the control queue */
	unsigned ncontrol;
};

static struct console *console_of(struct virtio_dev *dev)
{
	return container_of(dev, struct console, v);
}

static unsigned queue_port(unsigned queue)
{
	return queue < Q_CONTROL_RX ? 0 : queue < Q_PORT1 ? 0 : (queue - Q_PORT1) / 2 + 1;
}

static void send_control(struct console *c, uint32_t port, uint16_t event, uint16_t value, const char *name)
{
	pthread_mutex_lock(&c->lock);
	if (c->ncontrol < CONTROL_MAX) {
		struct control *m = &c->control[c->ncontrol++];

		*m = (struct control){ .port = port, .event = event, .value = value };
		if (name)
			snprintf(m->name, sizeof(m->name), "%s", name);
	}
	pthread_mutex_unlock(&c->lock);
}

/* ---- from the driver ---------------------------------------------------------------------------------- */

static void transmit(struct console *c, struct virtq *q)
{
	while (virtio_take(&c->v, q, &c->chain)) {
		uint64_t want = c->chain.out_len < OUT_MAX ? c->chain.out_len : OUT_MAX;

		for (uint64_t done = 0; done < want;) {
			size_t n = want - done < sizeof(c->buf) ? want - done : sizeof(c->buf);

			n = queue_read(q, &c->chain, done, c->buf, n);
			device_console_output(&c->v.dev, PORT_BASE + queue_port(q->index), c->buf, n);
			done += n;
		}
		virtio_done(&c->v, q, &c->chain, 0);
	}
}

static void port_ready(struct console *c, uint32_t port)
{
	char name[16];

	if (port >= c->ports)
		return;
	if (port == 0)
		send_control(c, 0, CONSOLE_PORT, 1, NULL);
	snprintf(name, sizeof(name), "vmscope.%u", (uint8_t)port);
	send_control(c, port, PORT_NAME, 1, name);
	send_control(c, port, PORT_OPEN, 1, NULL);
}

static void control_receive(struct console *c, struct virtq *q)
{
	uint8_t raw[CONTROL_LEN];

	while (virtio_take(&c->v, q, &c->chain)) {
		if (queue_read(q, &c->chain, 0, raw, sizeof(raw)) == sizeof(raw)) {
			uint16_t event = le16_read(raw + 4), value = le16_read(raw + 6);

			if (event == DEVICE_READY && value == 1)
				for (unsigned i = 0; i < c->ports; i++)
					send_control(c, i, DEVICE_ADD, 1, NULL);
			else if (event == PORT_READY && value == 1)
				port_ready(c, le32_read(raw));
		}
		virtio_done(&c->v, q, &c->chain, 0);
	}
}

/* ---- to the driver ------------------------------------------------------------------------------------- */

static void control_send(struct console *c, struct virtq *q)
{
	for (;;) {
		uint8_t raw[CONTROL_LEN + sizeof(c->control[0].name)];
		struct control m;
		size_t len = CONTROL_LEN;

		pthread_mutex_lock(&c->lock);
		bool any = c->ncontrol > 0;

		if (any)
			m = c->control[0];
		pthread_mutex_unlock(&c->lock);
		if (!any || !virtio_take(&c->v, q, &c->chain))
			return;
		le32_write(raw, m.port);
		le16_write(raw + 4, m.event);
		le16_write(raw + 6, m.value);
		if (m.event == PORT_NAME) {
			memcpy(raw + CONTROL_LEN, m.name, strlen(m.name));
			len += strlen(m.name);
		}
		len = queue_write(q, &c->chain, 0, raw, len);
		pthread_mutex_lock(&c->lock);
		if (c->ncontrol)
			memmove(c->control, c->control + 1, --c->ncontrol * sizeof(m));
		pthread_mutex_unlock(&c->lock);
		virtio_done(&c->v, q, &c->chain, len);
	}
}

static size_t take_typed(struct console *c, uint8_t *buf, size_t max)
{
	size_t n = 0;

	pthread_mutex_lock(&c->lock);
	for (; n < max && c->len; n++, c->len--) {
		buf[n] = c->typed[c->at];
		c->at = (c->at + 1) % TYPED_MAX;
	}
	pthread_mutex_unlock(&c->lock);
	return n;
}

static void receive(struct console *c, struct virtq *q)
{
	for (;;) {
		size_t n;

		pthread_mutex_lock(&c->lock);
		n = c->len;
		pthread_mutex_unlock(&c->lock);
		if (!n || !virtio_take(&c->v, q, &c->chain))
			return;
		n = c->chain.in_len < sizeof(c->buf) ? c->chain.in_len : sizeof(c->buf);
		n = take_typed(c, c->buf, n);
		virtio_done(&c->v, q, &c->chain, queue_write(q, &c->chain, 0, c->buf, n));
	}
}

static void console_serve(struct virtio_dev *dev, struct virtq *q)
{
	struct console *c = console_of(dev);

	switch (q->index) {
	case Q_RX0:
		receive(c, q);
		break;
	case Q_CONTROL_RX:
		control_send(c, q);
		break;
	case Q_CONTROL_TX:
		control_receive(c, q);
		virtio_wake(dev, 0); /* the answers */
		break;
	default:
		if (q->index & 1)
			transmit(c, q);
	}
}

/* A byte to the console without any queue (5.3.4). */
static void console_config_write(struct virtio_dev *dev, unsigned offset, unsigned len)
{
	struct console *c = console_of(dev);

	if (offset == CFG_EMERG)
		device_console_output(&dev->dev, PORT_BASE, &c->v.config[CFG_EMERG], 1);
}

static void console_input(struct device *device, const void *data, size_t len)
{
	struct console *c = container_of(device, struct console, v.dev);
	const uint8_t *p = data;

	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < len; i++) {
		if (c->len == TYPED_MAX) {
			c->dropped += len - i;
			break;
		}
		c->typed[(c->at + c->len++) % TYPED_MAX] = p[i];
	}
	pthread_mutex_unlock(&c->lock);
	virtio_wake(&c->v, 0);
}

static void console_reset(struct virtio_dev *dev)
{
	struct console *c = console_of(dev);

	pthread_mutex_lock(&c->lock);
	c->ncontrol = 0;
	pthread_mutex_unlock(&c->lock);
}

static void console_role(const struct virtio_dev *dev, unsigned queue, char *buf, size_t size)
{
	if (queue == Q_CONTROL_RX || queue == Q_CONTROL_TX)
		snprintf(buf, size, "control %s", queue & 1 ? "tx" : "rx");
	else
		snprintf(buf, size, "port%u %s", queue_port(queue), queue & 1 ? "tx" : "rx");
}

static void console_describe(struct virtio_dev *dev, struct out *out)
{
	struct console *c = console_of(dev);
	uint64_t waiting, dropped;

	pthread_mutex_lock(&c->lock);
	waiting = c->len;
	dropped = c->dropped;
	pthread_mutex_unlock(&c->lock);
	hw_show_count(out, "typed", waiting, "bytes that wait for the driver");
	if (dropped)
		hw_show_count(out, "dropped", dropped, "bytes typed faster than the guest reads them");
}

static void console_destroy(struct virtio_dev *dev)
{
	pthread_mutex_destroy(&console_of(dev)->lock);
}

static const struct virtio_model model = {
	.kind = "console",
	.id = CONSOLE_ID,
	.pci_class = 0x078000,	/* communication, other */
	.serve = console_serve,
	.config_write = console_config_write,
	.reset = console_reset,
	.role = console_role,
	.destroy = console_destroy,
	.describe = console_describe,
};

static struct error *parse(const char *text, unsigned *ret_ports)
{
	struct virtio_word word;
	struct error *err = NULL;
	uint64_t n = 1;

	while (!err && virtio_word_next(&text, &word)) {
		if (strcmp(word.key, "ports"))
			return virtio_word_unknown("--virtio-console", &word, "ports=N");
		err = virtio_word_number("--virtio-console", &word, 1, PORTS_MAX, &n);
	}
	*ret_ports = n;
	return err;
}

static struct error *console_create(struct vm *vm, unsigned unit, struct device **ret)
{
	struct virtio_dev *dev;
	struct error *err = virtio_create(vm, unit, &device_virtio_console, &model, sizeof(struct console), &dev);
	struct console *c;

	*ret = NULL;
	if (err || !dev)
		return err;
	c = console_of(dev);
	pthread_mutex_init(&c->lock, NULL);
	err = parse(dev->place.spec->text, &c->ports);
	if (err) {
		virtio_abandon(dev);
		return err;
	}
	dev->config_len = CFG_LEN;
	le16_write(dev->config + CFG_COLS, 80);
	le16_write(dev->config + CFG_ROWS, 25);
	le32_write(dev->config + CFG_MAX_PORTS, c->ports);
	virtio_config_allow(dev, CFG_EMERG, 4);
	snprintf(dev->backend, sizeof(dev->backend), "the session's console, %u port%s", c->ports,
		 c->ports > 1 ? "s" : "");
	return virtio_finish(dev, BIT(F_SIZE) | BIT(F_EMERG_WRITE) | (c->ports > 1 ? BIT(F_MULTIPORT) : 0),
			     c->ports > 1 ? 2 * c->ports + 2 : 2, 1, ret);
}

const struct device_model device_virtio_console = {
	.name = "virtio_console",
	.help = "virtio-console: a console for the session",
	.many = true,
	.create = console_create,
	.reset = virtio_device_reset,
	.destroy = virtio_device_destroy,
	.input = console_input,
	.describe = virtio_device_describe,
	.run = virtio_device_run,
	.state = virtio_device_state,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames by a tap interface of the host. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/vec.h"
#include "guest/virtio/net.h"

#define BATCH 64	/* frames read in a turn */

struct tap {
	struct net *net;
	int fd;
	uint8_t frame[NET_FRAME_MAX];
};

static void tap_input(void *state, const uint8_t *frame, size_t len)
{
	struct tap *t = state;

	if (write(t->fd, frame, len) < 0) {
		/* The interface is down or its queue full: a network drops frames. */
	}
}

static int tap_poll_add(void *state, struct pollfd *fds, unsigned *n)
{
	struct tap *t = state;

	if (*n < VIRTIO_POLL_MAX)
		fds[(*n)++] = (struct pollfd){ .fd = net_full(t->net) ? -1 : t->fd, .events = POLLIN };
	return -1;
}

static void tap_poll_done(void *state, const struct pollfd *fds, unsigned n)
{
	struct tap *t = state;

	for (unsigned i = 0; n && (fds[0].revents & POLLIN) && i < BATCH && !net_full(t->net); i++) {
		ssize_t len = read(t->fd, t->frame, sizeof(t->frame));

		if (len <= 0)
			return;
		net_deliver(t->net, t->frame, len);
	}
}

static void tap_destroy(void *state)
{
	struct tap *t = state;

	if (t->fd >= 0)
		close(t->fd);
	free(t);
}

const struct net_backend net_tap = {
	.input = tap_input,
	.poll_add = tap_poll_add,
	.poll_done = tap_poll_done,
	.destroy = tap_destroy,
};

struct error *net_tap_create(struct net *net, const char *text, char *backend, size_t size, void **ret)
{
	struct tap *t = xcalloc(1, sizeof(*t));
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	struct virtio_word word;

	t->net = net;
	*ret = t;
	t->fd = -1;
	while (virtio_word_next(&text, &word)) {
		if (!strcmp(word.key, "ifname") && strlen(word.value) < IFNAMSIZ)
			memcpy(ifr.ifr_name, word.value, strlen(word.value));
		else if (strcmp(word.key, "mac"))
			return virtio_word_unknown("--net tap", &word, "ifname=NAME (at most 15 characters), mac=ADDRESS");
	}
	t->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (t->fd < 0)
		return error_hint(error_errno(errno, "--net tap: cannot open /dev/net/tun"),
				  "--net user needs no privileges");
	if (ioctl(t->fd, TUNSETIFF, &ifr))
		return error_hint(error_errno(errno, "--net tap: cannot have the interface '%s'",
					      ifr.ifr_name[0] ? ifr.ifr_name : "tap%d"),
				  "as root, or on one that is yours: ip tuntap add dev NAME mode tap user YOU");
	snprintf(backend, size, "interface %.15s of the host", ifr.ifr_name);
	return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a network device's frames go. All but create and destroy on the device's one worker. */
#pragma once

#include "guest/virtio/virtio.h"

#define NET_FRAME_MAX 65550

struct net;

struct net_backend {
	/* Frame from the guest. May call net_deliver(). */
	void (*input)(void *state, const uint8_t *frame, size_t len);
	int (*poll_add)(void *state, struct pollfd *fds, unsigned *n); /* as virtio_model's */
	void (*poll_done)(void *state, const struct pollfd *fds, unsigned n);
	void (*destroy)(void *state);
};

/* Creations: @text are the words behind "user," or "tap,". */
struct error *net_user_create(struct net *net, const char *text, char *backend, size_t size, void **ret);
struct error *net_tap_create(struct net *net, const char *text, char *backend, size_t size, void **ret);
extern const struct net_backend net_user, net_tap;

/* A frame for the guest; kept for a while when the driver has no buffers, then dropped and counted. */
void net_deliver(struct net *net, const uint8_t *frame, size_t len);
/* Is there no more room for frames that wait? */
bool net_full(const struct net *net);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A network inside the process (libslirp): the guest is 10.0.2.15 behind address translation, the host is
 * 10.0.2.2, DNS is 10.0.2.3; no privileges. libslirp is used by one thread only, the device's worker.
 */
#include <arpa/inet.h>
#include <slirp/libslirp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/loop.h"
#include "core/base/vec.h"
#include "guest/virtio/net.h"

#define FORWARDS_MAX 32

struct timer {
	SlirpTimerCb fn;
	void *ctx;
	int64_t at_ms;	/* -1: not set */
	struct user *user;
};

struct user {
	struct net *net;
	Slirp *slirp;
	VEC(struct timer *) timers;
	struct pollfd *fds;	/* while polling */
	unsigned *n, first;
	const struct pollfd *done;
	unsigned ndone;
};

static ssize_t send_packet(const void *buf, size_t len, void *opaque)
{
	struct user *u = opaque;

	net_deliver(u->net, buf, len);
	return len;
}

/* What a guest does wrong is nothing to print; its frame was dropped. */
static void guest_error(const char *msg, void *opaque)
{
}

static int64_t clock_ns(void *opaque)
{
	return clock_now_ns();
}

static void *timer_new(SlirpTimerCb fn, void *ctx, void *opaque)
{
	struct user *u = opaque;
	struct timer *t = xcalloc(1, sizeof(*t));

	*t = (struct timer){ .fn = fn, .ctx = ctx, .at_ms = -1, .user = u };
	vec_push(&u->timers, t);
	return t;
}

static void timer_free(void *timer, void *opaque)
{
	struct user *u = opaque;

	for (size_t i = 0; i < u->timers.len; i++)
		if (u->timers.data[i] == timer) {
			vec_remove(&u->timers, i);
			break;
		}
	free(timer);
}

static void timer_mod(void *timer, int64_t at_ms, void *opaque)
{
	((struct timer *)timer)->at_ms = at_ms;
}

static void nothing_fd(int fd, void *opaque)
{
}

static void notify(void *opaque)
{
	/* Only ever called on the worker, which polls again anyway. */
}

static const SlirpCb callbacks = {
	.send_packet = send_packet,
	.guest_error = guest_error,
	.clock_get_ns = clock_ns,
	.timer_new = timer_new,
	.timer_free = timer_free,
	.timer_mod = timer_mod,
	.register_poll_fd = nothing_fd,
	.unregister_poll_fd = nothing_fd,
	.notify = notify,
};

/* ---- polling -------------------------------------------------------------------------------------------- */

static int add_poll(int fd, int events, void *opaque)
{
	struct user *u = opaque;

	if (*u->n >= VIRTIO_POLL_MAX)
		return -1; /* looked at in a later turn */
	u->fds[*u->n] = (struct pollfd){
		.fd = fd,
		.events = (events & SLIRP_POLL_IN ? POLLIN : 0) | (events & SLIRP_POLL_OUT ? POLLOUT : 0) |
			  (events & SLIRP_POLL_PRI ? POLLPRI : 0),
	};
	return (*u->n)++ - u->first;
}

static int get_revents(int index, void *opaque)
{
	struct user *u = opaque;
	int r;

	if (index < 0 || (unsigned)index >= u->ndone)
		return 0;
	r = u->done[index].revents;
	return (r & POLLIN ? SLIRP_POLL_IN : 0) | (r & POLLOUT ? SLIRP_POLL_OUT : 0) |
	       (r & POLLPRI ? SLIRP_POLL_PRI : 0) | (r & POLLERR ? SLIRP_POLL_ERR : 0) |
	       (r & POLLHUP ? SLIRP_POLL_HUP : 0);
}

static int user_poll_add(void *state, struct pollfd *fds, unsigned *n)
{
	struct user *u = state;
	uint32_t timeout = UINT32_MAX;
	int64_t now = clock_now_ns() / 1000000;

	u->fds = fds;
	u->n = n;
	u->first = *n;
	slirp_pollfds_fill(u->slirp, &timeout, add_poll, u);
	for (size_t i = 0; i < u->timers.len; i++) {
		int64_t at = u->timers.data[i]->at_ms;

		if (at >= 0 && (uint64_t)(at > now ? at - now : 0) < timeout)
			timeout = at > now ? at - now : 0;
	}
	return timeout > INT32_MAX ? -1 : (int)timeout;
}

static void user_poll_done(void *state, const struct pollfd *fds, unsigned n)
{
	struct user *u = state;
	int64_t now = clock_now_ns() / 1000000;

	u->done = fds;
	u->ndone = n;
	slirp_pollfds_poll(u->slirp, 0, get_revents, u);
	for (size_t i = 0; i < u->timers.len; i++) {
		struct timer *t = u->timers.data[i];

		if (t->at_ms < 0 || t->at_ms > now)
			continue;
		t->at_ms = -1;
		t->fn(t->ctx); /* may set it again */
	}
}

static void user_input(void *state, const uint8_t *frame, size_t len)
{
	struct user *u = state;

	slirp_input(u->slirp, frame, len);
}

static void user_destroy(void *state)
{
	struct user *u = state;

	if (u->slirp)
		slirp_cleanup(u->slirp);
	while (u->timers.len)
		timer_free(u->timers.data[0], u);
	vec_free(&u->timers);
	free(u);
}

const struct net_backend net_user = {
	.input = user_input,
	.poll_add = user_poll_add,
	.poll_done = user_poll_done,
	.destroy = user_destroy,
};

/* ---- options ---------------------------------------------------------------------------------------------- */

static struct error *bad_forward(const char *text)
{
	return error_create(ERROR_USAGE, "--net user: hostfwd=%.60s is not as tcp:[HOST]:PORT-[GUEST]:PORT", text);
}

static bool parse_end(const char *text, const char *default_addr, struct in_addr *ret_addr, int *ret_port)
{
	const char *colon = strrchr(text, ':');
	char addr[64], rest;

	if (!colon || colon - text >= (long)sizeof(addr))
		return false;
	snprintf(addr, sizeof(addr), "%.*s", (int)(colon - text), text);
	return inet_aton(addr[0] ? addr : default_addr, ret_addr) &&
	       sscanf(colon + 1, "%d%c", ret_port, &rest) == 1 && *ret_port > 0 && *ret_port < 65536;
}

/* tcp:[HOST]:PORT-[GUEST]:PORT. Nobody but this machine reaches a forward that names no address. */
static struct error *add_forward(struct user *u, const char *text)
{
	struct in_addr host, guest;
	int host_port, guest_port;
	char host_text[128];
	const char *dash;
	bool udp = !strncmp(text, "udp:", 4);

	if (!udp && strncmp(text, "tcp:", 4))
		return bad_forward(text);
	dash = strchr(text + 4, '-');
	if (!dash || dash - text - 4 >= (long)sizeof(host_text))
		return bad_forward(text);
	snprintf(host_text, sizeof(host_text), "%.*s", (int)(dash - text - 4), text + 4);
	if (!parse_end(host_text, "127.0.0.1", &host, &host_port) ||
	    !parse_end(dash + 1, "10.0.2.15", &guest, &guest_port))
		return bad_forward(text);
	if (slirp_add_hostfwd(u->slirp, udp, host, host_port, guest, guest_port) < 0)
		return error_hint(error_create(ERROR_FAILED, "--net user: cannot listen on port %d of the host",
					       host_port), "is it taken? another one: hostfwd=tcp::%d-:%d",
				  host_port == 65535 ? 1024 : host_port + 1, guest_port);
	return NULL;
}

struct error *net_user_create(struct net *net, const char *text, char *backend, size_t size, void **ret)
{
	struct user *u = xcalloc(1, sizeof(*u));
	SlirpConfig cfg = { .version = 1, .in_enabled = true, .vhostname = "vmscope" };
	const char *cursor = text;
	struct error *err = NULL;
	struct virtio_word word;
	unsigned forwards = 0;

	u->net = net;
	*ret = u;
	inet_aton("10.0.2.0", &cfg.vnetwork);
	inet_aton("255.255.255.0", &cfg.vnetmask);
	inet_aton("10.0.2.2", &cfg.vhost);
	inet_aton("10.0.2.15", &cfg.vdhcp_start);
	inet_aton("10.0.2.3", &cfg.vnameserver);
	while (virtio_word_next(&cursor, &word))
		if (!strcmp(word.key, "restrict"))
			cfg.restricted = !word.has_value || !strcmp(word.value, "on");
	u->slirp = slirp_new(&cfg, &callbacks, u);
	if (!u->slirp)
		return error_create(ERROR_FAILED, "--net user: libslirp cannot start");
	while (!err && virtio_word_next(&text, &word)) {
		if (!strcmp(word.key, "hostfwd"))
			err = forwards++ < FORWARDS_MAX ? add_forward(u, word.value) :
							  error_create(ERROR_USAGE, "--net user: more than %d forwards",
								       FORWARDS_MAX);
		else if (strcmp(word.key, "restrict") && strcmp(word.key, "mac"))
			err = virtio_word_unknown("--net user", &word, "hostfwd=tcp|udp:[HOST]:PORT-[GUEST]:PORT, "
						  "restrict=on, mac=ADDRESS");
	}
	snprintf(backend, size, "user network 10.0.2.0/24, %u forwards%s", forwards,
		 cfg.restricted ? ", restricted" : "");
	return err;
}

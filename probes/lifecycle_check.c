/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lifecycle_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

#define EEXIST_RESULT (-17)

const char *life_kind_name(unsigned kind)
{
	static const char *const names[LIFE_KINDS] = {
		"mdev create", "mdev remove", "device_add", "device_del", "parent register", "parent unregister",
		"vfio register", "vfio unregister", "vfio open", "vfio close", "producer register",
		"producer unregister", "consumer register", "consumer unregister", "bypass add", "bypass del",
		"bypass stop", "bypass start",
	};

	return kind < LIFE_KINDS ? names[kind] : "?";
}

/* What is known of one object, device or token. */
enum object_state { UNKNOWN, MAKING, THERE, GOING, GONE };

struct object {
	enum { OF_MDEV, OF_VFIO, OF_PRODUCER, OF_CONSUMER } of;
	uint64_t id[2];		/* UUID, or the address */
	uint64_t token;		/* of producers and consumers */
	enum object_state state;
	unsigned opens;		/* VFIO: open and not closed */
	bool added, deleted;	/* mdev: device_add and device_del inside */
	int stops;		/* consumer: stops without a start */
	uint64_t producer;	/* consumer: connected to; 0: none */
};

struct checker {
	VEC(struct object) objects;
	const struct life_step *steps;
	struct life_findings *findings;
	size_t at;
};

__attribute__((format(printf, 3, 4)))
static void complain(struct checker *c, const char *rule, const char *fmt, ...)
{
	struct text t = { 0 };
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(&t, fmt, ap);
	va_end(ap);
	vec_push(c->findings, (struct life_finding){ c->at, rule, text_take(&t) });
}

static struct object *object_of(struct checker *c, int of, uint64_t a, uint64_t b)
{
	for (size_t i = 0; i < c->objects.len; i++)
		if ((int)c->objects.data[i].of == of && c->objects.data[i].id[0] == a && c->objects.data[i].id[1] == b)
			return &c->objects.data[i];
	vec_push(&c->objects, (struct object){ .of = of, .id = { a, b } });
	return &c->objects.data[c->objects.len - 1];
}

/* The mdev that thread @tid is making or removing; NULL: none. */
static struct object *mdev_under_way(struct checker *c, uint32_t tid)
{
	for (size_t i = c->at; i-- > 0;) {
		const struct life_step *s = &c->steps[i];

		if (s->tid != tid || (s->kind != LIFE_MDEV_CREATE && s->kind != LIFE_MDEV_REMOVE))
			continue;
		return s->is_exit ? NULL : object_of(c, OF_MDEV, s->token[0], s->token[1]);
	}
	return NULL;
}

/* ---- mediated devices ---------------------------------------------------------------------------- */

static void mdev_create(struct checker *c, const struct life_step *s)
{
	struct object *o = object_of(c, OF_MDEV, s->token[0], s->token[1]);

	if (!s->is_exit) {
		if (o->state != THERE)
			*o = (struct object){ .of = OF_MDEV, .id = { s->token[0], s->token[1] }, .state = MAKING };
		return;
	}
	if (o->state == THERE && s->result == 0)
		complain(c, "M05", "a second mdev of the same UUID was created: -EEXIST is due (%d)", EEXIST_RESULT);
	else if (o->state == MAKING && s->result == 0 && !o->added)
		complain(c, "M01", "mdev create succeeded without a device_add");
	else if (o->state == MAKING && s->result && o->added && !o->deleted)
		complain(c, "M03", "mdev create failed (%" PRId64 ") after device_add and did not undo it", s->result);
	if (o->state == MAKING)
		o->state = s->result ? GONE : THERE;
}

static void mdev_remove(struct checker *c, const struct life_step *s)
{
	struct object *o = object_of(c, OF_MDEV, s->token[0], s->token[1]);

	if (!s->is_exit) {
		if (o->state == GONE)
			complain(c, "M03", "an mdev is removed that was removed already");
		o->deleted = false;
		o->state = GOING;
		return;
	}
	if (s->result == 0 && !o->deleted)
		complain(c, "M02", "mdev remove succeeded and the device was never taken off its bus (device_del)");
	o->state = s->result ? THERE : GONE;
}

static void device_step(struct checker *c, const struct life_step *s)
{
	struct object *o = mdev_under_way(c, s->tid);

	if (!o || s->is_exit)
		return;
	if (s->kind == LIFE_DEVICE_ADD) {
		if (o->state == GOING)
			complain(c, "M07", "device_add while the mdev is being removed");
		o->added = true;
	} else {
		o->deleted = true;
	}
}

/* ---- VFIO ---------------------------------------------------------------------------------------- */

static void vfio_step(struct checker *c, const struct life_step *s)
{
	struct object *o = object_of(c, OF_VFIO, s->object, 0);

	switch (s->kind) {
	case LIFE_VFIO_REGISTER:
		if (s->is_exit && s->result == 0)
			o->state = THERE;
		break;
	case LIFE_VFIO_OPEN:
		if (!s->is_exit && o->state == GONE)
			complain(c, "M01", "a VFIO device is opened that is not registered");
		if (s->is_exit && s->result == 0)
			o->opens++;
		break;
	case LIFE_VFIO_CLOSE:
		if (s->is_exit && o->opens)
			o->opens--;
		break;
	default: /* unregister returns when the last user is gone */
		if (!s->is_exit)
			break;
		if (o->opens)
			complain(c, "M06", "VFIO unregister returned while the device is open %u times: it must wait for its "
				 "users", o->opens);
		o->state = GONE;
	}
}

/* ---- irqbypass ----------------------------------------------------------------------------------- */

static bool is_producer(unsigned kind)
{
	return kind == LIFE_PRODUCER_REGISTER || kind == LIFE_PRODUCER_UNREGISTER;
}

static void bypass_register(struct checker *c, const struct life_step *s)
{
	int of = is_producer(s->kind) ? OF_PRODUCER : OF_CONSUMER;
	const char *who = is_producer(s->kind) ? "producer" : "consumer";

	if (!s->is_exit || s->result)
		return;
	if (!s->token[0])
		complain(c, "I03", "a %s without a token was registered", who);
	for (size_t i = 0; i < c->objects.len; i++) {
		const struct object *o = &c->objects.data[i];

		if ((int)o->of == of && o->state == THERE && o->token == s->token[0] && o->id[0] != s->object)
			complain(c, "I03", "a second %s for one token was registered: -EBUSY is due", who);
	}
	struct object *o = object_of(c, of, s->object, 0);

	if (o->state == THERE)
		complain(c, "I03", "a %s was registered twice", who);
	*o = (struct object){ .of = of, .id = { s->object }, .token = s->token[0], .state = THERE };
}

static void bypass_unregister(struct checker *c, const struct life_step *s)
{
	struct object *o = object_of(c, is_producer(s->kind) ? OF_PRODUCER : OF_CONSUMER, s->object, 0);

	if (!s->is_exit)
		return;
	if (o->of == OF_CONSUMER && o->producer)
		complain(c, "I04", "a consumer is unregistered and still has its producer");
	if (o->of == OF_CONSUMER && o->stops)
		complain(c, "I01", "a consumer was stopped %d times more than it was started", o->stops);
	o->state = GONE;
	o->producer = 0;
	o->stops = 0;
}

static void bypass_connect(struct checker *c, const struct life_step *s)
{
	struct object *o = object_of(c, OF_CONSUMER, s->object, 0);

	switch (s->kind) {
	case LIFE_BYPASS_ADD:
		if (!s->is_exit && o->producer)
			complain(c, "I03", "a consumer gets a second producer");
		if (s->is_exit && s->result == 0)
			o->producer = s->token[0];
		break;
	case LIFE_BYPASS_DEL:
		if (!s->is_exit && o->state == THERE && !o->producer)
			complain(c, "I01", "a producer is taken from a consumer that has none");
		if (s->is_exit)
			o->producer = 0;
		break;
	case LIFE_BYPASS_STOP:
		o->stops += !s->is_exit;
		break;
	default:
		if (!s->is_exit && o->stops)
			o->stops--;
		else if (!s->is_exit && o->state == THERE)
			complain(c, "I01", "a consumer is started that was not stopped");
	}
}

void life_check(const struct life_step *steps, size_t n, struct life_findings *ret)
{
	struct checker c = { .steps = steps, .findings = ret };

	*ret = (struct life_findings){ 0 };
	for (c.at = 0; c.at < n; c.at++) {
		const struct life_step *s = &steps[c.at];

		switch (s->kind) {
		case LIFE_MDEV_CREATE: mdev_create(&c, s); break;
		case LIFE_MDEV_REMOVE: mdev_remove(&c, s); break;
		case LIFE_DEVICE_ADD:
		case LIFE_DEVICE_DEL: device_step(&c, s); break;
		case LIFE_VFIO_REGISTER:
		case LIFE_VFIO_UNREGISTER:
		case LIFE_VFIO_OPEN:
		case LIFE_VFIO_CLOSE: vfio_step(&c, s); break;
		case LIFE_PRODUCER_REGISTER:
		case LIFE_CONSUMER_REGISTER: bypass_register(&c, s); break;
		case LIFE_PRODUCER_UNREGISTER:
		case LIFE_CONSUMER_UNREGISTER: bypass_unregister(&c, s); break;
		case LIFE_BYPASS_ADD:
		case LIFE_BYPASS_DEL:
		case LIFE_BYPASS_STOP:
		case LIFE_BYPASS_START: bypass_connect(&c, s); break;
		default: break; /* parents have no order of their own here */
		}
	}
	vec_free(&c.objects);
}

void life_findings_deinit(struct life_findings *f)
{
	for (size_t i = 0; i < f->len; i++)
		free(f->data[i].text);
	vec_free(f);
}

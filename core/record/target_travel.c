/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ways through a recording: a search goes in slices between which the user can interrupt. */
#include <inttypes.h>
#include <stdlib.h>

#include "core/base/loop.h"
#include "core/base/text.h"
#include "core/record/target_internal.h"

#define SLICE_NS (15ull * 1000 * 1000)
#define WATCH_MAX 64

/* ---- what is over -------------------------------------------------------------------------------- */

static uint64_t event_time(struct replay *r, uint64_t n)
{
	const struct event *event = recording_event(r->rec, n);

	/* A damaged chunk's events count, and have no time of their own. */
	return event ? event->time_ns : r->time;
}

static uint64_t snapshot_time(const struct replay *r, size_t i)
{
	return r->machine->snapshots.data[i].time_ns;
}

/* Events that were over at snapshot @i. */
static uint64_t snapshot_n(struct replay *r, size_t i)
{
	const struct machine_snapshot *s = &r->machine->snapshots.data[i];
	uint64_t n = recording_before(r->rec, s->time_ns), end = recording_before(r->rec, s->time_ns + 1);

	return s->same < end - n ? n + s->same : end;
}

enum item { ITEM_NONE, ITEM_EVENT, ITEM_SNAPSHOT };

/* The next thing, which is over then. */
static enum item pass(struct replay *r)
{
	bool event = r->n < recording_count(r->rec), snap = r->snap < r->machine->snapshots.len;
	uint64_t te = event ? event_time(r, r->n) : 0;

	if (event && (!snap || te < snapshot_time(r, r->snap) ||
		      (te == snapshot_time(r, r->snap) && r->n < snapshot_n(r, r->snap)))) {
		r->n++;
		r->time = te;
		return ITEM_EVENT;
	}
	if (!snap)
		return ITEM_NONE;
	r->time = snapshot_time(r, r->snap++);
	return ITEM_SNAPSHOT;
}

/* The last thing that is over. */
static enum item last(struct replay *r)
{
	uint64_t ts, te;

	if (!r->snap || !r->n)
		return r->snap ? ITEM_SNAPSHOT : r->n ? ITEM_EVENT : ITEM_NONE;
	ts = snapshot_time(r, r->snap - 1);
	te = event_time(r, r->n - 1);
	if (ts != te)
		return ts > te ? ITEM_SNAPSHOT : ITEM_EVENT;
	return r->n <= snapshot_n(r, r->snap - 1) ? ITEM_SNAPSHOT : ITEM_EVENT;
}

static void unpass(struct replay *r)
{
	switch (last(r)) {
	case ITEM_SNAPSHOT:
		r->snap--;
		break;
	case ITEM_EVENT:
		r->n--;
		break;
	case ITEM_NONE:
		return;
	}
	switch (last(r)) {
	case ITEM_SNAPSHOT:
		r->time = snapshot_time(r, r->snap - 1);
		break;
	case ITEM_EVENT:
		r->time = event_time(r, r->n - 1);
		break;
	case ITEM_NONE:
		r->time = recording_first_time(r->rec);
		break;
	}
}

/* ---- conditions ---------------------------------------------------------------------------------- */

struct cond_ctx {
	struct replay *r;
	unsigned vcpu;
	struct event_field_ctx field;
};

static bool env_reg(void *ctx, unsigned id, uint64_t *ret)
{
	struct cond_ctx *c = ctx;

	return c->vcpu < c->r->machine->nvcpus && regs_get_packed(&c->r->machine->regs[c->vcpu], id, ret);
}

static bool env_mem(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct cond_ctx *c = ctx;
	struct error *error;
	size_t done;

	if (c->vcpu >= c->r->machine->nvcpus)
		return false;
	error = target_virt_read(&c->r->target, &c->r->machine->regs[c->vcpu], gva, buf, len, &done);
	error_destroy(error);
	return !error;
}

static bool env_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct error *error = target_phys_read(&((struct cond_ctx *)ctx)->r->target, gpa, buf, len);

	error_destroy(error);
	return !error;
}

static bool env_field(void *ctx, unsigned index, uint64_t *ret)
{
	struct cond_ctx *c = ctx;

	return c->field.event && event_env_field(&c->field, index, ret);
}

/* The condition holds and the ignore count is used up. What can not be evaluated does not hold. */
static bool holds(struct replay *r, struct replay_stop *stop, unsigned vcpu, const struct event *event,
		  const struct schema *schema)
{
	struct cond_ctx ctx = { .r = r, .vcpu = vcpu, .field = { schema, event } };
	struct expr_env env = {
		.ctx = &ctx, .reg = env_reg, .mem = env_mem, .phys = env_phys, .field = env_field,
		.big_endian = r->target.arch->big_endian,
	};
	struct expr_fault fault;
	struct expr_value value;

	if (stop->spec.vcpu >= 0 && (unsigned)stop->spec.vcpu != vcpu)
		return false;
	if (stop->spec.cond) {
		stop->checked++;
		machine_load(r->machine, r->snap ? r->snap - 1 : SIZE_MAX - 1);
		if (!expr_eval(stop->spec.cond, &env, &value, &fault) || !value.bits)
			return false;
	}
	stop->hits++;
	return stop->passed++ >= stop->spec.ignore;
}

static const struct schema *schema_of(const struct replay *r, const struct event *event)
{
	for (size_t i = 0; i < r->rec->nclasses; i++)
		if (r->rec->classes[i] && r->rec->classes[i]->schema.id == event->schema)
			return &r->rec->classes[i]->schema;
	return NULL;
}

static bool event_matches(struct replay *r, const struct event *event, struct stop_report *report)
{
	const struct schema *schema = NULL;

	for (size_t i = 0; i < r->armed.len; i++) {
		struct replay_stop *stop = &r->armed.data[i];
		const struct field *field;
		uint64_t pc = 0;
		bool hit = false;

		if (stop->spec.kind == STOP_KIND_WATCH)
			continue;
		if (!schema)
			schema = schema_of(r, event);
		if (!schema)
			return false;
		/* A stop's event comes with its snapshot, which says more. */
		if (stop->spec.kind == STOP_KIND_BREAK && event->schema == VMM_STOP && r->machine->snapshots.len)
			continue;
		if (stop->spec.kind == STOP_KIND_CATCH) {
			hit = event->schema < 64 && stop->spec.catch_events & BIT(event->schema);
		} else {
			field = schema_field(schema, "pc", NULL);
			hit = field && field_read(field, event->payload, event->payload_len, &pc) &&
			      pc == stop->spec.addr;
		}
		if (!hit || !holds(r, stop, event->vcpu, event, schema))
			continue;
		report->reason = stop->spec.kind == STOP_KIND_CATCH ? STOP_CATCH : STOP_BREAK;
		report->id = stop->spec.id;
		report->vcpu = event->vcpu == EVENT_NO_VCPU ? 0 : event->vcpu;
		report->pc = pc;
		if (stop->spec.kind == STOP_KIND_CATCH)
			memcpy(report->event_bytes, event, event->size);
		return true;
	}
	return false;
}

/* The watched bytes as of snapshot @snap. */
static bool watched(struct replay *r, const struct stop_spec *spec, size_t snap, uint8_t *buf, size_t len)
{
	size_t keep = r->snap, done;
	struct error *error;

	if (!machine_load(r->machine, snap))
		return false;
	r->snap = snap + 1;
	if (spec->physical)
		error = target_phys_read(&r->target, spec->addr, buf, len);
	else if (r->machine->nvcpus)
		error = target_virt_read(&r->target, &r->machine->regs[0], spec->addr, buf, len, &done);
	else
		error = error_create(ERROR_NOT_FOUND, "no vCPU");
	r->snap = keep;
	error_destroy(error);
	return !error;
}

static bool watch_matches(struct replay *r, struct replay_stop *stop, struct stop_report *report)
{
	size_t len = stop->spec.len < WATCH_MAX ? stop->spec.len : WATCH_MAX;
	uint8_t before[WATCH_MAX], now[WATCH_MAX];

	if (r->snap < 2 || !watched(r, &stop->spec, r->snap - 2, before, len) ||
	    !watched(r, &stop->spec, r->snap - 1, now, len) || !memcmp(before, now, len) ||
	    !holds(r, stop, 0, NULL, NULL))
		return false;
	report->reason = STOP_WATCH;
	report->id = stop->spec.id;
	report->watch_addr = stop->spec.addr;
	report->watch_len = len <= 8 ? (unsigned)len : 0;
	if (len <= 8) {
		report->watch_old = bytes_read(before, (unsigned)len, r->target.arch->big_endian);
		report->watch_new = bytes_read(now, (unsigned)len, r->target.arch->big_endian);
	}
	return true;
}

/* At the snapshot that was just passed. */
static bool snapshot_matches(struct replay *r, struct stop_report *report)
{
	if (!machine_load(r->machine, r->snap - 1))
		return false;
	if (!r->armed.len) {
		if (r->machine->has_stop)
			*report = r->machine->stop;
		return r->machine->has_stop;
	}
	for (size_t i = 0; i < r->armed.len; i++) {
		struct replay_stop *stop = &r->armed.data[i];

		if (stop->spec.kind == STOP_KIND_WATCH && watch_matches(r, stop, report))
			return true;
		for (unsigned v = 0; v < r->machine->nvcpus && stop->spec.kind == STOP_KIND_BREAK; v++) {
			if (r->machine->vcpu[v].pc != stop->spec.addr || !holds(r, stop, v, NULL, NULL))
				continue;
			report->reason = STOP_BREAK;
			report->id = stop->spec.id;
			report->vcpu = v;
			report->pc = stop->spec.addr;
			return true;
		}
	}
	return false;
}

/* ---- arriving ------------------------------------------------------------------------------------ */

static const char *ago(char *buf, size_t size, const struct replay *r)
{
	uint64_t when = replay_snapshot_time(r);
	char text[32];

	*buf = 0;
	if (!when)
		snprintf(buf, size, "; no registers are recorded before");
	else if (when < r->time)
		snprintf(buf, size, "; registers and memory recorded at T-%s",
			 format_time_ns(text, sizeof(text), r->time - when));
	return buf;
}

/* "+1.000002000, after event 12 of 500; registers and memory recorded at T-12 us" */
static void describe(struct replay *r, const char *what, struct stop_report *report)
{
	uint64_t t = r->time, delta = t < r->start_ns ? r->start_ns - t : t - r->start_ns;
	char where[64] = "before the first event", age[96];

	if (r->n)
		snprintf(where, sizeof(where), "after event %" PRIu64, r->n - 1);
	snprintf(report->text, sizeof(report->text), "%s%c%" PRIu64 ".%09" PRIu64 ", %s of %" PRIu64 "%s", what,
		 t < r->start_ns ? '-' : '+', delta / 1000000000, delta % 1000000000, where,
		 recording_count(r->rec), ago(age, sizeof(age), r));
}

static void arrive(struct replay *r, struct stop_report *report, const char *what)
{
	machine_load(r->machine, r->snap ? r->snap - 1 : SIZE_MAX - 1);
	report->time_ns = r->time;
	if (report->vcpu >= replay_vcpus(r))
		report->vcpu = 0;
	if (!report->pc && report->vcpu < r->machine->nvcpus)
		report->pc = r->machine->vcpu[report->vcpu].pc;
	if (report->reason == STOP_TRAVEL)
		describe(r, what, report);
	replay_travel_end(r);
	replay_report(r, report);
}

void replay_travel_end(struct replay *r)
{
	if (!r->travelling)
		return;
	r->travelling = false;
	if (r->travel.done)
		r->travel.done(r->travel.ctx);
	r->travel.done = NULL;
}

/* ---- searching ----------------------------------------------------------------------------------- */

/* Does the thing right behind us end the way. */
static bool here(struct replay *r, enum item item, struct stop_report *report)
{
	const struct travel *t = &r->travel;
	const struct event *event;

	if (item == ITEM_SNAPSHOT)
		return t->kind == TRAVEL_STOP && snapshot_matches(r, report);
	event = recording_event(r->rec, r->n - 1);
	if (!event)
		return false;
	if (t->kind == TRAVEL_FIND) {
		const struct schema *schema = schema_of(r, event);

		report->reason = STOP_TRAVEL;
		report->vcpu = event->vcpu == EVENT_NO_VCPU ? 0 : event->vcpu;
		if (!schema || !t->match(t->ctx, event, schema))
			return false;
		memcpy(report->event_bytes, event, event->size);
		return true;
	}
	return t->kind == TRAVEL_STOP && event_matches(r, event, report);
}

/* Nothing but snapshots can end this way: events need not be looked at. */
static bool only_snapshots(const struct replay *r)
{
	return r->travel.kind == TRAVEL_STOP && !r->armed.len;
}

/* To the snapshot before or behind, over all events between. False: there is none. */
static bool leap(struct replay *r)
{
	if (r->travel.back) {
		if (last(r) == ITEM_SNAPSHOT)
			r->snap--; /* where we stand */
		if (!r->snap)
			return false;
	} else {
		if (r->snap == r->machine->snapshots.len)
			return false;
		r->snap++;
	}
	r->time = snapshot_time(r, r->snap - 1);
	r->n = snapshot_n(r, r->snap - 1);
	return true;
}

static bool step_search(struct replay *r, struct stop_report *report, bool *ret_end)
{
	enum item item;

	if (only_snapshots(r)) {
		*ret_end = !leap(r);
		return !*ret_end && snapshot_matches(r, report);
	}
	if (!r->travel.back) {
		item = pass(r);
	} else {
		unpass(r);
		item = last(r);
	}
	*ret_end = item == ITEM_NONE;
	return item != ITEM_NONE && here(r, item, report);
}

void replay_travel_slice(struct replay *r)
{
	uint64_t end = clock_now_ns() + SLICE_NS;
	bool at_end = false;

	for (unsigned i = 0; r->travelling; i++) {
		struct stop_report report = { .reason = STOP_TRAVEL };

		if (step_search(r, &report, &at_end)) {
			arrive(r, &report, "");
			return;
		}
		if (at_end)
			break;
		if (i % 64 == 0 && clock_now_ns() > end)
			return;
	}
	struct stop_report report = { .reason = STOP_TRAVEL };

	if (r->travel.back) {
		r->time = recording_first_time(r->rec);
		r->n = 0;
		r->snap = 0;
		/* At the very beginning a first snapshot says more than nothing. */
		if (r->machine->snapshots.len && snapshot_time(r, 0) <= r->time)
			r->snap = 1;
	} else {
		r->n = recording_count(r->rec);
		r->snap = r->machine->snapshots.len;
		r->time = recording_last_time(r->rec);
	}
	arrive(r, &report, r->travel.back ? "the beginning of the recording: " : "the end of the recording: ");
}

/* ---- the vector ---------------------------------------------------------------------------------- */

static void go_to_time(struct replay *r, uint64_t time)
{
	uint64_t first = recording_first_time(r->rec), end = recording_last_time(r->rec);

	r->time = time < first ? first : time > end ? end : time;
	r->n = recording_before(r->rec, r->time + 1);
	r->snap = machine_before(r->machine, r->time);
}

static void go_to_event(struct replay *r, uint64_t n)
{
	r->n = n;
	r->time = n ? event_time(r, n - 1) : recording_first_time(r->rec);
	r->snap = n && r->time ? machine_before(r->machine, r->time - 1) : 0;
	while (n && r->snap < r->machine->snapshots.len && snapshot_time(r, r->snap) == r->time &&
	       snapshot_n(r, r->snap) < n)
		r->snap++;
}

static struct error *begin(struct replay *r, const struct travel *travel)
{
	if (r->travelling)
		return error_create(ERROR_STATE, "a search is under way; Ctrl-C ends it");
	r->travel = *travel;
	r->travelling = true;
	r->from.time = r->time;
	r->from.n = r->n;
	r->from.snap = r->snap;
	replay_signal(r);
	return NULL;
}

struct error *replay_travel(struct target *t, const struct travel *travel)
{
	struct stop_report report = { .reason = STOP_TRAVEL };
	struct replay *r = replay_of(t);
	uint64_t count = recording_count(r->rec);

	switch (travel->kind) {
	case TRAVEL_TIME:
		go_to_time(r, travel->time_ns);
		break;
	case TRAVEL_EVENT:
		if (travel->n >= count)
			return error_create(ERROR_NOT_FOUND, "there is no event %" PRIu64 ": they are numbered 0 to %"
					    PRIu64, travel->n, count ? count - 1 : 0);
		go_to_event(r, travel->n + 1);
		break;
	case TRAVEL_STEP: /* no instructions are recorded between: the next thing that is */
	case TRAVEL_NEXT:
		if (travel->back ? !r->n && !r->snap : r->n == count && r->snap == r->machine->snapshots.len)
			return error_create(ERROR_STATE, "this is the %s of the recording",
					    travel->back ? "beginning" : "end");
		if (travel->back)
			go_to_event(r, r->n > travel->n ? r->n - travel->n : 0);
		else
			go_to_event(r, count - r->n > travel->n ? r->n + travel->n : count);
		break;
	case TRAVEL_STOP:
	case TRAVEL_FIND:
		return begin(r, travel);
	}
	if (travel->done)
		travel->done(travel->ctx);
	arrive(r, &report, "");
	return NULL;
}

struct error *replay_resume(struct target *t, const struct run_request *req)
{
	struct travel travel = { .kind = TRAVEL_STOP, .vcpu = req->vcpu, .n = req->count };

	if (req->kind == RUN_STEP)
		travel.kind = TRAVEL_STEP;
	return replay_travel(t, &travel);
}

struct error *replay_interrupt(struct target *t)
{
	struct stop_report report = { .reason = STOP_TRAVEL };
	struct replay *r = replay_of(t);

	if (!r->travelling)
		return NULL;
	r->time = r->from.time;
	r->n = r->from.n;
	r->snap = r->from.snap;
	arrive(r, &report, "interrupted; still at ");
	return NULL;
}

/* The first stop that was recorded, as a live session begins with one; else the beginning. */
void replay_start(struct replay *r)
{
	struct stop_report report = { .reason = STOP_TRAVEL };

	go_to_event(r, 0);
	if (r->machine->snapshots.len) {
		r->snap = 1;
		r->time = snapshot_time(r, 0);
		r->n = snapshot_n(r, 0);
		if (machine_load(r->machine, 0) && r->machine->has_stop)
			report = r->machine->stop;
	}
	arrive(r, &report, "");
}

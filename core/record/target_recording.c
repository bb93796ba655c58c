/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vector: what the machine was. Ways through time are in target_travel.c. */
#include "core/record/target_recording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/record/target_internal.h"

#define LOADED 16384	/* events the store gets when the time is another */

static void replay_destroy(struct target *t)
{
	struct replay *r = replay_of(t);

	replay_travel_end(r);
	for (size_t i = 0; i < r->armed.len; i++)
		expr_unref(r->armed.data[i].spec.cond);
	vec_free(&r->armed);
	vec_free(&r->reports);
	machine_destroy(r->machine);
	if (r->stop_fd >= 0)
		close(r->stop_fd);
	free(t->title);
	free(r);
}

static unsigned replay_vcpu_count(struct target *t)
{
	return replay_vcpus(replay_of(t));
}

static struct error *replay_vcpu_info(struct target *t, unsigned vcpu, struct vcpu_info *ret)
{
	struct replay *r = replay_of(t);

	*ret = r->machine->vcpu[vcpu];
	ret->stale |= replay_snapshot_time(r) < r->time;
	return NULL;
}

static struct error *no_snapshot(const struct replay *r)
{
	if (!r->machine->snapshots.len)
		return error_hint(error_create(ERROR_NOT_FOUND, "this recording holds no registers and no memory, "
					       "only events"), "they are recorded where a guest stops");
	return error_hint(error_create(ERROR_NOT_FOUND, "nothing of the machine was recorded before this time"),
			  "`continue` goes to the next recorded stop");
}

static struct error *replay_regs_read(struct target *t, unsigned vcpu, unsigned groups, struct regs *ret,
				      bool *ret_stale)
{
	struct replay *r = replay_of(t);
	const struct regs *regs = &r->machine->regs[vcpu];

	if (vcpu >= r->machine->nvcpus || regs->arch != t->arch)
		return no_snapshot(r);
	for (unsigned i = 0; i < t->arch->nregs; i++)
		if (t->arch->regs[i].group & groups && regs_valid(regs, i))
			regs_set_bytes(ret, i, regs_bytes(regs, i), (t->arch->regs[i].bits + 7u) / 8);
	*ret_stale = r->machine->stale[vcpu] || replay_snapshot_time(r) < r->time;
	return NULL;
}

static bool in_ram(const struct machine *m, uint64_t gpa)
{
	for (size_t i = 0; i < m->regions.len; i++) {
		const struct mem_region *r = &m->regions.data[i];

		if (r->kind <= MEM_ROM && gpa >= r->start && gpa - r->start < r->len)
			return true;
	}
	return false;
}

static struct error *replay_phys_read(struct target *t, uint64_t gpa, void *buf, size_t len)
{
	struct replay *r = replay_of(t);
	uint8_t *p = buf;

	if (r->machine->current == SIZE_MAX)
		return no_snapshot(r);
	while (len) {
		size_t n = VMS_PAGE - gpa % VMS_PAGE;

		n = n < len ? n : len;
		if (!in_ram(r->machine, gpa))
			return error_create(ERROR_FAULT, "no memory at guest-physical 0x%" PRIx64, gpa);
		if (!machine_page_read(r->machine, gpa, replay_snapshot_time(r), p, n))
			return error_hint(error_create(ERROR_FAULT, "the memory at guest-physical 0x%" PRIx64
						       " was not recorded", gpa), "`record start FILE mem all` would");
		gpa += n;
		p += n;
		len -= n;
	}
	return NULL;
}

static bool replay_region(struct target *t, unsigned i, struct mem_region *ret)
{
	const struct machine *m = replay_of(t)->machine;

	if (i >= m->regions.len)
		return false;
	*ret = m->regions.data[i];
	return true;
}

static struct error *replay_state_get(struct target *t, enum state_kind kind, unsigned index, void *buf,
				      size_t size, size_t *ret_len)
{
	struct replay *r = replay_of(t);

	for (size_t i = 0; i < r->machine->states.len; i++) {
		const struct machine_state *s = &r->machine->states.data[i];

		if (s->kind != kind || s->index != index)
			continue;
		if (s->len > size)
			return error_create(ERROR_FAILED, "the recorded state has %zu bytes, more than %zu", s->len, size);
		memcpy(buf, s->data, s->len);
		*ret_len = s->len;
		return NULL;
	}
	if (r->machine->current == SIZE_MAX)
		return no_snapshot(r);
	return error_create(ERROR_NOT_FOUND, "the recording has no state %d with index %u at this time", kind, index);
}

static enum target_state replay_state(struct target *t)
{
	return replay_of(t)->travelling ? TARGET_RUNNING : TARGET_STOPPED;
}

static int replay_stop_fd(struct target *t)
{
	return replay_of(t)->stop_fd;
}

/* While a search is under way the descriptor stays readable: the loop comes back at once. */
void replay_signal(struct replay *r)
{
	uint64_t n = 1;
	bool want = r->travelling || r->reports.len;

	if (want == r->signalled)
		return;
	r->signalled = want;
	if (want ? write(r->stop_fd, &n, sizeof(n)) : read(r->stop_fd, &n, sizeof(n)))
		return; /* an eventfd that is not full or empty takes it */
}

void replay_report(struct replay *r, const struct stop_report *report)
{
	vec_push(&r->reports, *report);
	replay_signal(r);
}

static bool replay_stop_take(struct target *t, struct stop_report *ret)
{
	struct replay *r = replay_of(t);

	if (!r->reports.len)
		return false;
	*ret = r->reports.data[0];
	vec_remove(&r->reports, 0);
	replay_signal(r);
	return true;
}

/* ---- events -------------------------------------------------------------------------------------- */

/* The last events before here, as if they had just come in, but told to nobody. */
static void reload(struct replay *r, struct event_store *store)
{
	uint64_t from = r->n > LOADED ? r->n - LOADED : 0;
	uint64_t *counts = xcalloc(CLASSES_MAX, sizeof(*counts));

	event_store_rewind(store, from);
	for (uint64_t i = from; i < r->n; i++) {
		const struct event *event = recording_event(r->rec, i);

		if (event)
			event_store_load(store, event);
	}
	recording_counts(r->rec, r->n, counts);
	for (size_t i = 0; i < r->rec->nclasses; i++)
		if (r->rec->classes[i])
			event_store_set_count(store, r->rec->classes[i]->schema.id, counts[i]);
	free(counts);
	r->shown = r->n;
	r->loaded = true;
}

static unsigned replay_events_drain(struct target *t, struct event_store *store, unsigned max)
{
	struct replay *r = replay_of(t);
	unsigned n = 0;

	if (r->travelling)
		replay_travel_slice(r);
	if (!r->loaded || r->n < r->shown || r->n - r->shown > LOADED) {
		if (r->travelling)
			return 0; /* the way is not shown, only where it ends */
		reload(r, store);
		return 0;
	}
	for (; r->shown < r->n && n < max; r->shown++, n++) {
		const struct event *event = recording_event(r->rec, r->shown);

		if (event)
			event_store_put(store, event);
	}
	return n;
}

/* ---- stop conditions ----------------------------------------------------------------------------- */

static struct error *replay_stop_arm(struct target *t, const struct stop_spec *spec)
{
	struct replay *r = replay_of(t);

	vec_push(&r->armed, (struct replay_stop){ .spec = *spec });
	if (spec->cond)
		expr_ref(spec->cond);
	return NULL;
}

static struct replay_stop *find_stop(struct replay *r, unsigned id)
{
	for (size_t i = 0; i < r->armed.len; i++)
		if (r->armed.data[i].spec.id == id)
			return &r->armed.data[i];
	return NULL;
}

static struct error *replay_stop_disarm(struct target *t, unsigned id)
{
	struct replay *r = replay_of(t);
	struct replay_stop *stop = find_stop(r, id);

	if (!stop)
		return error_create(ERROR_NOT_FOUND, "no stop condition has number %u", id);
	expr_unref(stop->spec.cond);
	vec_remove(&r->armed, (size_t)(stop - r->armed.data));
	return NULL;
}

static struct error *replay_stop_update(struct target *t, unsigned id, struct expr_prog *cond, uint64_t ignore)
{
	struct replay_stop *stop = find_stop(replay_of(t), id);

	if (!stop)
		return error_create(ERROR_NOT_FOUND, "no stop condition has number %u", id);
	if (cond)
		expr_ref(cond);
	expr_unref(stop->spec.cond);
	stop->spec.cond = cond;
	stop->spec.ignore = ignore;
	stop->passed = 0;
	return NULL;
}

static bool replay_stop_status(struct target *t, unsigned id, struct stop_status *ret)
{
	const struct replay_stop *stop = find_stop(replay_of(t), id);

	if (!stop)
		return false;
	*ret = (struct stop_status){ .mech = STOP_MECH_EVENT, .hits = stop->hits, .checked = stop->checked };
	return true;
}

static const struct target_ops replay_ops = {
	.name = "recording",
	.destroy = replay_destroy,
	.vcpu_count = replay_vcpu_count,
	.vcpu_info = replay_vcpu_info,
	.regs_read = replay_regs_read,
	.phys_read = replay_phys_read,
	.region = replay_region,
	.state_get = replay_state_get,
	.state = replay_state,
	.resume = replay_resume,
	.interrupt = replay_interrupt,
	.stop_fd = replay_stop_fd,
	.stop_take = replay_stop_take,
	.stop_arm = replay_stop_arm,
	.stop_disarm = replay_stop_disarm,
	.stop_update = replay_stop_update,
	.stop_status = replay_stop_status,
	.events_drain = replay_events_drain,
	.travel = replay_travel,
};

/* ---- life ---------------------------------------------------------------------------------------- */

/* Classes the store knows under the same name and with the same fields are those. */
static struct error *teach(struct recording *rec, struct event_store *store)
{
	uint32_t *ids = xcalloc(CLASSES_MAX, sizeof(*ids));
	struct error *error = NULL;

	for (size_t i = 0; i < rec->nclasses && !error; i++) {
		struct event_class *c = rec->classes[i];
		const struct schema *known;
		struct event_class *other;
		bool same;

		if (!c)
			continue;
		known = event_store_schema_by_name(store, c->schema.name);
		other = known ? class_create(known, 0) : NULL;
		same = other && class_same(c, other);
		class_destroy(other);
		if (known && !same) {
			char *name = xasprintf("%s.recorded", c->schema.name);

			free((void *)c->schema.name);
			c->schema.name = name;
			known = NULL;
		}
		if (known)
			ids[i] = known->id;
		else
			error = event_store_add_schema(store, &c->schema);
		if (!known)
			ids[i] = c->schema.id;
	}
	if (!error)
		recording_map_schemas(rec, ids);
	free(ids);
	return error;
}

struct error *recording_target_create(struct recording *rec, struct event_store *store, uint64_t start_ns,
				      struct target **ret)
{
	struct error *error = teach(rec, store);
	struct replay *r;
	char title[256];

	if (error)
		return error;
	r = xcalloc(1, sizeof(*r));
	r->target.ops = &replay_ops;
	r->rec = rec;
	r->start_ns = start_ns;
	r->machine = machine_create(rec);
	r->target.arch = r->machine->arch ? r->machine->arch : arch_at(0);
	if (!recording_meta(rec, "title", title, sizeof(title)))
		snprintf(title, sizeof(title), "%s", rec->path);
	r->target.title = xstrdup(title);
	r->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->stop_fd < 0) {
		error = error_errno(errno, "cannot create an eventfd");
		replay_destroy(&r->target);
		return error;
	}
	for (size_t i = 0; i < r->machine->snapshots.len && !r->most_vcpus; i++)
		if (machine_load(r->machine, i))
			r->most_vcpus = r->machine->nvcpus;
	replay_start(r);
	*ret = &r->target;
	return NULL;
}

bool recording_target_position(struct target *t, struct recording_position *ret)
{
	struct replay *r;

	if (!t || t->ops != &replay_ops)
		return false;
	r = replay_of(t);
	*ret = (struct recording_position){
		.time_ns = r->time, .n = r->n, .snapshot_ns = replay_snapshot_time(r), .snapshot = r->snap,
		.snapshots = r->machine->snapshots.len,
	};
	return true;
}

struct recording *recording_target_recording(struct target *t)
{
	return t && t->ops == &replay_ops ? replay_of(t)->rec : NULL;
}

const struct machine *recording_target_machine(struct target *t)
{
	return t && t->ops == &replay_ops ? replay_of(t)->machine : NULL;
}

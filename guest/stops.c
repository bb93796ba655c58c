/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/stops.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "guest/vm.h"

void stops_init(struct stops *stops)
{
	pthread_mutex_init(&stops->watch_lock, NULL);
	pthread_mutex_init(&stops->event_lock, NULL);
	stops->generation = 1;
}

static void entry_free(struct stop_entry *e)
{
	expr_unref(e->spec.cond);
	free(e->before);
	free(e);
}

void stops_deinit(struct stops *stops)
{
	for (size_t i = 0; i < stops->list.len; i++)
		entry_free(stops->list.data[i]);
	vec_free(&stops->list);
	pthread_mutex_destroy(&stops->watch_lock);
	pthread_mutex_destroy(&stops->event_lock);
}

struct stop_entry *stops_find(struct vm *vm, unsigned id)
{
	for (size_t i = 0; i < vm->stops.list.len; i++)
		if (vm->stops.list.data[i]->spec.id == id)
			return vm->stops.list.data[i];
	return NULL;
}

/* ---- the plan --------------------------------------------------------------------------------- */

static uint64_t vcpu_set(const struct stop_spec *spec)
{
	return spec->vcpu < 0 ? ~0ULL : BIT(spec->vcpu & 63);
}

/* A slot for exactly this address and access, shared by equal ones; -1 when all are taken. */
static int slot_get(struct stops *stops, unsigned access, uint64_t addr, uint8_t len, uint64_t vcpus)
{
	int free_slot = -1;

	for (unsigned i = 0; i < machine_host.nslots; i++) {
		struct hw_slot *s = &stops->slot[i];

		if (!s->used) {
			free_slot = free_slot < 0 ? (int)i : free_slot;
		} else if (s->access == access && s->addr == addr && s->len == len) {
			s->vcpus |= vcpus;
			return i;
		}
	}
	if (free_slot >= 0)
		stops->slot[free_slot] = (struct hw_slot){
			.used = true, .access = access, .addr = addr, .len = len, .vcpus = vcpus };
	return free_slot;
}

static bool plan_break_slot(struct stops *stops, struct stop_entry *e)
{
	int slot = slot_get(stops, 0, e->spec.addr, 1, vcpu_set(&e->spec));

	if (slot < 0)
		return false;
	e->slots = BIT(slot);
	e->mech = STOP_MECH_DR;
	return true;
}

/* A range takes as many aligned pieces of 8, 4, 2, 1 bytes as it needs, or none. */
static bool plan_watch_slots(struct stops *stops, struct stop_entry *e)
{
	struct hw_slot before[HW_SLOTS_MAX];
	uint64_t at = e->spec.addr, end = at + e->spec.len;

	memcpy(before, stops->slot, sizeof(before));
	e->slots = 0;
	while (at < end) {
		unsigned n = 8;
		int slot;

		while (at % n || n > end - at)
			n /= 2;
		slot = slot_get(stops, e->spec.access, at, n, vcpu_set(&e->spec));
		if (slot < 0) {
			memcpy(stops->slot, before, sizeof(before));
			e->slots = 0;
			return false;
		}
		e->slots |= BIT(slot);
		at += n;
	}
	e->mech = STOP_MECH_DR;
	return true;
}

static bool plan_byte(struct vm *vm, struct stop_entry *e)
{
	if (!memory_plant(&vm->mem, e->gpa, machine_host.break_insn, machine_host.break_len))
		return false;
	e->planted = true;
	e->mech = STOP_MECH_BYTE;
	return true;
}

static void plan_break(struct vm *vm, struct stop_entry *e)
{
	const struct mech_support *can = &vm->stops.support;
	enum stop_mech want = e->spec.want;

	if (want == STOP_MECH_STEP)
		goto step;
	if (!e->spec.physical && can->break_dr && want != STOP_MECH_BYTE && plan_break_slot(&vm->stops, e))
		return;
	if (want != STOP_MECH_DR && e->gpa != UINT64_MAX &&
	    (can->break_byte || (want == STOP_MECH_BYTE && can->byte_by_failure)) && plan_byte(vm, e))
		return;
step:
	e->mech = STOP_MECH_STEP;
}

/*
 * Page protection serves write watches of guest-physical memory, which no debug register can, where one
 * vCPU runs: with more, KVM's emulation of a locked instruction on a read-only page is not atomic, and a
 * virtual range may be mapped elsewhere at any time. A page whose write KVM can not hand out (an
 * exception frame) is the guest's to lose; such guests ask for `want` STEP. Where an emulated instruction
 * ends single-stepping (kvm_amd in the x86 lab) a guest with a protected page was seen not to stop: there
 * it is stepped too.
 */
static bool page_serves(struct vm *vm, const struct stop_entry *e)
{
	return e->spec.physical && e->spec.access == STOP_WRITE && vm->nvcpus == 1 &&
	       vm->stops.support.readonly && vm->stops.support.step_lasts && vm->caps.readonly_mem &&
	       (e->spec.want == STOP_MECH_NONE || e->spec.want == STOP_MECH_PAGE);
}

/* Adds the pages of @e to the ascending list; false when there is no room or they are no RAM. */
static bool add_pages(struct vm *vm, const struct stop_entry *e, uint64_t *pages, unsigned *n)
{
	uint64_t last = align_down(e->spec.addr + e->spec.len - 1, MEMORY_PAGE);

	for (uint64_t page = align_down(e->spec.addr, MEMORY_PAGE); page <= last; page += MEMORY_PAGE) {
		unsigned at = 0;

		while (at < *n && pages[at] < page)
			at++;
		if (at < *n && pages[at] == page)
			continue;
		if (*n == MEMORY_PROTECT_MAX || !memory_ptr(&vm->mem, page, NULL))
			return false;
		memmove(&pages[at + 1], &pages[at], (*n - at) * sizeof(*pages));
		pages[at] = page;
		(*n)++;
	}
	return true;
}

/* Protects what PAGE watches need; what can not be protected is watched by stepping. */
static void plan_pages(struct vm *vm)
{
	struct stops *stops = &vm->stops;
	uint64_t pages[MEMORY_PROTECT_MAX];
	struct error *err;
	unsigned n = 0;

	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];
		uint64_t before[MEMORY_PROTECT_MAX];
		unsigned nbefore = n;

		memcpy(before, pages, n * sizeof(*pages));
		if (e->mech != STOP_MECH_PAGE || add_pages(vm, e, pages, &n))
			continue;
		e->mech = STOP_MECH_STEP;
		n = nbefore;
		memcpy(pages, before, n * sizeof(*pages));
	}
	err = memory_protect(&vm->mem, vm->fd, pages, n);
	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];

		if (err && e->mech == STOP_MECH_PAGE)
			e->mech = STOP_MECH_STEP;
		if (e->spec.kind == STOP_KIND_WATCH && e->mech == STOP_MECH_STEP)
			stops->stepping = stops->step_watch = true;
	}
	error_destroy(err);
}

static void plan_watch(struct vm *vm, struct stop_entry *e)
{
	const struct mech_support *can = &vm->stops.support;

	if (page_serves(vm, e)) {
		e->mech = STOP_MECH_PAGE;
		return;
	}
	/* x86 has no read-only slot: a pure read watch takes a read-write one and looks for a change. */
	if (!e->spec.physical && can->watch_dr && e->spec.want != STOP_MECH_STEP &&
	    plan_watch_slots(&vm->stops, e))
		return;
	e->mech = STOP_MECH_STEP;
}

static void unplan(struct vm *vm, struct stop_entry *e)
{
	if (e->planted)
		memory_unplant(&vm->mem, e->gpa);
	e->planted = false;
	e->slots = 0;
	e->mech = STOP_MECH_NONE;
}

static void plan_entry(struct vm *vm, struct stop_entry *e)
{
	struct stops *stops = &vm->stops;

	switch (e->spec.kind) {
	case STOP_KIND_BREAK:
		plan_break(vm, e);
		stops->nbreaks++;
		stops->bloom |= BIT(e->spec.physical ? 0 : e->spec.addr & 63);
		if (e->spec.physical)
			stops->bloom = ~0ULL;
		break;
	case STOP_KIND_WATCH:
		plan_watch(vm, e);
		stops_watch_remember(vm, e);
		break;
	case STOP_KIND_CATCH:
		e->mech = STOP_MECH_EVENT;
		stops->catch_events |= e->spec.catch_events;
		break;
	}
	stops->stepping |= e->mech == STOP_MECH_STEP;
	stops->step_watch |= e->mech == STOP_MECH_STEP && e->spec.kind == STOP_KIND_WATCH;
	stops->any_byte |= e->mech == STOP_MECH_BYTE;
	stops->any_slot |= e->mech == STOP_MECH_DR;
}

/* A vCPU hit it while the guest stopped for another reason: its report is still to come. */
static bool is_pending(struct vm *vm, unsigned id)
{
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (vm->vcpus[i]->has_pending && vm->vcpus[i]->pending.id == id)
			return true;
	return false;
}

void stops_plan(struct vm *vm)
{
	struct stops *stops = &vm->stops;
	struct hw_slot before[HW_SLOTS_MAX];

	memcpy(before, stops->slot, sizeof(before));
	memset(stops->slot, 0, sizeof(stops->slot));
	for (size_t i = 0; i < stops->list.len;) {
		struct stop_entry *e = stops->list.data[i];

		unplan(vm, e);
		if (e->fired && !is_pending(vm, e->spec.id)) {
			pthread_mutex_lock(&stops->event_lock);
			vec_remove(&stops->list, i);
			pthread_mutex_unlock(&stops->event_lock);
			entry_free(e);
		} else {
			i++;
		}
	}
	stops->stepping = stops->step_watch = stops->any_byte = stops->any_slot = false;
	stops->nbreaks = 0;
	stops->bloom = stops->catch_events = 0;
	/* Those that ask for a debug register first, then by age. */
	for (unsigned pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < stops->list.len; i++)
			if ((stops->list.data[i]->spec.want == STOP_MECH_DR) == (pass == 0))
				plan_entry(vm, stops->list.data[i]);
	plan_pages(vm);
	atomic_store(&stops->device_events, stops->catch_events);
	if (memcmp(before, stops->slot, sizeof(before)))
		stops->generation++;
	if (machine_host.plan)
		error_destroy(machine_host.plan(vm)); /* what can not be trapped stays unseen */
}

/* ---- arming ----------------------------------------------------------------------------------- */

struct error *stops_probe(struct vm *vm)
{
	struct error *err;

	if (vm->stops.probed)
		return NULL;
	err = mech_probe(vm->kvm_fd, &vm->stops.support);
	vm->stops.probed = !err;
	return err;
}

static struct error *check_spec(struct vm *vm, const struct stop_spec *spec)
{
	size_t room;

	if (stops_find(vm, spec->id))
		return error_create(ERROR_STATE, "stop condition %u is armed already", spec->id);
	if (spec->vcpu >= 0 && (unsigned)spec->vcpu >= vm->nvcpus)
		return error_create(ERROR_NOT_FOUND, "there is no vCPU %d", spec->vcpu);
	if (spec->physical && spec->kind != STOP_KIND_CATCH && !memory_ptr(&vm->mem, spec->addr, &room))
		return error_create(ERROR_FAULT, "0x%" PRIx64 " is not guest memory", spec->addr);
	if (spec->kind != STOP_KIND_WATCH)
		return NULL;
	if (spec->len == 0 || spec->len > STOP_WATCH_MAX)
		return error_create(ERROR_USAGE, "a watchpoint covers 1 to %u bytes, not %" PRIu64,
				    STOP_WATCH_MAX, spec->len);
	if (spec->addr + spec->len < spec->addr)
		return error_create(ERROR_USAGE, "the watched range wraps around the address space");
	if (!(spec->access & STOP_RW))
		return error_create(ERROR_USAGE, "a watchpoint watches reads, writes or both");
	return NULL;
}

/* Where BYTE would plant: the address as vCPU 0 (or the condition's own) maps it now. */
static uint64_t break_gpa(struct vm *vm, const struct stop_spec *spec)
{
	struct vcpu *v = vm->vcpus[spec->vcpu < 0 ? 0 : spec->vcpu];
	uint64_t gpa;
	size_t len;

	if (spec->physical)
		return spec->addr;
	return vcpu_fetch_code(v, spec->addr, &len, &gpa) ? gpa : UINT64_MAX;
}

void stops_relocate(struct vm *vm)
{
	for (size_t i = 0; i < vm->stops.list.len; i++) {
		struct stop_entry *e = vm->stops.list.data[i];

		if (e->planted)
			memory_unplant(&vm->mem, e->gpa);
		e->planted = false;
		if (e->spec.kind == STOP_KIND_BREAK)
			e->gpa = break_gpa(vm, &e->spec);
	}
}

static struct error *want_error(const struct stop_entry *e)
{
	if (e->spec.want == STOP_MECH_NONE || e->mech == e->spec.want)
		return NULL;
	if (e->spec.want == STOP_MECH_DR)
		return error_hint(error_create(ERROR_UNSUPPORTED, "no debug register serves this %s here",
					       e->spec.kind == STOP_KIND_WATCH ? "watchpoint" : "breakpoint"),
				  "all are in use, or this host's KVM ignores them (`vmscope doctor`); "
				  "`break` and `watch` find another way");
	return error_create(ERROR_UNSUPPORTED, "%s is not possible here", stop_mech_name(e->spec.want));
}

static void remove_entry(struct vm *vm, struct stop_entry *e)
{
	pthread_mutex_lock(&vm->stops.event_lock);
	for (size_t i = 0; i < vm->stops.list.len; i++)
		if (vm->stops.list.data[i] == e)
			vec_remove(&vm->stops.list, i);
	pthread_mutex_unlock(&vm->stops.event_lock);
	if (e->planted)
		memory_unplant(&vm->mem, e->gpa);
	entry_free(e);
}

/* Plants may go live again: what is being run decides. Everything is held. */
static void plants_settle(struct vm *vm)
{
	const struct run_request *req = &vm->run.request;
	bool running = target_live_state(vm) == TARGET_RUNNING;

	memory_plants_live(&vm->mem, running && !vm->stops.stepping &&
			   (req->kind == RUN_CONTINUE || req->all), machine_host.break_insn);
}

struct error *stops_arm(struct vm *vm, const struct stop_spec *spec)
{
	struct error *err = spec->kind == STOP_KIND_CATCH ? NULL : stops_probe(vm);
	struct stop_entry *e;

	if (err)
		return err;
	run_hold(vm);
	err = check_spec(vm, spec);
	if (err)
		goto out;
	e = xcalloc(1, sizeof(*e));
	e->spec = *spec;
	e->spec.cond = spec->cond ? expr_ref(spec->cond) : NULL;
	e->gpa = spec->kind == STOP_KIND_BREAK ? break_gpa(vm, spec) : UINT64_MAX;
	if (spec->kind == STOP_KIND_WATCH)
		e->before = xcalloc(1, spec->len);
	atomic_store(&e->ignore_left, spec->ignore);
	pthread_mutex_lock(&vm->stops.event_lock);
	vec_push(&vm->stops.list, e);
	pthread_mutex_unlock(&vm->stops.event_lock);
	stops_plan(vm);
	err = want_error(e);
	if (err) {
		remove_entry(vm, e);
		stops_plan(vm);
	} else if (spec->kind == STOP_KIND_BREAK) {
		/* Whoever stands there now was seen there: it passes once. */
		for (unsigned i = 0; i < vm->nvcpus; i++) {
			struct vcpu *v = vm->vcpus[i];

			if (atomic_load(&v->last_pc) == spec->addr && !v->skip) {
				v->skip = true;
				v->skip_pc = spec->addr;
			}
		}
	}
	plants_settle(vm);
out:
	run_release(vm);
	return err;
}

struct error *stops_disarm(struct vm *vm, unsigned id)
{
	struct stop_entry *e;
	struct error *err = NULL;

	run_hold(vm);
	e = stops_find(vm, id);
	if (e) {
		remove_entry(vm, e);
		stops_plan(vm);
		plants_settle(vm);
	} else {
		err = error_create(ERROR_NOT_FOUND, "no stop condition %u is armed", id);
	}
	run_release(vm);
	return err;
}

struct error *stops_update(struct vm *vm, unsigned id, struct expr_prog *cond, uint64_t ignore)
{
	struct stop_entry *e;
	struct error *err = NULL;

	run_hold(vm);
	e = stops_find(vm, id);
	if (e) {
		struct expr_prog *old = e->spec.cond;

		pthread_mutex_lock(&vm->stops.event_lock);
		e->spec.cond = cond ? expr_ref(cond) : NULL;
		e->spec.ignore = ignore;
		atomic_store(&e->ignore_left, ignore);
		pthread_mutex_unlock(&vm->stops.event_lock);
		expr_unref(old);
	} else {
		err = error_create(ERROR_NOT_FOUND, "no stop condition %u is armed", id);
	}
	run_release(vm);
	return err;
}

bool stops_status(struct vm *vm, unsigned id, struct stop_status *ret)
{
	const struct stop_entry *e = stops_find(vm, id);

	if (!e)
		return false;
	*ret = (struct stop_status){ .mech = e->mech, .hits = atomic_load(&e->hits),
				     .checked = atomic_load(&e->checked) };
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/run.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "guest/steps.h"
#include "guest/vm.h"

struct error *run_init(struct run *run)
{
	memset(run, 0, sizeof(*run));
	pthread_mutex_init(&run->lock, NULL);
	pthread_mutex_init(&run->time_lock, NULL);
	pthread_cond_init(&run->settled, NULL);
	run->state = TARGET_STOPPED;
	run->clock_stopped = run->clock_base = clock_now_ns();
	run->stop_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (run->stop_fd < 0)
		return error_errno(errno, "cannot create an eventfd");
	return NULL;
}

void run_deinit(struct run *run)
{
	if (run->stop_fd >= 0)
		close(run->stop_fd);
	pthread_cond_destroy(&run->settled);
	pthread_mutex_destroy(&run->time_lock);
	pthread_mutex_destroy(&run->lock);
}

/* ---- guest time ------------------------------------------------------------------------------- */

/* @clock_stopped: host time of the stop, 0 while the guest runs; @clock_base: host time of guest time 0. */
uint64_t run_clock_ns(struct vm *vm)
{
	struct run *run = &vm->run;
	uint64_t now;

	pthread_mutex_lock(&run->time_lock);
	now = (run->clock_stopped ? run->clock_stopped : clock_now_ns()) - run->clock_base;
	pthread_mutex_unlock(&run->time_lock);
	return now;
}

void run_clock_reset(struct vm *vm)
{
	pthread_mutex_lock(&vm->run.time_lock);
	vm->run.clock_base = vm->run.clock_stopped = clock_now_ns();
	pthread_mutex_unlock(&vm->run.time_lock);
}

static void time_stop(struct vm *vm)
{
	pthread_mutex_lock(&vm->run.time_lock);
	if (!vm->run.clock_stopped)
		vm->run.clock_stopped = clock_now_ns();
	pthread_mutex_unlock(&vm->run.time_lock);
	clock_run(vm, false);
	vm_devices_run(vm, false);
}

static void time_go(struct vm *vm)
{
	struct run *run = &vm->run;

	pthread_mutex_lock(&run->time_lock);
	if (run->clock_stopped)
		run->clock_base += clock_now_ns() - run->clock_stopped;
	run->clock_stopped = 0;
	pthread_mutex_unlock(&run->time_lock);
	clock_run(vm, true);
	vm_devices_run(vm, true);
}

/* ---- stopping (lock held) --------------------------------------------------------------------- */

static bool ends_guest(enum stop_reason reason)
{
	return reason == STOP_GUEST_EXIT || reason == STOP_SHUTDOWN || reason == STOP_KILLED;
}

static void settle(struct vm *vm)
{
	struct run *run = &vm->run;
	struct vmm_stop ev;
	uint64_t one = 1;

	if (run->state != TARGET_STOPPING || run->active)
		return;
	time_stop(vm);
	/* Nobody runs: memory is the guest's own again, for all that look at it without asking. */
	memory_plants_live(&vm->mem, false, machine_host.break_insn);
	run->state = ends_guest(run->report.reason) ? TARGET_ENDED : TARGET_STOPPED;
	if (run->report.reason == STOP_RESET)
		run->reset_next = true;
	run->report.pc = atomic_load(&vm->vcpus[run->report.vcpu]->last_pc);
	if (!run->report.steps)
		run->report.steps = vm->vcpus[run->report.vcpu]->order.done;
	run->report.time_ns = clock_now_ns();
	run->has_report = true;
	ev = (struct vmm_stop){ .pc = run->report.pc, .reason = run->report.reason,
				.id = run->report.id, .steps = run->report.steps };
	vm_event(vm, VMM_STOP, run->report.vcpu, &ev, sizeof(ev));
	if (write(run->stop_fd, &one, sizeof(one)) < 0) {
		/* The counter is full: it is readable anyway. */
	}
}

static void begin_stop(struct vm *vm, const struct stop_report *report)
{
	struct run *run = &vm->run;

	run->report = *report;
	run->state = TARGET_STOPPING;
	for (unsigned i = 0; i < vm->nvcpus; i++) {
		struct vcpu *v = vm->vcpus[i];

		v->go = false;
		if (!v->parked)
			vcpu_kick(v, VCPU_REQ_PARK);
	}
	settle(vm);
	pthread_cond_broadcast(&run->settled);
}

void run_report(struct vcpu *v, const struct stop_report *report)
{
	struct run *run = &v->vm->run;

	pthread_mutex_lock(&run->lock);
	if (run->state == TARGET_RUNNING) {
		begin_stop(v->vm, report);
	} else {
		v->pending = *report;
		v->has_pending = true;
	}
	pthread_mutex_unlock(&run->lock);
}

void run_request_stop(struct vm *vm, const struct stop_report *report)
{
	pthread_mutex_lock(&vm->run.lock);
	if (vm->run.state == TARGET_RUNNING)
		begin_stop(vm, report);
	pthread_mutex_unlock(&vm->run.lock);
}

void run_parked(struct vcpu *v)
{
	struct run *run = &v->vm->run;

	v->parked = true;
	run->active--;
	settle(v->vm);
	pthread_cond_broadcast(&run->settled);
}

/* The vCPU that an interrupt is reported on: the one that steps, else the first that was started. */
static unsigned interrupt_vcpu(struct vm *vm)
{
	if (vm->run.request.kind == RUN_STEP)
		return vm->run.request.vcpu;
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (vm->vcpus[i]->activity == VCPU_STOPPED)
			return i;
	return 0;
}

struct error *run_interrupt(struct vm *vm)
{
	struct stop_report report = { .reason = STOP_INTERRUPT };
	struct error *err = NULL;

	pthread_mutex_lock(&vm->run.lock);
	if (vm->run.state == TARGET_RUNNING) {
		report.vcpu = interrupt_vcpu(vm);
		begin_stop(vm, &report);
	} else if (vm->run.state != TARGET_STOPPING && !vm->run.has_report) {
		/* (A report that waits to be taken is the stop that was asked for.) */
		err = error_create(ERROR_STATE, "the guest is not running");
	}
	pthread_mutex_unlock(&vm->run.lock);
	return err;
}

void run_kill(struct vm *vm, enum stop_reason reason)
{
	struct stop_report report = { .reason = reason };
	struct run *run = &vm->run;

	snprintf(report.text, sizeof(report.text), "killed");
	pthread_mutex_lock(&run->lock);
	report.vcpu = interrupt_vcpu(vm);
	if (run->state == TARGET_RUNNING)
		begin_stop(vm, &report);
	while (run->active)
		pthread_cond_wait(&run->settled, &run->lock);
	if (run->state != TARGET_ENDED) {
		run->state = TARGET_STOPPING;
		run->report = report;
		settle(vm);
	}
	pthread_mutex_unlock(&run->lock);
}

bool run_take(struct vm *vm, struct stop_report *ret)
{
	struct run *run = &vm->run;
	uint64_t count;
	bool has;

	pthread_mutex_lock(&run->lock);
	has = run->has_report;
	if (has) {
		*ret = run->report;
		run->has_report = false;
		if (read(run->stop_fd, &count, sizeof(count)) < 0) {
			/* Nothing to read: already done. */
		}
	}
	pthread_mutex_unlock(&run->lock);
	return has;
}

void run_post(struct vm *vm, const struct stop_report *report)
{
	pthread_mutex_lock(&vm->run.lock);
	vm->run.state = TARGET_STOPPING;
	vm->run.report = *report;
	settle(vm);
	pthread_mutex_unlock(&vm->run.lock);
}

/* ---- holding ---------------------------------------------------------------------------------- */

static void hold(struct vm *vm, const struct vcpu *but)
{
	struct run *run = &vm->run;

	run->hold++;
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (vm->vcpus[i] != but && !vm->vcpus[i]->parked)
			vcpu_kick(vm->vcpus[i], VCPU_REQ_PARK);
	while (run->active > (but ? 1 : 0))
		pthread_cond_wait(&run->settled, &run->lock);
}

static void release(struct vm *vm)
{
	if (--vm->run.hold)
		return;
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (vm->vcpus[i]->go)
			pthread_cond_signal(&vm->vcpus[i]->cond);
	pthread_cond_broadcast(&vm->run.settled);
}

void run_hold(struct vm *vm)
{
	pthread_mutex_lock(&vm->run.lock);
	hold(vm, NULL);
	pthread_mutex_unlock(&vm->run.lock);
}

void run_release(struct vm *vm)
{
	pthread_mutex_lock(&vm->run.lock);
	release(vm);
	pthread_mutex_unlock(&vm->run.lock);
}

/* Where every vCPU's steps are exclusive, the one that waited longest is next: the last one would be back
 * before another has woken up, and may spin on a lock that one holds. Lock held. */
static bool others_first(const struct vcpu *v)
{
	const struct vm *vm = v->vm;

	if (!machine_host.step_plant || !vm->stops.stepping)
		return false;
	for (unsigned i = 0; i < vm->nvcpus; i++) {
		const struct vcpu *o = vm->vcpus[i];

		if (o != v && o->go && !o->dead && !o->halted && o->served < v->served)
			return true;
	}
	return false;
}

static void wait_a_little(struct run *run)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 2000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_cond_timedwait(&run->settled, &run->lock, &until);
}

bool run_exclusive_begin(struct vcpu *v)
{
	struct run *run = &v->vm->run;
	bool ok = false;

	pthread_mutex_lock(&run->lock);
	if (others_first(v) && run->state == TARGET_RUNNING) {
		wait_a_little(run);
	} else if (!run->hold && run->state == TARGET_RUNNING) {
		v->served = ++run->served;
		run->exclusive = v;
		hold(v->vm, v);
		ok = true;
	}
	pthread_mutex_unlock(&run->lock);
	return ok;
}

void run_exclusive_end(struct vcpu *v)
{
	struct run *run = &v->vm->run;

	pthread_mutex_lock(&run->lock);
	run->exclusive = NULL;
	release(v->vm);
	pthread_mutex_unlock(&run->lock);
}

/* ---- resuming --------------------------------------------------------------------------------- */

/* A hit that came second is delivered now, unless it is gone: its stop was deleted, or the vCPU was
 * moved away from the breakpoint. */
static bool pending_valid(struct vcpu *v, const struct run_request *req)
{
	const struct stop_report *p = &v->pending;

	if (req->kind == RUN_STEP && !req->all && req->vcpu != v->index)
		return false;
	if (p->id && !stops_find(v->vm, p->id))
		return false;
	if (p->reason == STOP_STEP)
		return false;
	if (p->reason != STOP_BREAK)
		return true;
	return !(req->kind == RUN_STEP && req->vcpu == v->index) && p->pc == atomic_load(&v->last_pc);
}

static bool deliver_pending(struct vm *vm, const struct run_request *req)
{
	for (unsigned i = 0; i < vm->nvcpus; i++) {
		struct vcpu *v = vm->vcpus[i];

		if (!v->has_pending)
			continue;
		if (!pending_valid(v, req)) {
			if (req->kind == RUN_CONTINUE || req->vcpu == i)
				v->has_pending = false;
			continue;
		}
		v->has_pending = false;
		vm->run.state = TARGET_STOPPING;
		vm->run.report = v->pending;
		settle(vm);
		return true;
	}
	return false;
}

/* Dead ones stay parked: a run of these alone would never end. */
static bool nobody_goes(struct vm *vm, const struct run_request *req)
{
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (!vm->vcpus[i]->dead && (req->kind == RUN_CONTINUE || req->vcpu == i || req->all))
			return false;
	return true;
}

static struct error *check_request(struct vm *vm, const struct run_request *req)
{
	switch (vm->run.state) {
	case TARGET_ENDED:
		return error_hint(error_create(ERROR_STATE, "the guest has ended"), "`run` starts it again");
	case TARGET_RUNNING:
	case TARGET_STOPPING:
		return error_create(ERROR_STATE, "the guest is already running");
	case TARGET_STOPPED:
		break;
	}
	if (req->kind == RUN_STEP && req->vcpu >= vm->nvcpus)
		return error_create(ERROR_NOT_FOUND, "there is no vCPU %u", req->vcpu);
	if (nobody_goes(vm, req))
		return error_hint(error_create(ERROR_STATE, "the CPU refused to go on with this guest"),
				  "`run` starts it again");
	if (req->kind != RUN_STEP)
		return NULL;
	if (req->count == 0)
		return error_create(ERROR_USAGE, "a step of 0 instructions is no step");
	if (vm->vcpus[req->vcpu]->activity == VCPU_WAITING && !req->all)
		return error_hint(error_create(ERROR_STATE, "vCPU %u waits to be started by another vCPU and cannot step",
					       req->vcpu), "`continue` lets the others run");
	return NULL;
}

static void give_orders(struct vm *vm, const struct run_request *req)
{
	for (unsigned i = 0; i < vm->nvcpus; i++) {
		struct vcpu *v = vm->vcpus[i];
		bool steps = req->kind == RUN_STEP && req->vcpu == i;

		v->order = (struct vcpu_order){ .kind = steps ? RUN_STEP : RUN_CONTINUE };
		if (steps) {
			v->order.left = req->count;
			v->order.range_lo = req->range_lo;
			v->order.range_hi = req->range_hi;
			v->order.let_irqs = req->let_irqs;
			v->skip = true; /* the user sees this instruction: it is the one to step */
			v->skip_pc = atomic_load(&v->last_pc);
		}
		v->go = (req->kind == RUN_CONTINUE || steps || req->all) && !v->dead;
		if (v->go)
			pthread_cond_signal(&v->cond);
	}
}

struct error *run_resume(struct vm *vm, const struct run_request *req)
{
	struct run *run = &vm->run;
	struct vmm_resume ev = { .kind = req->kind, .count = req->count };
	struct error *err;
	bool reset;

	pthread_mutex_lock(&run->lock);
	err = check_request(vm, req);
	reset = run->reset_next;
	run->reset_next = false;
	pthread_mutex_unlock(&run->lock);
	if (!err && reset)
		err = vm_reset(vm);
	if (!err && (req->kind == RUN_STEP || vm->stops.stepping))
		err = stops_probe(vm);
	if (err)
		return err;
	steps_resume(vm, req);
	stops_plan(vm);
	memory_plants_live(&vm->mem, !vm->stops.stepping && (req->kind == RUN_CONTINUE || req->all),
			   machine_host.break_insn);
	pthread_mutex_lock(&run->lock);
	run->request = *req;
	run->has_report = false;
	vm_event(vm, VMM_RESUME, EVENT_NO_VCPU, &ev, sizeof(ev));
	if (!deliver_pending(vm, req)) {
		run->state = TARGET_RUNNING;
		time_go(vm);
		give_orders(vm, req);
	}
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

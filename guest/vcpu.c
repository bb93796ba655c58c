/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/vcpu.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "guest/vm.h"

#define RING_BYTES (1u << 20)
#define STACK_BYTES (512u << 10)

struct vcpu *vcpu_self(const struct vm *vm)
{
	return vm->has_self ? pthread_getspecific(vm->self) : NULL;
}

void vcpu_kick(struct vcpu *v, uint32_t request)
{
	atomic_fetch_or(&v->requests, request);
	__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
	if (v->started && vcpu_self(v->vm) != v)
		pthread_kill(v->thread, v->vm->kick_signal);
}

struct error *vcpu_call(struct vcpu *v, struct error *(*fn)(struct vcpu *v, void *ctx), void *ctx)
{
	struct vcpu_call call = { .fn = fn, .ctx = ctx };
	struct run *run = &v->vm->run;

	pthread_mutex_lock(&run->lock);
	if (!v->parked) {
		pthread_mutex_unlock(&run->lock);
		return error_create(ERROR_STATE, "vCPU %u is running", v->index);
	}
	v->call = &call;
	pthread_cond_signal(&v->cond);
	while (!call.done)
		pthread_cond_wait(&run->settled, &run->lock);
	pthread_mutex_unlock(&run->lock);
	return call.error;
}

static void *vcpu_thread(void *arg)
{
	struct vcpu *v = arg;
	struct run *run = &v->vm->run;
	char name[16];

	snprintf(name, sizeof(name), "vcpu%u", v->index);
	pthread_setname_np(pthread_self(), name);
	pthread_setspecific(v->vm->self, v);

	pthread_mutex_lock(&run->lock);
	v->tid = syscall(SYS_gettid);
	v->parked = true;
	pthread_cond_broadcast(&run->settled);
	for (;;) {
		if (v->call) {
			struct vcpu_call *call = v->call;

			pthread_mutex_unlock(&run->lock);
			call->error = call->fn(v, call->ctx);
			pthread_mutex_lock(&run->lock);
			v->call = NULL;
			call->done = true;
			pthread_cond_broadcast(&run->settled);
		} else if (atomic_load(&v->requests) & VCPU_REQ_QUIT) {
			break;
		} else if (v->go && (!run->hold || run->exclusive == v)) {
			atomic_fetch_and(&v->requests, VCPU_REQ_QUIT);
			v->parked = false;
			run->active++;
			pthread_mutex_unlock(&run->lock);
			vcpu_execute(v);
			pthread_mutex_lock(&run->lock);
			run_parked(v);
		} else {
			pthread_cond_wait(&v->cond, &run->lock);
		}
	}
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

static struct error *start_thread(struct vcpu *v)
{
	struct run *run = &v->vm->run;
	sigset_t all, old;
	pthread_attr_t attr;
	int r;

	/* The thread takes no signal but the kick. */
	sigfillset(&all);
	sigdelset(&all, v->vm->kick_signal);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	r = pthread_create(&v->thread, &attr, vcpu_thread, v);
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (r)
		return error_errno(r, "cannot create the thread of vCPU %u", v->index);
	pthread_mutex_lock(&run->lock);
	v->started = true;
	while (!v->parked)
		pthread_cond_wait(&run->settled, &run->lock);
	pthread_mutex_unlock(&run->lock);
	return NULL;
}

static struct error *create_ioctl(struct vcpu *v, void *ctx)
{
	struct vm *vm = v->vm;

	v->fd = vm_ioctl(vm, KVM_CREATE_VCPU, v->index);
	if (v->fd < 0)
		return error_errno(errno, "KVM cannot create vCPU %u", v->index);
	v->run_size = vm->run_size;
	v->run = mmap(NULL, v->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, v->fd, 0);
	if (v->run == MAP_FAILED) {
		v->run = NULL;
		return error_errno(errno, "cannot map the run structure of vCPU %u", v->index);
	}
	return machine_host.vcpu_create(v);
}

struct error *vcpu_create(struct vm *vm, unsigned index, struct vcpu **ret)
{
	struct vcpu *v = aligned_alloc(64, align_up(sizeof(*v), 64));
	struct error *err;

	if (!v)
		return error_create(ERROR_NOMEM, "no memory for vCPU %u", index);
	memset(v, 0, sizeof(*v));
	v->vm = vm;
	v->index = index;
	v->fd = -1;
	pthread_cond_init(&v->cond, NULL);
	err = event_ring_create(RING_BYTES, &v->ring);
	if (!err)
		err = start_thread(v);
	if (!err)
		err = vcpu_call(v, create_ioctl, NULL);
	if (err) {
		vcpu_destroy(v);
		return err;
	}
	*ret = v;
	return NULL;
}

void vcpu_destroy(struct vcpu *v)
{
	if (!v)
		return;
	if (v->started) {
		pthread_mutex_lock(&v->vm->run.lock);
		atomic_fetch_or(&v->requests, VCPU_REQ_QUIT);
		pthread_cond_signal(&v->cond);
		pthread_mutex_unlock(&v->vm->run.lock);
		if (v->run)
			vcpu_kick(v, VCPU_REQ_QUIT);
		pthread_join(v->thread, NULL);
	}
	if (machine_host.vcpu_destroy)
		machine_host.vcpu_destroy(v);
	if (v->run)
		munmap(v->run, v->run_size);
	if (v->fd >= 0)
		close(v->fd);
	event_ring_destroy(v->ring);
	pthread_cond_destroy(&v->cond);
	free(v);
}

void vcpu_note_activity(struct vcpu *v, enum vcpu_state activity)
{
	struct vmm_vcpu ev = { .state = activity, .apic_id = machine_host.hw_id(v) };

	if (v->activity == activity)
		return;
	v->activity = activity;
	vm_event(v->vm, VMM_VCPU, v->index, &ev, sizeof(ev));
}

/* ---- guest memory as the vCPU sees it --------------------------------------------------------- */

static bool read_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct vcpu *v = ctx;
	uint64_t bad;

	return memory_read(&v->vm->mem, gpa, buf, len, &bad);
}

static bool read_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct vcpu *v = ctx;
	const struct mem_reader phys = { .ctx = v, .phys = read_phys };

	machine_host.regs_core(v, &v->regs);
	while (len) {
		struct mmu_walk walk;
		struct error *err = machine_host.arch->walk(&v->regs, &phys, gva, &walk);
		size_t n = 4096 - (gva & 4095);

		if (err) {
			error_destroy(err);
			return false;
		}
		if (walk.verdict != MMU_MAPPED && walk.verdict != MMU_NO_PAGING)
			return false;
		n = n < len ? n : len;
		if (!read_phys(v, walk.gpa, buf, n))
			return false;
		buf = (uint8_t *)buf + n;
		gva += n;
		len -= n;
	}
	return true;
}

struct mem_reader vcpu_reader(struct vcpu *v)
{
	return (struct mem_reader){ .ctx = v, .phys = read_phys, .virt = read_virt };
}

bool vcpu_write_byte(struct vcpu *v, uint64_t gva, uint8_t byte)
{
	const struct mem_reader phys = { .ctx = v, .phys = read_phys };
	struct mmu_walk walk;
	struct error *err;
	uint64_t bad;

	machine_host.regs_core(v, &v->regs);
	err = machine_host.arch->walk(&v->regs, &phys, gva, &walk);
	if (err) {
		error_destroy(err);
		return false;
	}
	if (walk.verdict != MMU_MAPPED && walk.verdict != MMU_NO_PAGING)
		return false;
	return memory_write(&v->vm->mem, walk.gpa, &byte, 1, &bad);
}

/* The entries the translation came from still read the same (but for accessed and dirty bits, which
 * the CPU sets: any change only costs another walk). */
static bool fetch_valid(const struct vcpu_fetch *f)
{
	for (unsigned i = 0; i < f->nlevels; i++) {
		uint64_t now;

		memcpy(&now, f->level[i].host, sizeof(now));
		if (now != f->level[i].value)
			return false;
	}
	return true;
}

static bool fetch_fill(struct vcpu *v, uint64_t key, uint64_t page)
{
	const struct mem_reader reader = vcpu_reader(v);
	struct vcpu_fetch *f = &v->fetch;
	struct mmu_walk walk;
	struct error *err;
	size_t len;

	f->host = NULL;
	machine_host.regs_core(v, &v->regs);
	err = machine_host.arch->walk(&v->regs, &reader, page, &walk);
	if (err) {
		error_destroy(err);
		return false;
	}
	if (walk.verdict != MMU_MAPPED && walk.verdict != MMU_NO_PAGING)
		return false;
	f->nlevels = 0;
	for (unsigned i = 0; i < walk.nlevels; i++) {
		const uint8_t *host = memory_ptr(&v->vm->mem, walk.levels[i].entry_gpa, &len);

		if (!host || len < sizeof(uint64_t))
			return false;
		f->level[f->nlevels].host = host;
		memcpy(&f->level[f->nlevels].value, host, sizeof(uint64_t));
		f->nlevels++;
	}
	f->host = memory_ptr(&v->vm->mem, walk.gpa, &len);
	if (!f->host || len < 4096) {
		f->host = NULL;
		return false;
	}
	f->key = key;
	f->page = page;
	f->gpa = walk.gpa;
	return true;
}

const uint8_t *vcpu_fetch_code(struct vcpu *v, uint64_t pc, size_t *ret_len, uint64_t *ret_gpa)
{
	struct vcpu_fetch *f = &v->fetch;
	uint64_t key = machine_host.mmu_key(v), page = align_down(pc, 4096);

	if (!(f->host && f->key == key && f->page == page && fetch_valid(f)) && !fetch_fill(v, key, page))
		return NULL;
	*ret_len = 4096 - (pc - page);
	*ret_gpa = f->gpa + (pc - page);
	return f->host + (pc - page);
}

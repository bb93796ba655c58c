/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Creation, reset and end of a machine. */
#include "guest/steps.h"
#include "guest/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"

#define MEM_DEFAULT (128ull << 20)
#define IMAGE_MAX (1ull << 30)

int vm_ioctl(const struct vm *vm, unsigned long req, unsigned long arg)
{
	return ioctl(vm->fd, req, arg);
}

static void on_kick(int signo)
{
	(void)signo; /* only its arrival matters: it takes KVM_RUN and ppoll out */
}

/* The kick is a real-time signal of its own, so that no library's use of the usual ones meets it. */
static struct error *setup_kick(struct vm *vm)
{
	struct sigaction sa = { .sa_handler = on_kick };

	vm->kick_signal = SIGRTMIN + 3;
	sigemptyset(&sa.sa_mask);
	if (sigaction(vm->kick_signal, &sa, NULL))
		return error_errno(errno, "cannot set the handler of signal %d", vm->kick_signal);
	if (pthread_key_create(&vm->self, NULL))
		return error_create(ERROR_FAILED, "cannot create a thread key");
	vm->has_self = true;
	return NULL;
}

static struct error *open_kvm(struct vm *vm, const char *path)
{
	char buf[128];

	vm->kvm_fd = open(path, O_RDWR | O_CLOEXEC);
	if (vm->kvm_fd >= 0 && ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0) < 0)
		return error_create(ERROR_UNSUPPORTED, "no KVM here: %s is not KVM's device file", path);
	if (vm->kvm_fd >= 0)
		return NULL;
	return error_hint(error_create(ERROR_UNSUPPORTED, "no KVM here: cannot open %s: %s", path,
				       strerror_r(errno, buf, sizeof(buf))),
			  "`vmscope doctor` says what is missing");
}

static int cap(const struct vm *vm, long which)
{
	int r = ioctl(vm->fd >= 0 ? vm->fd : vm->kvm_fd, KVM_CHECK_EXTENSION, which);

	return r < 0 ? 0 : r;
}

static struct error *create_kvm_vm(struct vm *vm)
{
	int r;

	vm->caps.api = ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0);
	if (vm->caps.api != KVM_API_VERSION)
		return error_create(ERROR_UNSUPPORTED, "KVM API version %d, vmscope needs %d", vm->caps.api,
				    KVM_API_VERSION);
	do
		vm->fd = ioctl(vm->kvm_fd, KVM_CREATE_VM, machine_host.vm_type);
	while (vm->fd < 0 && errno == EINTR);
	if (vm->fd < 0)
		return error_errno(errno, "KVM cannot create a VM");
	r = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
	if (r < (int)sizeof(struct kvm_run))
		return error_create(ERROR_FAILED, "KVM gives a run structure of %d bytes", r);
	vm->run_size = r;
	vm->caps.sync_regs = cap(vm, KVM_CAP_SYNC_REGS) != 0;
#ifdef KVM_CAP_SET_GUEST_DEBUG2
	vm->caps.debug_mask = cap(vm, KVM_CAP_SET_GUEST_DEBUG2);
#endif
	vm->caps.readonly_mem = cap(vm, KVM_CAP_READONLY_MEM) != 0;
	vm->caps.immediate_exit = cap(vm, KVM_CAP_IMMEDIATE_EXIT) != 0;
	r = cap(vm, KVM_CAP_MAX_VCPUS);
	if (r == 0)
		r = cap(vm, KVM_CAP_NR_VCPUS);
	vm->caps.max_vcpus = r ? r : 4;
	if (!vm->caps.immediate_exit)
		return error_create(ERROR_UNSUPPORTED,
				    "this KVM has no KVM_CAP_IMMEDIATE_EXIT: a guest could not be stopped safely");
	return NULL;
}

static struct error *read_image(struct vm *vm)
{
	const struct guest_config *c = vm->config;
	const char *path = c->kernel ? c->kernel : c->image;
	const char *base;
	struct error *err;

	if (!c->kernel && c->image_data) {
		vm->image_ref = (struct image){ .data = c->image_data, .len = c->image_len };
	} else {
		size_t len;

		if (!path)
			return error_create(ERROR_USAGE, "no guest was given");
		err = load_file(path, IMAGE_MAX, &vm->image, &len);
		if (err)
			return err;
		vm->image_ref = (struct image){ .data = vm->image, .len = len };
	}
	base = path ? strrchr(path, '/') : NULL;
	vm->image_ref.name = c->image_name ? c->image_name : base ? base + 1 : path ? path : "guest";
	vm->target.title = xstrdup(vm->image_ref.name);
	return NULL;
}

static struct error *load(struct vm *vm)
{
	struct load_ram ram = memory_load_ram(&vm->mem);
	struct error *err;

	memset(&vm->boot, 0, sizeof(vm->boot));
	err = load_image(&vm->image_ref, vm->config, &ram, &vm->boot);
	if (err)
		return err;
	if (machine_host.boot_modes & BIT(vm->boot.mode)) {
		if (machine_host.arch_of)
			vm->target.arch = machine_host.arch_of(&vm->boot);
		return NULL;
	}
	return error_create(ERROR_UNSUPPORTED, "%s is a guest of another architecture (%s): this host runs those of %s",
			    vm->image_ref.name, vm->boot.protocol ? vm->boot.protocol : "?",
			    machine_host.arch->name);
}

static struct error *choose_vcpus(struct vm *vm, unsigned *ret)
{
	unsigned n = vm->config->vcpus;

	if (!n)
		n = vm->boot.min_vcpus ? vm->boot.min_vcpus : 1;
	if (n > GUEST_VCPUS_MAX)
		return error_create(ERROR_USAGE, "--smp %u: at most %u vCPUs", n, GUEST_VCPUS_MAX);
	if (n > vm->caps.max_vcpus)
		return error_create(ERROR_UNSUPPORTED, "--smp %u: this host's KVM allows %u", n,
				    vm->caps.max_vcpus);
	if (n > 1 && vm->config->irqchip == IRQCHIP_OFF && machine_host.irqchip_starts_vcpus)
		return error_create(ERROR_USAGE, "--irqchip off serves one vCPU: there is no local APIC to start "
				    "the others with (--smp %u)", n);
	*ret = vm->target_vcpus = n;
	return NULL;
}

static int region_order(const void *a, const void *b)
{
	const struct mem_region *x = a, *y = b;

	if ((x->kind == MEM_PORT) != (y->kind == MEM_PORT))
		return x->kind == MEM_PORT ? 1 : -1;
	return x->start < y->start ? -1 : x->start > y->start;
}

static void list_regions(struct vm *vm)
{
	struct mem_region r;

	for (unsigned i = 0; i < vm->mem.nslots; i++) {
		r = (struct mem_region){ .start = vm->mem.slots[i].gpa, .len = vm->mem.slots[i].len,
					 .kind = MEM_RAM, .name = "ram", .slot = i };
		vec_push(&vm->regions, r);
	}
	for (unsigned i = 0; bus_region(vm->bus, i, &r); i++)
		vec_push(&vm->regions, r);
	qsort(vm->regions.data, vm->regions.len, sizeof(r), region_order);
}

static struct error *reset_vcpu(struct vcpu *v, void *ctx)
{
	return machine_host.vcpu_reset(v, &v->vm->boot);
}

static struct error *start_vcpus(struct vm *vm)
{
	struct error *err = machine_host.boot_prepare ? machine_host.boot_prepare(vm) : NULL;

	if (err)
		return err;
	for (unsigned i = 0; i < vm->nvcpus; i++) {
		struct vcpu *v = vm->vcpus[i];

		v->io_pending = v->halted = v->dead = v->has_pending = false;
		v->fetch.host = v->data.host = NULL;
		v->debug_generation = 0;
		v->order = (struct vcpu_order){ 0 };
		err = vcpu_call(v, reset_vcpu, NULL);
		if (err)
			return err;
		v->activity = i ? VCPU_WAITING : VCPU_STOPPED;
		v->may_halt = i != 0;
		v->skip = true;
		v->skip_pc = machine_host.pc(v);
		atomic_store(&v->last_pc, v->skip_pc);
	}
	return NULL;
}

static void post_started(struct vm *vm)
{
	struct stop_report report = { .reason = STOP_STARTED };

	run_post(vm, &report);
}

static struct error *create_parts(struct vm *vm)
{
	const struct guest_config *c = vm->config;
	unsigned n = 0;
	struct error *err;

	if ((err = open_kvm(vm, c->kvm_path ? c->kvm_path : "/dev/kvm")) ||
	    (err = create_kvm_vm(vm)) ||
	    (err = read_image(vm)) ||
	    (err = memory_create(&vm->mem, &machine_host, c->mem_bytes ? c->mem_bytes : MEM_DEFAULT)) ||
	    (err = load(vm)) ||
	    (err = choose_vcpus(vm, &n)) ||
	    (err = memory_map_kvm(&vm->mem, vm->fd)) ||
	    (err = setup_kick(vm)) ||
	    (err = vm_events_create(vm)) ||
	    (err = run_init(&vm->run)) ||
	    (err = bus_create(&vm->bus)) ||
	    (err = machine_host.vm_create(vm)) ||
	    (err = clock_start(vm)) ||
	    (err = vm_devices_create(vm)))
		return err;
	list_regions(vm);
	vm->vcpus = xcalloc(n, sizeof(*vm->vcpus));
	for (unsigned i = 0; i < n; i++) {
		err = vcpu_create(vm, i, &vm->vcpus[i]);
		if (err)
			return err;
		vm->nvcpus = i + 1;
	}
	return start_vcpus(vm);
}

struct error *vm_create(const struct guest_config *config, struct vm **ret)
{
	struct vm *vm;
	struct error *err;

	if (machine_host.unsupported)
		return machine_host.unsupported();
	vm = xcalloc(1, sizeof(*vm));
	vm->target.ops = &target_live_ops;
	vm->target.arch = machine_host.arch;
	vm->config = config;
	vm->kvm_fd = vm->fd = vm->event_fd = vm->run.stop_fd = -1;
	pthread_mutex_init(&vm->exit_lock, NULL);
	pthread_mutex_init(&vm->irq_lock, NULL);
	stops_init(&vm->stops);
	err = create_parts(vm);
	if (err) {
		vm_destroy(vm);
		return err;
	}
	post_started(vm);
	*ret = vm;
	return NULL;
}

void vm_destroy(struct vm *vm)
{
	if (!vm)
		return;
	if (vm->nvcpus)
		run_kill(vm, STOP_KILLED);
	clock_stop(vm);
	for (unsigned i = 0; i < vm->nvcpus; i++)
		vcpu_destroy(vm->vcpus[i]);
	free(vm->vcpus);
	vm->nvcpus = 0;
	vm_devices_destroy(vm);
	if (machine_host.vm_destroy && vm->arch)
		machine_host.vm_destroy(vm);
	bus_destroy(vm->bus);
	stops_deinit(&vm->stops);
	if (vm->fd >= 0)
		close(vm->fd);
	if (vm->kvm_fd >= 0)
		close(vm->kvm_fd);
	memory_destroy(&vm->mem);
	if (vm->run.stop_fd >= 0)
		run_deinit(&vm->run);
	if (vm->event_fd >= 0)
		error_destroy(steps_record(vm, 0));
	vm_events_destroy(vm);
	if (vm->has_self)
		pthread_key_delete(vm->self);
	pthread_mutex_destroy(&vm->exit_lock);
	pthread_mutex_destroy(&vm->irq_lock);
	vec_free(&vm->regions);
	free(vm->image);
	free(vm->target.title);
	free(vm);
}

struct error *vm_reset(struct vm *vm)
{
	struct error *err;

	memory_clear(&vm->mem);
	err = load(vm);
	if (!err)
		err = machine_host.vm_reset(vm);
	if (err)
		return err;
	vm_devices_reset(vm);
	run_clock_reset(vm);
	vm->run.reset_next = false; /* this was it */
	err = start_vcpus(vm);
	if (!err)
		stops_relocate(vm);
	return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `locks` on contention made on purpose: threads of ours that change one VM's memory slots. */
#include "tests/lib/live.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "core/base/loop.h"
#include "probes/bpf/locks.h"
#include "probes/kallsyms.h"
#include "probes/probe.h"

#define LIMIT_NS (10ull * 1000 * 1000 * 1000)

struct bench {
	struct event_store *store;
	struct probe_schemas schemas;
	struct probe_run *run;
};

static void start(struct bench *b)
{
	struct probe_options options = { .events = true, .tgid = getpid() };
	struct error *error;

	*b = (struct bench){ 0 };
	assert_ok(event_store_create(8 << 20, &b->store));
	assert_ok(probe_schemas_load(&b->schemas, "locks"));
	for (size_t i = 0; i < b->schemas.list.len; i++)
		assert_ok(event_store_add_schema(b->store, &b->schemas.list.data[i]->schema));
	error = probe_run_create(probe_find("locks"), &options, &b->schemas, b->store, &b->run);
	if (!error)
		return;
	printf("skipped: %s\n", error_message(error));
	fflush(stdout);
	_exit(77);
}

static void end(struct bench *b)
{
	probe_run_destroy(b->run);
	event_store_destroy(b->store);
	probe_schemas_deinit(&b->schemas);
}

struct churn {
	int vm;
	unsigned slot;
	void *memory;
	atomic_bool *stop;
};

/* Adding and removing a slot holds slots_lock and sleeps in it, so two threads must meet. */
static void *churn(void *arg)
{
	struct churn *c = arg;

	while (!atomic_load(c->stop)) {
		struct kvm_userspace_memory_region r = {
			.slot = c->slot, .guest_phys_addr = 0x100000ull * (1 + c->slot),
			.memory_size = 0x1000, .userspace_addr = (uintptr_t)c->memory,
		};

		ioctl(c->vm, KVM_SET_USER_MEMORY_REGION, &r);
		r.memory_size = 0;
		ioctl(c->vm, KVM_SET_USER_MEMORY_REGION, &r);
	}
	return NULL;
}

static char *shown(struct bench *b)
{
	struct out *out = out_create_capture();
	char *text;

	assert_ok(b->run->probe->show(b->run, out));
	text = out_capture_string(out);
	out_destroy(out);
	return text;
}

static void test_slots_lock(void **state)
{
	void *memory = mmap(NULL, 0x1000, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t hits, start_ns = clock_now_ns();
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm;
	atomic_bool stop = false;
	struct churn c[3];
	pthread_t threads[3];
	struct bench b;
	char *text, *line;

	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	assert_true(vm >= 0);
	start(&b);
	for (unsigned i = 0; i < ARRAY_SIZE(c); i++) {
		c[i] = (struct churn){ .vm = vm, .slot = i, .memory = memory, .stop = &stop };
		assert_int_equal(pthread_create(&threads[i], NULL, churn, &c[i]), 0);
	}
	for (text = shown(&b); !strstr(text, "kvm->slots_lock") && clock_now_ns() - start_ns < LIMIT_NS;
	     text = shown(&b)) {
		free(text);
		usleep(20000);
		reader_drain(b.run->reader);
	}
	atomic_store(&stop, true);
	for (unsigned i = 0; i < ARRAY_SIZE(c); i++)
		pthread_join(threads[i], NULL);
	/* By its name, and of its kind. */
	assert_non_null(text);
	line = strstr(text, "kvm->slots_lock");
	if (!line)
		print_error("after %u s: %s\n", (unsigned)(LIMIT_NS / 1000000000), text);
	assert_non_null(line);
	assert_memory_equal(line + strlen("kvm->slots_lock") + strspn(line + strlen("kvm->slots_lock"), " "),
			    "mutex", 5);
	free(text);
	reader_finish(b.run->reader);
	hits = probe_run_hits(b.run, LOCK_PART_CONTENTION);
	assert_int_equal(reader_events(b.run->reader) + reader_lost(b.run->reader), hits);
	close(vm);
	close(kvm);
	munmap(memory, 0x1000);
	end(&b);
}

static void test_no_vm_no_names(void **state)
{
	struct bench b;
	size_t len = 1;
	void *data;

	start(&b);
	assert_ok(probe_run_iterate(b.run, "iter_objects", 4096, &data, &len));
	assert_int_equal(len, 0);
	free(data);
	assert_ok(probe_run_iterate(b.run, "no_such_program", 4096, &data, &len));
	assert_null(data);
	end(&b);
}

/* Locks of a VM and its vCPUs are told once each, inside their objects. */
static void test_objects(void **state)
{
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm = ioctl(kvm, KVM_CREATE_VM, 0);
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 3);
	unsigned of_vcpu = 0, of_vm = 0;
	struct lock_object *o;
	struct bench b;
	size_t len;
	void *data;

	assert_true(vcpu >= 0);
	start(&b);
	assert_ok(probe_run_iterate(b.run, "iter_objects", 1 << 20, &data, &len));
	assert_true(len >= 4 * sizeof(*o) && len % sizeof(*o) == 0);
	o = data;
	for (size_t i = 0; i < len / sizeof(*o); i++) {
		assert_int_equal(o[i].tgid, getpid());
		assert_int_equal(o[i].kvm, o[0].kvm);
		if (o[i].vcpu >= 0) {
			assert_int_equal(o[i].vcpu, 3);
			assert_string_equal(o[i].name, "vcpu->mutex");
			assert_int_equal(o[i].fd, vcpu);
			of_vcpu++;
		} else {
			assert_int_equal(o[i].fd, vm);
			of_vm++;
		}
	}
	assert_int_equal(of_vcpu, 1);
	assert_true(of_vm >= 4);
	free(data);
	end(&b);
	close(vcpu);
	close(vm);
	close(kvm);
}

static void test_kallsyms(void **state)
{
	struct kernel_name n[] = { { .addr = 0x1010 }, { .addr = 0xfff }, { .addr = 0x2000 }, { .addr = 0 },
				   { .addr = 0x40000000 } };
	char path[] = "/tmp/kallsyms-XXXXXX";
	int fd = mkstemp(path);
	static const char text[] = "0000000000001000 T first\n0000000000002000 D second\t[kvm]\nno line\n"
				   "0000000000000000 T hidden\n0000000000001008 t nearer\n";

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	kallsyms_resolve(path, n, ARRAY_SIZE(n));
	assert_string_equal(n[0].name, "nearer");
	assert_int_equal(n[0].offset, 8);
	assert_string_equal(n[1].name, "");
	assert_string_equal(n[2].name, "second");
	assert_int_equal(n[2].offset, 0);
	assert_string_equal(n[3].name, "");
	assert_string_equal(n[4].name, "");
	kallsyms_resolve("/nonexistent", n, ARRAY_SIZE(n));
	assert_string_equal(n[0].name, "");
	close(fd);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kallsyms),
		cmocka_unit_test(test_slots_lock),
		cmocka_unit_test(test_no_vm_no_names),
		cmocka_unit_test(test_objects),
	};

	live_need_kvm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lock order over crafted streams: KVM's scenarios with their fixes, cycles, readers, limits. */
#include "tests/lib/test.h"

#include "probes/lockdep.h"

#define VM1 0x1000
#define VM2 0x2000

struct bench {
	struct lockdep *l;
	unsigned reports;
	char last[256];
};

static void report(void *ctx, const struct lockdep_finding *f)
{
	struct bench *b = ctx;

	b->reports++;
	lockdep_sentence(b->l, f, b->last, sizeof(b->last));
}

static void begin(struct bench *b)
{
	*b = (struct bench){ .l = lockdep_create() };
	lockdep_set_report(b->l, report, b);
}

/* A lock's address tells its VM and class apart. */
static struct lockdep_lock lock_of(const char *class, uint64_t vm)
{
	struct lockdep_lock lock = { .class = class, .group = vm, .addr = vm };

	for (const char *p = class; *p; p++)
		lock.addr = lock.addr * 31 + (uint8_t)*p;
	return lock;
}

static void take(struct bench *b, uint32_t tid, const char *class, uint64_t vm)
{
	struct lockdep_lock lock = lock_of(class, vm);
	struct lockdep_site site = { .tid = tid, .nstack = 1, .stack = { tid * 0x100 } };

	lockdep_acquire(b->l, tid, &lock, &site);
}

static void take_as(struct bench *b, uint32_t tid, const char *class, enum lockdep_mode mode, bool try)
{
	struct lockdep_lock lock = lock_of(class, VM1);

	lock.mode = mode;
	lock.try = try;
	lockdep_acquire(b->l, tid, &lock, &(struct lockdep_site){ .tid = tid });
}

static void drop(struct bench *b, uint32_t tid, const char *class, uint64_t vm)
{
	assert_true(lockdep_release(b->l, tid, lock_of(class, vm).addr));
}

/* S04: EQ provisioning took kvm->lock with vcpu->mutex held; fixed by a lock of the device. */
static void test_s04(void **state)
{
	struct bench b;

	begin(&b);
	take(&b, 1, "vcpu->mutex", VM1);
	take(&b, 1, "kvm->lock", VM1);
	assert_int_equal(b.reports, 1);
	assert_string_equal(b.last, "kvm->lock taken with vcpu->mutex held: violates R01 (kvm->lock > vcpu->mutex), "
			    "no cycle observed yet");
	assert_int_equal(lockdep_edge_at(b.l, 0)->inner_site.stack[0], 0x100);
	lockdep_destroy(b.l);
	begin(&b);
	take(&b, 1, "vcpu->mutex", VM1);
	take(&b, 1, "xive->lock", VM1);
	assert_int_equal(b.reports, 0);
	assert_int_equal(lockdep_nedges(b.l), 1);
	lockdep_destroy(b.l);
}

/* S09: A sets the MMU up inside its first run, B releases a device: the cycle is found with both sides. */
static void test_s09(void **state)
{
	const struct lockdep_finding *f;
	struct bench b;

	begin(&b);
	take(&b, 'A', "vcpu->mutex", VM1);
	take(&b, 'A', "kvm->lock", VM1);
	drop(&b, 'A', "kvm->lock", VM1);
	drop(&b, 'A', "vcpu->mutex", VM1);
	assert_int_equal(b.reports, 1); /* R01, before B exists */
	take(&b, 'B', "kvm->lock", VM1);
	take(&b, 'B', "vcpu->mutex", VM1);
	assert_int_equal(b.reports, 2);
	assert_string_equal(b.last, "circular: kvm->lock -> vcpu->mutex -> kvm->lock");
	f = lockdep_finding_at(b.l, 1);
	assert_int_equal(f->npath, 1);
	assert_int_equal(lockdep_edge_at(b.l, f->edge)->inner_site.tid, 'B');
	assert_int_equal(lockdep_edge_at(b.l, f->path[0])->inner_site.tid, 'A');
	lockdep_destroy(b.l);
	/* After the fix. */
	begin(&b);
	take(&b, 'A', "vcpu->mutex", VM1);
	take(&b, 'A', "kvm->arch.mmu_setup_lock", VM1);
	take(&b, 'A', "kvm->mmu_lock", VM1);
	take(&b, 'B', "kvm->lock", VM1);
	take(&b, 'B', "vcpu->mutex", VM1);
	take(&b, 'B', "kvm->arch.mmu_setup_lock", VM1);
	assert_int_equal(b.reports, 0);
	lockdep_destroy(b.l);
}

/* S08, S10, S11: release waits for each vCPU; tokens under their own lock; look-ups without kvm->lock. */
static void test_s08_s10_s11(void **state)
{
	struct bench b;

	begin(&b);
	take(&b, 1, "kvm->lock", VM1);
	for (unsigned vcpu = 0; vcpu < 4; vcpu++) {
		take(&b, 1, "vcpu->mutex", VM1);
		drop(&b, 1, "vcpu->mutex", VM1);
	}
	drop(&b, 1, "kvm->lock", VM1);
	take(&b, 2, "vcpu->mutex", VM1);
	take(&b, 2, "kvm->arch.rtas_token_lock", VM1);
	drop(&b, 2, "kvm->arch.rtas_token_lock", VM1);
	assert_int_equal(b.reports, 0);
	take(&b, 2, "kvm->lock", VM1);
	assert_int_equal(b.reports, 2);
	assert_string_equal(b.last, "circular: vcpu->mutex -> kvm->lock -> vcpu->mutex");
	lockdep_destroy(b.l);
}

/* S06's F01: memslots' writer waits for readers. */
static void test_srcu(void **state)
{
	struct bench b;

	begin(&b);
	take_as(&b, 1, "kvm->srcu", LOCKDEP_RECURSIVE, false);
	take_as(&b, 1, "kvm->mmu_lock", LOCKDEP_WRITE, false);
	drop(&b, 1, "kvm->mmu_lock", VM1);
	assert_int_equal(b.reports, 0);
	take_as(&b, 1, "kvm->slots_lock", LOCKDEP_WRITE, false);
	assert_int_equal(b.reports, 1);
	assert_non_null(strstr(b.last, "F01"));
	/* And synchronize_srcu() under slots_lock closes the circle. */
	take_as(&b, 2, "kvm->slots_lock", LOCKDEP_WRITE, false);
	take_as(&b, 2, "kvm->srcu", LOCKDEP_WRITE, false);
	assert_string_equal(b.last, "circular: kvm->slots_lock -> kvm->srcu -> kvm->slots_lock");
	lockdep_destroy(b.l);
}

/* Rules are about one VM; cycles are about classes. */
static void test_two_vms(void **state)
{
	struct bench b;

	begin(&b);
	take(&b, 1, "vcpu->mutex", VM1);
	take(&b, 1, "kvm->lock", VM2);
	assert_int_equal(b.reports, 0);
	drop(&b, 1, "kvm->lock", VM2);
	take(&b, 1, "kvm->lock", VM1);
	assert_int_equal(b.reports, 1);
	lockdep_destroy(b.l);
}

static void test_shortest(void **state)
{
	static const char *const chain[] = { "a", "b", "c", "d", "e" };
	struct bench b;

	begin(&b);
	for (unsigned i = 0; i + 1 < ARRAY_SIZE(chain); i++) {
		take(&b, i, chain[i], 0);
		take(&b, i, chain[i + 1], 0);
	}
	take(&b, 10, "b", 0);
	take(&b, 10, "e", 0);
	assert_int_equal(b.reports, 0);
	take(&b, 11, "e", 0);
	take(&b, 11, "a", 0);
	assert_int_equal(b.reports, 1);
	assert_string_equal(b.last, "circular: e -> a -> b -> e");
	lockdep_destroy(b.l);
}

static void test_try_and_readers(void **state)
{
	struct bench b;

	begin(&b);
	take_as(&b, 1, "a", LOCKDEP_WRITE, false);
	take_as(&b, 1, "b", LOCKDEP_WRITE, false);
	/* A trylock does not wait, so nothing leads to it; but what is taken under it counts. */
	take_as(&b, 2, "b", LOCKDEP_WRITE, false);
	take_as(&b, 2, "a", LOCKDEP_WRITE, true);
	assert_int_equal(b.reports, 0);
	take_as(&b, 2, "c", LOCKDEP_WRITE, false);
	take_as(&b, 3, "c", LOCKDEP_WRITE, false);
	take_as(&b, 3, "a", LOCKDEP_WRITE, false);
	assert_int_equal(b.reports, 1);
	lockdep_destroy(b.l);
	/* Readers that never wait for readers: a circle of them only is none. */
	begin(&b);
	take_as(&b, 1, "r", LOCKDEP_RECURSIVE, false);
	take_as(&b, 1, "s", LOCKDEP_RECURSIVE, false);
	take_as(&b, 2, "s", LOCKDEP_RECURSIVE, false);
	take_as(&b, 2, "r", LOCKDEP_RECURSIVE, false);
	assert_int_equal(b.reports, 0);
	/* Readers that wait behind a writer do. */
	take_as(&b, 3, "r", LOCKDEP_READ, false);
	take_as(&b, 3, "s", LOCKDEP_READ, false);
	take_as(&b, 4, "s", LOCKDEP_READ, false);
	take_as(&b, 4, "r", LOCKDEP_READ, false);
	assert_int_equal(b.reports, 1);
	lockdep_destroy(b.l);
}

static void test_self_and_cache(void **state)
{
	uint64_t cached, chains;
	struct bench b;

	begin(&b);
	for (unsigned i = 0; i < 1000; i++) {
		take(&b, 1, "a", 0);
		take(&b, 1, "b", 0);
		drop(&b, 1, "b", 0);
		drop(&b, 1, "a", 0);
	}
	lockdep_stats(b.l, &cached, &chains);
	assert_int_equal(cached, 999);
	assert_int_equal(chains, 1);
	assert_false(lockdep_release(b.l, 1, 5));
	take(&b, 1, "a", 0);
	take(&b, 1, "a", 0);
	assert_int_equal(b.reports, 1);
	assert_string_equal(b.last, "a taken by the task that holds it: it waits for itself");
	lockdep_destroy(b.l);
}

/* Bounded whatever comes: a task that never releases, more classes than there is room for. */
static void test_limits(void **state)
{
	char name[16];
	struct bench b;

	begin(&b);
	for (unsigned i = 0; i < LOCKDEP_HELD_MAX + 10; i++) {
		snprintf(name, sizeof(name), "l%u", i);
		take(&b, 1, name, 0);
	}
	assert_int_equal(lockdep_unkept(b.l), 10);
	lockdep_task_gone(b.l, 1);
	for (unsigned i = 0; i < LOCKDEP_CLASSES_MAX + 50; i++) {
		snprintf(name, sizeof(name), "c%u", i);
		take(&b, 2, name, 0);
		drop(&b, 2, name, 0);
		if (lockdep_nclasses(b.l) == LOCKDEP_CLASSES_MAX)
			break;
	}
	take(&b, 2, "one more", 0);
	assert_int_equal(lockdep_unkept(b.l), 11);
	lockdep_destroy(b.l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_s04), cmocka_unit_test(test_s09), cmocka_unit_test(test_s08_s10_s11),
		cmocka_unit_test(test_srcu), cmocka_unit_test(test_two_vms), cmocka_unit_test(test_shortest),
		cmocka_unit_test(test_try_and_readers), cmocka_unit_test(test_self_and_cache),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The fake target behaves as others' tests rely on, and the target wrappers over it. */
#include "tests/lib/test.h"

#include <poll.h>

#include "core/arch/x86_64.h"
#include "core/event/store.h"

#include "tests/lib/fake_target.h"

static int setup(void **state)
{
	struct target *t = NULL;
	struct stop_report r;

	assert_ok(fake_target_create(&t));
	assert_true(t->ops->stop_take(t, &r));
	assert_int_equal(r.reason, STOP_STARTED);
	assert_int_equal(r.pc, FAKE_MAIN);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	target_destroy(*state);
	return 0;
}

static struct stop_report run(struct target *t, struct run_request req)
{
	struct pollfd p = { .fd = t->ops->stop_fd(t), .events = POLLIN };
	struct stop_report r;

	assert_ok(target_resume(t, &req));
	assert_int_equal(poll(&p, 1, 0), 1);
	assert_true(t->ops->stop_take(t, &r));
	assert_false(t->ops->stop_take(t, &(struct stop_report){ 0 }));
	assert_int_equal(poll(&p, 1, 0), 0);
	return r;
}

static struct stop_report cont(struct target *t)
{
	return run(t, (struct run_request){ .kind = RUN_CONTINUE });
}

static struct stop_report step(struct target *t, uint64_t n)
{
	return run(t, (struct run_request){ .kind = RUN_STEP, .count = n });
}

static uint64_t reg(struct target *t, unsigned vcpu, unsigned id)
{
	struct regs r;
	bool stale;

	regs_init(&r, t->arch);
	assert_ok(target_regs_read(t, vcpu, REGS_ALL, &r, &stale));
	assert_false(stale);
	return regs_u64(&r, id);
}

static void set_rip(struct target *t, uint64_t rip)
{
	assert_ok(target_reg_write(t, 0, X86_RIP, &rip, sizeof(rip)));
}

static void runs_to_its_end(void **state)
{
	struct target *t = *state;
	struct stop_report r = cont(t);
	struct event_store *store;
	char console[16] = "";
	uint64_t v;

	assert_int_equal(r.reason, STOP_GUEST_EXIT);
	assert_int_equal(r.exit_code, 1);
	assert_int_equal(target_state(t), TARGET_ENDED);
	assert_ok(target_phys_read(t, FAKE_COUNTER, &v, sizeof(v)));
	assert_int_equal(v, 3);
	assert_ok(target_phys_read(t, FAKE_TICKS, &v, sizeof(v)));
	assert_int_equal(v, 2);
	assert_error(target_resume(t, &(struct run_request){ .kind = RUN_CONTINUE }), ERROR_STATE, "ended");
	assert_ok(event_store_create(1 << 20, &store));
	while (t->ops->events_drain(t, store, 2))
		;
	for (uint64_t n = event_store_first(store); n < event_store_end(store); n++) {
		const struct event *e = event_store_get(store, n);
		const struct vmm_console *c = (const void *)e->payload;

		if (e->schema == VMM_CONSOLE)
			strncat(console, (const char *)c->data, c->len);
	}
	assert_string_equal(console, "..!");
	assert_int_equal(event_store_count(store, VMM_EXIT_IO), 4);
	assert_int_equal(event_store_count(store, VMM_EXIT_HLT), 1);
	assert_int_equal(event_store_count(store, VMM_GUEST_EXIT), 1);
	event_store_destroy(store);
	assert_ok(target_reset(t));
	assert_true(t->ops->stop_take(t, &r));
	assert_int_equal(r.reason, STOP_STARTED);
	assert_int_equal(cont(t).reason, STOP_GUEST_EXIT);
}

static void steps_one_vcpu(void **state)
{
	struct target *t = *state;
	struct stop_report r = step(t, 1);

	assert_int_equal(r.reason, STOP_STEP);
	assert_int_equal(r.steps, 1);
	assert_int_equal(r.pc, FAKE_MAIN + 1);
	assert_int_equal(reg(t, 0, X86_RSP), FAKE_STACK0 - 8);
	r = step(t, 3);
	assert_int_equal(r.pc, FAKE_WORK);
	assert_int_equal(reg(t, 0, X86_RBP), FAKE_STACK0 - 8);
	assert_int_equal(reg(t, 0, X86_RCX), 3);
	assert_int_equal(reg(t, 1, X86_RIP), FAKE_SECOND);
	r = run(t, (struct run_request){ .kind = RUN_STEP, .vcpu = 1, .count = 1 });
	assert_int_equal(r.pc, FAKE_SECOND + 5);
	/* Steps until pc leaves the range, also through a call. */
	r = run(t, (struct run_request){ .kind = RUN_STEP, .count = 1000, .range_lo = FAKE_WORK,
					 .range_hi = FAKE_WORK + 0x14 });
	assert_int_equal(r.pc, FAKE_LEAF);
	assert_int_equal(r.steps, 5);
	assert_error(target_resume(t, &(struct run_request){ .kind = RUN_STEP }), ERROR_USAGE, "0 instructions");
	assert_error(target_resume(t, &(struct run_request){ .kind = RUN_STEP, .count = 1, .vcpu = 2 }),
		     ERROR_NOT_FOUND, "numbered 0 to 1");
}

static void breakpoints(void **state)
{
	struct target *t = *state;
	struct stop_spec spec = { .id = 1, .kind = STOP_KIND_BREAK, .addr = FAKE_LEAF, .vcpu = -1 };
	struct stop_status st;
	struct stop_report r;

	assert_ok(target_stop_arm(t, &spec));
	assert_error(target_stop_arm(t, &spec), ERROR_FAILED, "armed already");
	for (unsigned i = 1; i <= 3; i++) {
		r = cont(t);
		assert_int_equal(r.reason, STOP_BREAK);
		assert_int_equal(r.id, 1);
		assert_int_equal(r.pc, FAKE_LEAF);
		assert_true(t->ops->stop_status(t, 1, &st));
		assert_int_equal(st.hits, i);
		assert_int_equal(st.mech, STOP_MECH_DR);
	}
	assert_int_equal(cont(t).reason, STOP_GUEST_EXIT);

	assert_ok(target_reset(t));
	t->ops->stop_take(t, &r);
	assert_ok(t->ops->stop_update(t, 1, NULL, 2));
	assert_int_equal(cont(t).reason, STOP_BREAK);
	assert_int_equal(reg(t, 0, X86_RCX), 1);
	assert_ok(target_stop_disarm(t, 1));
	assert_error(target_stop_disarm(t, 1), ERROR_NOT_FOUND, "no stop condition 1");
	assert_int_equal(cont(t).reason, STOP_GUEST_EXIT);

	/* finish out of leaf, by stack depth; temporary; on the other vCPU only. */
	assert_ok(target_reset(t));
	t->ops->stop_take(t, &r);
	spec = (struct stop_spec){ .id = 2, .kind = STOP_KIND_BREAK, .addr = FAKE_WORK + 0xd, .vcpu = -1,
				   .temporary = true, .has_sp_above = true, .sp_above = FAKE_STACK0 - 0x40 };
	assert_ok(target_stop_arm(t, &spec));
	assert_int_equal(cont(t).pc, FAKE_WORK + 0xd);
	assert_false(t->ops->stop_status(t, 2, &st));
	spec = (struct stop_spec){ .id = 3, .kind = STOP_KIND_BREAK, .addr = FAKE_LEAF, .vcpu = 1 };
	assert_ok(target_stop_arm(t, &spec));
	assert_int_equal(cont(t).reason, STOP_GUEST_EXIT);
}

static void debug_registers_run_out(void **state)
{
	struct target *t = *state;
	struct stop_spec spec = { .kind = STOP_KIND_BREAK, .vcpu = -1 };
	struct stop_status st;

	for (spec.id = 1; spec.id <= 5; spec.id++) {
		spec.addr = FAKE_MAIN + spec.id;
		assert_ok(target_stop_arm(t, &spec));
	}
	t->ops->stop_status(t, 5, &st);
	assert_int_equal(st.mech, STOP_MECH_STEP);
	spec.want = STOP_MECH_DR;
	assert_error(target_stop_arm(t, &spec), ERROR_UNSUPPORTED, "all 4 debug registers");
}

static void watchpoints(void **state)
{
	struct target *t = *state;
	struct stop_spec spec = { .id = 1, .kind = STOP_KIND_WATCH, .addr = FAKE_COUNTER, .len = 8,
				  .access = STOP_WRITE, .vcpu = -1 };
	struct stop_report r;

	assert_ok(target_stop_arm(t, &spec));
	r = cont(t);
	assert_int_equal(r.reason, STOP_WATCH);
	assert_int_equal(r.watch_old, 0);
	assert_int_equal(r.watch_new, 1);
	assert_int_equal(r.watch_addr, FAKE_COUNTER);
	assert_int_equal(r.pc, FAKE_LEAF + 0xb);
	assert_ok(target_stop_disarm(t, 1));
	spec.access = STOP_READ;
	assert_ok(target_stop_arm(t, &spec));
	r = cont(t);
	assert_int_equal(r.pc, FAKE_LEAF + 0x12);
}

static void catches(void **state)
{
	struct target *t = *state;
	struct stop_spec spec = { .id = 9, .kind = STOP_KIND_CATCH, .vcpu = -1,
				  .catch_events = BIT(VMM_EXIT_IO) | BIT(VMM_EXIT_MMIO) };
	const struct vmm_exit_io *io;
	const struct vmm_exit_mmio *mmio;
	struct stop_report r;

	assert_ok(target_stop_arm(t, &spec));
	r = cont(t);
	assert_int_equal(r.reason, STOP_CATCH);
	assert_int_equal(r.event.schema, VMM_EXIT_IO);
	io = (const void *)r.event.payload;
	assert_int_equal(io->port, 0xe9);
	assert_int_equal(io->value, '.');
	assert_int_equal(io->pc, FAKE_LEAF + 0x1d);
	set_rip(t, FAKE_POKE);
	r = cont(t);
	assert_int_equal(r.event.schema, VMM_EXIT_MMIO);
	mmio = (const void *)r.event.payload;
	assert_int_equal(mmio->gpa, FAKE_MMIO + 0x10);
	assert_int_equal(mmio->value, 0x12345678);
	assert_int_equal(mmio->write, 1);
	assert_int_equal(mmio->len, 8);
	assert_int_equal(cont(t).reason, STOP_HALTED);
}

static void endless_loops_and_faults(void **state)
{
	struct target *t = *state;
	struct stop_report r;
	struct regs regs;
	bool stale;

	set_rip(t, FAKE_SPIN);
	assert_ok(target_resume(t, &(struct run_request){ .kind = RUN_CONTINUE }));
	assert_int_equal(target_state(t), TARGET_RUNNING);
	assert_false(t->ops->stop_take(t, &r));
	regs_init(&regs, t->arch);
	assert_ok(target_regs_read(t, 0, REGS_CORE, &regs, &stale));
	assert_true(stale);
	assert_error(target_reg_write(t, 0, X86_RAX, "12345678", 8), ERROR_STATE, "stopped");
	assert_error(target_resume(t, &(struct run_request){ .kind = RUN_CONTINUE }), ERROR_STATE, "running");
	assert_ok(target_interrupt(t));
	assert_true(t->ops->stop_take(t, &r));
	assert_int_equal(r.reason, STOP_INTERRUPT);
	assert_int_equal(r.pc, FAKE_SPIN);
	set_rip(t, FAKE_ALIEN);
	r = cont(t);
	assert_int_equal(r.reason, STOP_ERROR);
	assert_int_equal(r.event.schema, VMM_EXIT_INTERNAL);
	set_rip(t, FAKE_CRASH);
	assert_int_equal(cont(t).reason, STOP_SHUTDOWN);
	assert_int_equal(target_state(t), TARGET_ENDED);
	assert_error(target_resume(t, &(struct run_request){ .kind = RUN_CONTINUE }), ERROR_STATE, "ended");
	assert_int_equal(reg(t, 0, X86_RIP), FAKE_CRASH);
	assert_ok(target_reset(t));
	assert_true(t->ops->stop_take(t, &r));
	/* Caught, the vCPU is as dead, but the guest can still be looked at as stopped. */
	assert_ok(target_stop_arm(t, &(struct stop_spec){ .id = 1, .kind = STOP_KIND_CATCH, .vcpu = -1,
							  .catch_events = BIT(VMM_EXIT_SHUTDOWN) }));
	set_rip(t, FAKE_CRASH);
	assert_int_equal(cont(t).reason, STOP_CATCH);
	assert_error(target_resume(t, &(struct run_request){ .kind = RUN_CONTINUE }), ERROR_STATE, "triple fault");
	assert_ok(target_kill(t));
	assert_true(t->ops->stop_take(t, &r));
	assert_int_equal(r.reason, STOP_KILLED);
	assert_ok(target_kill(t));
	assert_false(t->ops->stop_take(t, &r));
}

/* Every page: the walk agrees with what the machine's tables are meant to say. */
static void memory_and_walks(void **state)
{
	struct target *t = *state;
	struct regs regs;
	struct mmu_walk w;
	char text[32];
	size_t done;
	uint64_t gpa;

	regs_init(&regs, t->arch);
	assert_ok(target_regs_read(t, 0, REGS_CORE, &regs, NULL));
	for (unsigned high = 0; high < 2; high++) {
		for (uint64_t a = 0; a < 8 << 20; a += 0x1000) {
			uint64_t gva = a + 0x123 + (high ? FAKE_HIGH : 0);
			struct error *err = t->ops->translate(t, 0, gva, &gpa);

			assert_ok(target_walk(t, &regs, gva, &w));
			assert_int_equal(err == NULL, w.verdict == MMU_MAPPED);
			error_destroy(err);
			if (w.verdict != MMU_MAPPED)
				continue;
			assert_int_equal(w.gpa, gpa);
			assert_int_equal(w.user, !high);
			assert_int_equal(w.exec, !high);
		}
	}
	assert_ok(target_virt_read(t, &regs, FAKE_HIGH + FAKE_MESSAGE, text, 18, &done));
	assert_string_equal(text, "hello, fake guest");
	assert_ok(target_virt_write(t, &regs, FAKE_COUNTER - 4, "12345678", 8, &done));
	assert_int_equal(done, 8);
	assert_ok(target_phys_read(t, FAKE_COUNTER - 4, text, 8));
	assert_memory_equal(text, "12345678", 8);
	assert_error(target_virt_read(t, &regs, 0, text, 1, &done), ERROR_FAULT,
		     "cannot read memory at 0x0: PTE not present");
	assert_error(target_virt_read(t, &regs, 1ULL << 50, text, 1, &done), ERROR_FAULT, "not an address");
	/* As far as it can: RAM ends at 4 MiB, the mapping goes on. */
	assert_error(target_virt_read(t, &regs, FAKE_MEM - 10, text, 20, &done), ERROR_FAULT, "0x400000");
	assert_int_equal(done, 10);
	assert_error(target_phys_read(t, FAKE_MEM, text, 1), ERROR_FAULT, "0x400000");
	assert_error(target_phys_read(t, ~0ULL, text, 20), ERROR_FAULT, "not RAM");
}

static void state_blobs(void **state)
{
	struct target *t = *state;
	struct state_x86_lapic lapic;
	uint8_t buf[2048];
	size_t len;

	/* What an x86 machine has, of which the virtio devices have no address map. */
	for (unsigned k = 0; k < STATE_VIRTIO_IOVA; k++) {
		assert_ok(target_state_get(t, k, 0, buf, sizeof(buf), &len));
		assert_int_equal(le32_read(buf), STATE_VERSION);
	}
	assert_error(target_state_get(t, STATE_X86_LAPIC, 2, buf, sizeof(buf), &len), ERROR_NOT_FOUND, "index 2");
	memset(&lapic, 7, sizeof(lapic));
	fake_target_set_state(t, STATE_X86_LAPIC, 0, &lapic, sizeof(lapic));
	assert_ok(target_state_get(t, STATE_X86_LAPIC, 0, buf, sizeof(buf), &len));
	assert_memory_equal(buf, &lapic, sizeof(lapic));
	fake_target_set_state(t, STATE_X86_LAPIC, 0, NULL, 0);
	assert_error(target_state_get(t, STATE_X86_LAPIC, 0, buf, sizeof(buf), &len), ERROR_UNSUPPORTED, "no such");
}

/* From inside leaf up to main: pcs of the callers, also where the frame is not built yet. */
static void backtrace(void **state)
{
	static const uint64_t stop_at[] = { FAKE_LEAF, FAKE_LEAF + 1, FAKE_LEAF + 4, FAKE_LEAF + 0x20 };
	struct target *t = *state;

	for (unsigned i = 0; i < 4; i++) {
		struct stop_spec spec = { .id = 1, .kind = STOP_KIND_BREAK, .addr = stop_at[i], .vcpu = 0,
					  .temporary = true };
		struct regs regs;
		struct target_reader ctx = { t, &regs };
		struct mem_reader mem = target_reader(&ctx);
		struct frame f;

		assert_ok(target_stop_arm(t, &spec));
		assert_int_equal(cont(t).pc, stop_at[i]);
		regs_init(&regs, t->arch);
		assert_ok(target_regs_read(t, 0, REGS_CORE, &regs, NULL));
		f = (struct frame){ t->arch->pc_linear(&regs), t->arch->sp_linear(&regs), regs_u64(&regs, X86_RBP) };
		assert_true(t->arch->unwind(&regs, &mem, &f));
		assert_int_equal(f.pc, FAKE_WORK + 0xd);
		assert_true(t->arch->unwind(&regs, &mem, &f));
		assert_int_equal(f.pc, FAKE_MAIN + 0xe);
		assert_int_equal(f.sp, FAKE_STACK0 - 8);
		assert_false(t->arch->unwind(&regs, &mem, &f));
	}
}

static void absent_slots(void **state)
{
	static const struct target_ops none = { .name = "recording" };
	struct target t = { .ops = &none, .arch = &arch_x86_64 };
	char b;

	assert_int_equal(target_vcpu_count(&t), 0);
	assert_error(target_resume(&t, &(struct run_request){ .kind = RUN_CONTINUE }), ERROR_UNSUPPORTED,
		     "running is not supported by a recording target");
	assert_error(target_phys_read(&t, 0, &b, 1), ERROR_UNSUPPORTED, "reading memory");
	assert_error(target_kill(&t), ERROR_UNSUPPORTED, "killing");
	assert_error(target_vcpu_info(&t, 0, &(struct vcpu_info){ 0 }), ERROR_NOT_FOUND, "has none");
	assert_error(target_stop_arm(&t, &(struct stop_spec){ .kind = STOP_KIND_WATCH }), ERROR_UNSUPPORTED,
		     "watching memory");
	assert_string_equal(stop_reason_name(STOP_KILLED), "killed");
	assert_string_equal(stop_reason_name(999), "unknown");
	assert_string_equal(stop_mech_name(STOP_MECH_EVENT), "exit event");
	target_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(runs_to_its_end, setup, teardown),
		cmocka_unit_test_setup_teardown(steps_one_vcpu, setup, teardown),
		cmocka_unit_test_setup_teardown(breakpoints, setup, teardown),
		cmocka_unit_test_setup_teardown(debug_registers_run_out, setup, teardown),
		cmocka_unit_test_setup_teardown(watchpoints, setup, teardown),
		cmocka_unit_test_setup_teardown(catches, setup, teardown),
		cmocka_unit_test_setup_teardown(endless_loops_and_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_and_walks, setup, teardown),
		cmocka_unit_test_setup_teardown(state_blobs, setup, teardown),
		cmocka_unit_test_setup_teardown(backtrace, setup, teardown),
		cmocka_unit_test(absent_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

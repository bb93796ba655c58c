/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A long random walk over everything run control can do, on two vCPUs that count: after each stop the
 * guest must be exactly where its own counters say, and nothing may hang, get lost or run twice.
 */
#include "tests/lib/live.h"

#include "core/base/loop.h"

#define SHARED 0x8000ull
#define LOOP0 0x1030ull

/* 64-bit: starts vCPU 1 at 0x8000, then counts: inc ecx; inc dword [0x3000]; nop; out 0x80,al; jmp back. */
static const uint8_t boot[] = {
	0xb8, 0x00, 0x00, 0xe0, 0xfe,
	0xc7, 0x80, 0x10, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01,
	0xc7, 0x80, 0x00, 0x03, 0x00, 0x00, 0x00, 0x45, 0x00, 0x00,
	0xc7, 0x80, 0x00, 0x03, 0x00, 0x00, 0x08, 0x46, 0x00, 0x00,
	0x31, 0xc9, 0xeb, 0x09, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90, 0x90,
	/* 0x1030 */ 0xff, 0xc1, 0xff, 0x04, 0x25, 0x00, 0x30, 0x00, 0x00, 0x90, 0xe6, 0x80, 0xeb, 0xf2,
};
enum { AT_INC_MEM = LOOP0 + 2, AT_NOP = LOOP0 + 9, AT_OUT = LOOP0 + 10, AT_JMP = LOOP0 + 12 };

/* 16-bit, vCPU 1: inc cx; inc word [0x3100]; nop; jmp back. */
static const uint8_t second[] = { 0x41, 0xff, 0x06, 0x00, 0x31, 0x90, 0xeb, 0xf8 };

struct walk {
	struct live g;
	uint32_t seed;
	bool started;		/* vCPU 1 runs */
	unsigned stops, reasons;	/* how many; a bit for each kind seen */
};

static uint32_t dice(struct walk *w, uint32_t n)
{
	w->seed = w->seed * 1664525 + 1013904223;
	return (w->seed >> 8) % n;
}

/* Both vCPUs are where their registers and memory agree. */
static void check_consistent(struct walk *w)
{
	uint64_t pc = live_reg(&w->g, 0, X86_RIP), rcx = live_reg(&w->g, 0, X86_RCX);
	uint32_t mem = live_mem(&w->g, 0x3000, 4);

	if (pc >= LOOP0) {
		assert_true(pc == LOOP0 || pc == AT_INC_MEM || pc == AT_NOP || pc == AT_OUT || pc == AT_JMP);
		assert_int_equal((uint32_t)rcx, pc == AT_INC_MEM ? mem + 1 : mem);
	}
	if (live_reg(&w->g, 1, X86_CS_BASE) == SHARED) {
		pc = live_reg(&w->g, 1, X86_RIP);
		rcx = live_reg(&w->g, 1, X86_RCX);
		mem = live_mem(&w->g, 0x3100, 2);
		assert_true(pc == 0 || pc == 1 || pc == 5 || pc == 6);
		assert_int_equal((uint16_t)rcx, (uint16_t)(pc == 1 ? mem + 1 : mem));
		w->started = true;
	}
}

static void take(struct walk *w, bool *ret_stopped)
{
	struct stop_report r;

	*ret_stopped = w->g.target->ops->stop_take(w->g.target, &r);
	if (!*ret_stopped)
		return;
	assert_true(r.reason == STOP_BREAK || r.reason == STOP_WATCH || r.reason == STOP_CATCH ||
		    r.reason == STOP_INTERRUPT || r.reason == STOP_STEP);
	assert_int_equal(target_state(w->g.target), TARGET_STOPPED);
	if (r.reason == STOP_BREAK)
		assert_int_equal(r.pc, live_reg(&w->g, r.vcpu, X86_CS_BASE) + live_reg(&w->g, r.vcpu, X86_RIP));
	check_consistent(w);
	w->stops++;
	w->reasons |= 1u << r.reason;
}

static void toggle_stop(struct walk *w, unsigned id)
{
	static const uint64_t at[] = { AT_INC_MEM, AT_NOP, AT_OUT, SHARED + 1, SHARED + 5 };
	struct error *err = w->g.target->ops->stop_disarm(w->g.target, id);
	struct stop_spec spec;

	if (!err)
		return;
	assert_true(error_catch(&err, ERROR_NOT_FOUND));
	switch (id) {
	case 20:
		spec = live_watch(id, 0x3000, 4, STOP_WRITE);
		break;
	case 21:
		spec = live_catch(id, BIT(VMM_EXIT_IO));
		break;
	default:
		spec = live_break(id, at[id % ARRAY_SIZE(at)]);
		if (id >= 10) {
			spec.cond = live_cond("rcx % 64 == 3", NULL);
			spec.vcpu = dice(w, 3) - 1;
		}
	}
	err = target_stop_arm(w->g.target, &spec);
	expr_unref(spec.cond);
	if (err)
		print_error("%s\n", error_message(err));
	assert_null(err);
}

static void go(struct walk *w)
{
	struct run_request req = { .kind = dice(w, 2) ? RUN_CONTINUE : RUN_STEP, .count = 1 + dice(w, 50),
				   .vcpu = w->started ? dice(w, 2) : 0, .all = dice(w, 2),
				   .let_irqs = dice(w, 2) };
	struct error *err = target_resume(w->g.target, &req);

	if (err)
		print_error("resume: %s\n", error_message(err));
	assert_null(err);
}

static void walk(uint32_t seed, uint64_t budget_ns)
{
	struct walk w = { .seed = seed };
	uint64_t end = clock_now_ns() + budget_ns;
	bool stopped = true;

	guest_config_init(&w.g.config);
	w.g.config.vcpus = 2;
	live_start_config(&w.g, FLAT_LONG, boot, sizeof(boot));
	assert_ok(target_phys_write(w.g.target, SHARED, second, sizeof(second)));
	while (clock_now_ns() < end) {
		if (stopped) {
			if (dice(&w, 3) == 0)
				toggle_stop(&w, 1 + dice(&w, 21));
			go(&w);
			stopped = false;
			continue;
		}
		switch (dice(&w, 4)) {
		case 0:
			usleep(dice(&w, 2000));
			break;
		case 1:
			toggle_stop(&w, 1 + dice(&w, 21));
			break;
		case 2:
			if (target_state(w.g.target) == TARGET_RUNNING) {
				error_destroy(target_interrupt(w.g.target));
				break;
			}
			/* fall through */
		default:
			break;
		}
		take(&w, &stopped);
	}
	if (!stopped && target_state(w.g.target) == TARGET_RUNNING) {
		struct error *err = target_interrupt(w.g.target);

		error_destroy(err); /* it may just have stopped by itself */
		live_wait(&w.g);
	}
	/* It did walk: many stops, of several kinds. */
	if (getenv("SEED"))
		print_message("%u stops, kinds 0x%x\n", w.stops, w.reasons);
	assert_true(w.stops > 10);
	assert_true(w.reasons & 1u << STOP_BREAK);
	live_end(&w.g);
}

static void test_walk(void **state)
{
	const char *seed = getenv("SEED"), *budget = getenv("BUDGET_MS");
	uint64_t ns = (budget ? strtoull(budget, NULL, 0) : 1000) * 1000000;

	for (unsigned i = 0; i < (seed ? 1 : 3); i++)
		walk(seed ? strtoul(seed, NULL, 0) : 1 + i, ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk),
	};

	live_need_kvm();
	return cmocka_run_group_tests_name("guest_stress", tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* vmscope's own side of the pairs: the live target as the prompt drives it, events recorded. */
#include "tests/bench/bench.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/session/search.h"
#include "guest/guest.h"

#define STEPS 20000
#define WINDOW_NS 250000000ull
#define SEARCH_BYTES (256u << 20)

struct engine {
	struct guest_config config;
	struct target *target;
	struct event_store *store;
	struct stop_report report;
};

static char reason[256];

static bool failed(struct error *err, const char **why)
{
	if (!err)
		return false;
	snprintf(reason, sizeof(reason), "%s", error_message(err));
	*why = reason;
	error_destroy(err);
	return true;
}

static void engine_close(struct engine *e)
{
	target_destroy(e->target);
	event_store_destroy(e->store);
	guest_config_deinit(&e->config);
}

/* Waits for the next report, draining events as the session's loop does. */
static bool engine_wait(struct engine *e, uint64_t limit_ns)
{
	uint64_t end = bench_now_ns() + limit_ns;
	struct pollfd pfd = { .fd = e->target->ops->stop_fd(e->target), .events = POLLIN };

	while (bench_now_ns() < end) {
		poll(&pfd, 1, 10);
		if (e->target->ops->events_drain)
			e->target->ops->events_drain(e->target, e->store, 65536);
		if (e->target->ops->stop_take(e->target, &e->report))
			return true;
	}
	return false;
}

static bool engine_open(struct engine *e, const uint8_t *code, size_t len, uint64_t mem, const char **why)
{
	memset(e, 0, sizeof(*e));
	guest_config_init(&e->config);
	e->config.image_data = code;
	e->config.image_len = len;
	e->config.image_name = "bench";
	e->config.flat = true;
	e->config.flat_addr = BENCH_ADDR;
	e->config.flat_mode = FLAT_REAL;
	e->config.mem_bytes = mem;
	e->config.console = CONSOLE_NONE;
	if (failed(event_store_create(16u << 20, &e->store), why) ||
	    failed(guest_create(&e->config, &e->target), why)) {
		engine_close(e);
		return false;
	}
	engine_wait(e, 1000000000); /* STOP_STARTED */
	return true;
}

bool engine_step_rate(double *ret, const char **why)
{
	struct run_request req = { .kind = RUN_STEP, .count = STEPS };
	struct engine e;
	uint64_t t0;
	bool ok;

	if (!engine_open(&e, bench_loop_code, bench_loop_len, 1u << 20, why))
		return false;
	t0 = bench_now_ns();
	ok = !failed(target_resume(e.target, &req), why);
	if (ok) {
		*why = "the steps did not end";
		ok = engine_wait(&e, 30000000000ull) && e.report.steps == STEPS;
		*ret = STEPS * 1e9 / (double)(bench_now_ns() - t0);
	}
	engine_close(&e);
	return ok;
}

/* Runs for a window and gives how often @count grew a second. */
static bool engine_rate(struct engine *e, uint64_t (*count)(struct engine *e), double *ret, const char **why)
{
	struct run_request req = { .kind = RUN_CONTINUE };
	uint64_t t0, c0;

	if (failed(target_resume(e->target, &req), why))
		return false;
	engine_wait(e, 20000000); /* let it get going */
	t0 = bench_now_ns();
	c0 = count(e);
	if (engine_wait(e, WINDOW_NS)) {
		snprintf(reason, sizeof(reason), "the guest stopped: %s", e->report.text);
		*why = reason;
		return false;
	}
	*ret = (double)(count(e) - c0) * 1e9 / (double)(bench_now_ns() - t0);
	if (failed(target_interrupt(e->target), why))
		return false;
	*why = "the guest did not stop";
	return engine_wait(e, 2000000000);
}

static uint64_t count_exits(struct engine *e)
{
	struct vcpu_info info = { 0 };

	error_destroy(target_vcpu_info(e->target, 0, &info));
	return info.exits;
}

bool engine_io_rate(double *ret, const char **why)
{
	struct engine e;
	bool ok;

	if (!engine_open(&e, bench_io_code, bench_io_len, 1u << 20, why))
		return false;
	ok = engine_rate(&e, count_exits, ret, why);
	engine_close(&e);
	return ok;
}

static uint64_t count_checked(struct engine *e)
{
	struct stop_status status = { 0 };

	e->target->ops->stop_status(e->target, 1, &status);
	return status.checked;
}

static bool scope_reg(void *ctx, const char *name, unsigned *ret_id, unsigned *ret_size)
{
	struct engine *e = ctx;
	struct reg_ref ref;

	if (!reg_lookup(e->target->arch, name, &ref))
		return false;
	*ret_id = ref.reg;
	*ret_size = 8;
	return true;
}

bool engine_false_break_rate(double *ret, const char **why)
{
	struct stop_spec spec = { .id = 1, .kind = STOP_KIND_BREAK, .addr = BENCH_ADDR, .len = 1, .vcpu = -1 };
	struct expr_prog *cond = NULL;
	struct engine e;
	bool ok = false;

	if (!engine_open(&e, bench_loop_code, bench_loop_len, 1u << 20, why))
		return false;
	struct expr_scope scope = { .ctx = &e, .reg = scope_reg };
	if (!failed(expr_compile("$rax == 0x123456789", &scope, &cond), why)) {
		spec.cond = cond;
		ok = !failed(target_stop_arm(e.target, &spec), why) &&
		     engine_rate(&e, count_checked, ret, why);
	}
	expr_unref(cond);
	engine_close(&e);
	return ok;
}

bool engine_search_rate(double *ret, const char **why)
{
	static const uint8_t needle[] = { 0xde, 0xad, 0xbe, 0xef, 0x11, 0x22, 0x33, 0x44 };
	static struct engine e;
	static bool open;
	uint64_t found = 0, t0;
	bool ok;

	if (!open) {
		uint8_t page[4096];

		if (!engine_open(&e, bench_loop_code, bench_loop_len, SEARCH_BYTES + (2u << 20), why))
			return false;
		memset(page, 0x5a, sizeof(page));
		for (uint64_t gpa = 1u << 20; gpa < (1u << 20) + SEARCH_BYTES; gpa += sizeof(page))
			if (failed(target_phys_write(e.target, gpa, page, sizeof(page)), why))
				return false;
		if (failed(target_phys_write(e.target, (1u << 20) + SEARCH_BYTES - 64, needle,
					     sizeof(needle)), why))
			return false;
		open = true;
	}
	t0 = bench_now_ns();
	ok = !failed(search_phys_all(e.target, 1u << 20, SEARCH_BYTES, needle, sizeof(needle), &found, 1, NULL), why);
	*ret = SEARCH_BYTES * 1e9 / (double)(bench_now_ns() - t0);
	if (ok && found != (1u << 20) + SEARCH_BYTES - 64) {
		*why = "the search did not find what is there";
		return false;
	}
	return ok;
}

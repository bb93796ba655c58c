/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/live.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "guest/arch/machine.h"

void live_need_kvm(void)
{
	struct error *err = machine_host.unsupported ? machine_host.unsupported() : NULL;
	int fd;

	if (err) {
		printf("%s\n", error_message(err));
		exit(77);
	}
	fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		printf("no /dev/kvm on this machine\n");
		exit(77);
	}
	close(fd);
}

void live_start_config(struct live *g, enum flat_mode mode, const void *code, size_t len)
{
	struct stop_report r;

	/* A page that zeroes the rest, so that running off the end is seen. */
	g->code = xcalloc(1, len);
	memcpy(g->code, code, len);
	g->config.image_data = g->code;
	g->config.image_len = len;
	g->config.image_name = "bytes";
	g->config.flat = true;
	g->config.flat_addr = LIVE_CODE;
	g->config.flat_mode = mode;
	if (!g->config.mem_bytes)
		g->config.mem_bytes = 4 << 20;
	struct error *error = guest_create(&g->config, &g->target);
	if (error && strstr(error_message(error), "a guest of another architecture")) {
		printf("its guests are made of instructions that this host does not run\n");
		exit(77);
	}
	assert_ok(error);
	assert_true(g->target->ops->stop_take(g->target, &r));
	assert_int_equal(r.reason, STOP_STARTED);
	assert_int_equal(target_state(g->target), TARGET_STOPPED);
}

void live_start(struct live *g, enum flat_mode mode, const void *code, size_t len)
{
	memset(g, 0, sizeof(*g));
	guest_config_init(&g->config);
	live_start_config(g, mode, code, len);
}

void live_end(struct live *g)
{
	target_destroy(g->target);
	guest_config_deinit(&g->config);
	free(g->code);
	memset(g, 0, sizeof(*g));
}

struct stop_report live_wait(struct live *g)
{
	struct pollfd p = { .fd = g->target->ops->stop_fd(g->target), .events = POLLIN };
	struct stop_report r;

	if (poll(&p, 1, LIVE_TIMEOUT_MS) != 1) {
		print_error("no stop within %d ms\n", LIVE_TIMEOUT_MS);
		fail();
	}
	assert_true(g->target->ops->stop_take(g->target, &r));
	return r;
}

void live_go(struct live *g)
{
	struct run_request req = { .kind = RUN_CONTINUE };

	assert_ok(target_resume(g->target, &req));
}

struct stop_report live_continue(struct live *g)
{
	live_go(g);
	return live_wait(g);
}

struct stop_report live_step(struct live *g, unsigned vcpu, uint64_t count)
{
	struct run_request req = { .kind = RUN_STEP, .vcpu = vcpu, .count = count };

	assert_ok(target_resume(g->target, &req));
	return live_wait(g);
}

struct stop_report live_interrupt(struct live *g, unsigned *ret_ms)
{
	uint64_t t0 = clock_now_ns();
	struct stop_report r;

	assert_ok(target_interrupt(g->target));
	r = live_wait(g);
	*ret_ms = (clock_now_ns() - t0) / 1000000;
	return r;
}

uint64_t live_reg(struct live *g, unsigned vcpu, unsigned reg)
{
	static const unsigned all = REGS_ALL;
	struct regs regs;
	bool stale;

	regs_init(&regs, g->target->arch);
	assert_ok(target_regs_read(g->target, vcpu, g->target->arch->regs[reg].group & all, &regs, &stale));
	assert_false(stale);
	assert_true(regs_valid(&regs, reg));
	return regs_u64(&regs, reg);
}

void live_set_reg(struct live *g, unsigned vcpu, unsigned reg, uint64_t value)
{
	uint8_t bytes[8];

	le64_write(bytes, value);
	assert_ok(target_reg_write(g->target, vcpu, reg, bytes, sizeof(bytes)));
}

uint64_t live_mem(struct live *g, uint64_t gpa, unsigned size)
{
	uint8_t bytes[8] = { 0 };

	assert_ok(target_phys_read(g->target, gpa, bytes, size));
	return le64_read(bytes);
}

struct stop_spec live_break(unsigned id, uint64_t addr)
{
	return (struct stop_spec){ .id = id, .kind = STOP_KIND_BREAK, .addr = addr, .vcpu = -1 };
}

struct stop_spec live_watch(unsigned id, uint64_t addr, unsigned len, unsigned access)
{
	return (struct stop_spec){ .id = id, .kind = STOP_KIND_WATCH, .addr = addr, .len = len,
				   .access = access, .vcpu = -1 };
}

struct stop_spec live_catch(unsigned id, uint64_t events)
{
	return (struct stop_spec){ .id = id, .kind = STOP_KIND_CATCH, .catch_events = events, .vcpu = -1 };
}

static bool scope_reg(void *ctx, const char *name, unsigned *ret_id, unsigned *ret_size)
{
	struct reg_ref ref;

	if (!reg_lookup(&arch_x86_64, name, &ref))
		return false;
	*ret_id = reg_ref_pack(ref, arch_x86_64.regs[ref.reg].bits);
	*ret_size = ref.bits / 8;
	return true;
}

static bool scope_field(void *ctx, const char *name, unsigned *ret_index, bool *ret_signed)
{
	return ctx && event_scope_field(ctx, name, ret_index, ret_signed);
}

struct expr_prog *live_cond(const char *text, const struct schema *schema)
{
	struct expr_scope scope = { .ctx = (void *)schema, .reg = scope_reg, .field = scope_field };
	struct expr_prog *prog = NULL;

	assert_ok(expr_compile(text, &scope, &prog));
	return prog;
}

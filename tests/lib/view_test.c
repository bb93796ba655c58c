/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/view_test.h"

/* The program's own symbols would need the symbols area: a few are enough here. */
static bool symbol_at(void *ctx, uint64_t addr, char *buf, size_t size)
{
	static const struct { uint64_t start, end; const char *name; } syms[] = {
		{ FAKE_MAIN, FAKE_MAIN + 0x1e, "main" }, { FAKE_ISR, FAKE_ISR + 2, "isr_default" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(syms); i++) {
		if (addr < syms[i].start || addr >= syms[i].end)
			continue;
		snprintf(buf, size, "%s+%#llx", syms[i].name, (unsigned long long)(addr - syms[i].start));
		if (addr == syms[i].start)
			snprintf(buf, size, "%s", syms[i].name);
		return true;
	}
	return false;
}

int view_test_setup(void **state)
{
	struct view_test *t = xcalloc(1, sizeof(*t));

	assert_ok(fake_target_create(&t->target));
	regs_init(&t->regs, t->target->arch);
	assert_ok(target_regs_read(t->target, 0, REGS_ALL, &t->regs, NULL));
	t->out = out_create_capture();
	*state = t;
	return 0;
}

int view_test_teardown(void **state)
{
	struct view_test *t = *state;

	out_destroy(t->out);
	target_destroy(t->target);
	free(t);
	return 0;
}

struct error *view_test_show(struct view_test *t, const char *name, const uint64_t *arg)
{
	const struct view *view = view_by_name(name);
	struct view_ctx ctx = { .target = t->target, .vcpu = t->vcpu, .regs = &t->regs, .has_arg = arg != NULL,
				.arg = arg ? *arg : 0, .symbol = symbol_at };

	assert_non_null(view);
	return view_show(view, &ctx, t->out);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Frames of 16-, 32- and 64-bit code on stacks built here, sound and hostile. */
#include "tests/lib/test.h"

#include "core/arch/x86_64.h"

#define MEM 0x20000

struct stack {
	uint8_t ram[MEM];
	struct regs regs;
	struct mem_reader mem;
};

static bool read_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct stack *s = ctx;

	if (gva >= MEM || len > MEM - gva)
		return false;
	memcpy(buf, s->ram + gva, len);
	return true;
}

static int setup(void **state)
{
	struct stack *s = xcalloc(1, sizeof(*s));

	s->mem = (struct mem_reader){ .ctx = s, .phys = read_virt, .virt = read_virt };
	regs_init(&s->regs, &arch_x86_64);
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	free(*state);
	return 0;
}

static void code(struct stack *s, unsigned bits)
{
	regs_set(&s->regs, X86_CR0, bits == 16 ? 0 : bits == 32 ? 1 : X86_CR0_PE | X86_CR0_PG);
	regs_set(&s->regs, X86_EFER, bits == 64 ? X86_EFER_LME | X86_EFER_LMA : 0);
	regs_set(&s->regs, X86_CS_ATTR, bits == 64 ? X86_ATTR_L : bits == 32 ? X86_ATTR_DB : 0);
	regs_set(&s->regs, X86_SS_ATTR, bits == 32 ? X86_ATTR_DB : 0);
}

static struct frame innermost(struct stack *s, uint64_t rip, uint64_t rsp, uint64_t rbp)
{
	regs_set(&s->regs, X86_RIP, rip);
	regs_set(&s->regs, X86_RSP, rsp);
	regs_set(&s->regs, X86_RBP, rbp);
	return (struct frame){ arch_x86_64.pc_linear(&s->regs), arch_x86_64.sp_linear(&s->regs), rbp };
}

/* A frame record of @word bytes at @at: saved frame pointer, return address. */
static void record(struct stack *s, uint64_t at, unsigned word, uint64_t fp, uint64_t ret)
{
	bytes_write(s->ram + at, word, false, fp);
	bytes_write(s->ram + at + word, word, false, ret);
}

static bool up(struct stack *s, struct frame *f)
{
	return arch_x86_64.unwind(&s->regs, &s->mem, f);
}

static void chain_of(struct stack *s, unsigned bits)
{
	unsigned word = bits / 8;
	struct frame f;

	code(s, bits);
	memset(s->ram + 0x1000, 0x90, 0x1000);
	record(s, 0x8000, word, 0x8100, 0x1111);
	record(s, 0x8100, word, 0x8200, 0x1222);
	record(s, 0x8200, word, 0, 0x1333);
	f = innermost(s, 0x1010, 0x7ff0, 0x8000);
	assert_true(up(s, &f));
	assert_int_equal(f.pc, 0x1111);
	assert_int_equal(f.sp, 0x8000 + 2 * word);
	assert_int_equal(f.fp, 0x8100);
	assert_true(up(s, &f));
	assert_int_equal(f.pc, 0x1222);
	assert_true(up(s, &f));
	assert_int_equal(f.pc, 0x1333);
	assert_false(up(s, &f));
	assert_int_equal(f.pc, 0x1333); /* untouched at the end */
}

static void chains(void **state)
{
	for (unsigned bits = 16; bits <= 64; bits *= 2)
		chain_of(*state, bits);
}

static void real_mode_segments(void **state)
{
	struct stack *s = *state;
	struct frame f;

	code(s, 16);
	memset(s->ram + 0x1000, 0x90, 0x1000);
	regs_set(&s->regs, X86_CS_BASE, 0x1000);
	regs_set(&s->regs, X86_SS_BASE, 0x8000);
	record(s, 0x8000 + 0x100, 2, 0x200, 0x456);
	f = innermost(s, 0x123, 0xabcd00f0, 0x12340100); /* only the low halves count */
	assert_int_equal(f.sp, 0x80f0);
	assert_true(up(s, &f));
	assert_int_equal(f.pc, 0x1456);
	assert_int_equal(f.sp, 0x8104);
	assert_int_equal(f.fp, 0x200);
}

/* At a function's first instructions and at its ret the frame is not there. */
static void without_frame(void **state)
{
	static const struct { unsigned bits; const char *bytes; unsigned off; } cases[] = {
		{ 64, "\xf3\x0f\x1e\xfa", 0 }, { 64, "\x55\x48\x89\xe5", 0 }, { 64, "\x48\x89\xe5\x90", 8 },
		{ 64, "\x48\x8b\xec\x90", 8 }, { 64, "\xc3\x90\x90\x90", 0 }, { 64, "\xc2\x08\x00\x90", 0 },
		{ 32, "\x55\x89\xe5\x90", 0 }, { 32, "\x89\xe5\x90\x90", 4 }, { 32, "\x8b\xec\x90\x90", 4 },
		{ 16, "\x55\x89\xe5\x90", 0 }, { 16, "\x89\xe5\x90\x90", 2 }, { 16, "\xc3\x90\x90\x90", 0 },
	};
	struct stack *s = *state;

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned word = cases[i].bits / 8;
		struct frame f;

		code(s, cases[i].bits);
		memset(s->ram, 0x90, MEM);
		memcpy(s->ram + 0x1010, cases[i].bytes, 4);
		bytes_write(s->ram + 0x7000 + cases[i].off, word, false, 0x1abc);
		record(s, 0x8000, word, 0, 0x1def);
		f = innermost(s, 0x1010, 0x7000, 0x8000);
		assert_true(up(s, &f));
		assert_int_equal(f.pc, 0x1abc);
		assert_int_equal(f.sp, 0x7000 + cases[i].off + word);
		assert_int_equal(f.fp, 0x8000); /* still the caller's */
		assert_true(up(s, &f));
		assert_int_equal(f.pc, 0x1def);
	}
}

static void hostile_chains(void **state)
{
	struct stack *s = *state;
	struct frame f;
	unsigned n = 0;

	code(s, 64);
	memset(s->ram + 0x1000, 0x90, 0x1000);
	record(s, 0x8000, 8, 0x8000, 0x1111); /* itself */
	f = innermost(s, 0x1010, 0x7ff0, 0x8000);
	assert_false(up(s, &f));
	record(s, 0x8000, 8, 0x7000, 0x1111); /* downwards */
	assert_false(up(s, &f));
	record(s, 0x8000, 8, 0x9000, 0); /* returns nowhere */
	assert_false(up(s, &f));
	record(s, 0x8000, 8, 0x9000, 0xffff800000000000); /* to where nothing can be read */
	assert_false(up(s, &f));
	f = innermost(s, 0x1010, 0x8010, 0x8000); /* below the stack pointer: rbp is used for something else */
	record(s, 0x8000, 8, 0x9000, 0x1111);
	assert_false(up(s, &f));
	f = innermost(s, 0x1010, 0x7ff0, ~0ULL);
	assert_false(up(s, &f));
	f = innermost(s, 0x1010, 0x7ff0, MEM - 8);
	assert_false(up(s, &f));
	f = innermost(s, 0xdeadbeef000, 0x7ff0, 0x8000); /* the pc itself can not be read: frames still can */
	assert_true(up(s, &f));
	/* The longest chain that memory holds ends. */
	for (unsigned at = 0x8000; at + 16 <= MEM; at++)
		record(s, at & ~7, 8, (at & ~7) + 8, 0x1111);
	f = innermost(s, 0x1010, 0x7ff0, 0x8000);
	while (up(s, &f))
		assert_true(++n < MEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(chains, setup, teardown),
		cmocka_unit_test_setup_teardown(real_mode_segments, setup, teardown),
		cmocka_unit_test_setup_teardown(without_frame, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_chains, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

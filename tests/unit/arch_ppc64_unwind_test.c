/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The back chain from every instruction of functions with and without frames, in both byte orders. */
#include <string.h>

#include "core/arch/ppc64.h"

#include "tests/lib/test.h"

#define CODE 0x1000u
#define STACK 0x8000u

struct mem {
	uint8_t ram[0x10000];
};

static bool read_virt(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct mem *m = ctx;

	if (addr >= sizeof(m->ram) || len > sizeof(m->ram) - addr)
		return false;
	memcpy(buf, m->ram + addr, len);
	return true;
}

/* At instruction @at of @code (loaded at CODE), r1 and LR as given: where does it return, to which r1? */
static struct frame caller_of(struct mem *m, bool big, unsigned at, uint64_t sp, uint64_t lr, bool *ret_ok)
{
	struct mem_reader reader = { .ctx = m, .virt = read_virt };
	struct frame f;
	struct regs r;

	regs_init(&r, big ? &arch_ppc64 : &arch_ppc64le);
	regs_set(&r, PPC64_MSR, PPC64_MSR_SF | (big ? 0 : PPC64_MSR_LE));
	regs_set(&r, PPC64_PC, CODE + 4 * at);
	regs_set(&r, PPC64_R1, sp);
	regs_set(&r, PPC64_LR, lr);
	f = (struct frame){ .pc = CODE + 4 * at, .sp = sp };
	*ret_ok = r.arch->unwind(&r, &reader, &f);
	return f;
}

#define CALLER 0x2000u		/* return address */
#define JUNK 0x3000u		/* what LR holds after a call of its own */

static void every_instruction(void **state)
{
	static const struct {
		uint32_t word;
		bool made, live;	/* before it: r1 is ours; LR returns */
	} framed[] = {
		{ 0x7c0802a6, false, true },	/* mflr r0 */
		{ 0xf8010010, false, true },	/* std r0,16(r1) */
		{ 0xf821ffe1, false, true },	/* stdu r1,-32(r1) */
		{ 0x38600001, true, true },	/* li r3,1 */
		{ 0x48000101, true, true },	/* bl */
		{ 0x38600002, true, false },	/* li r3,2 */
		{ 0x38210020, true, false },	/* addi r1,r1,32 */
		{ 0xe8010010, false, false },	/* ld r0,16(r1) */
		{ 0x7c0803a6, false, false },	/* mtlr r0 */
		{ 0x4e800020, false, true },	/* blr */
	};
	static const uint32_t leaf[] = { 0x38600001, 0x2c030000, 0x41820008, 0x38630001, 0x4e800020 };
	static struct mem m;

	for (unsigned big = 0; big < 2; big++) {
		memset(&m, 0, sizeof(m));
		for (unsigned i = 0; i < ARRAY_SIZE(framed); i++)
			bytes_write(m.ram + CODE + 4 * i, 4, big, framed[i].word);
		bytes_write(m.ram + STACK, 8, big, STACK + 64);		/* the caller's own chain */
		bytes_write(m.ram + STACK + 16, 8, big, CALLER);	/* saved in its frame */
		bytes_write(m.ram + STACK - 32, 8, big, STACK);
		for (unsigned i = 0; i < ARRAY_SIZE(framed); i++) {
			bool ok;
			struct frame f = caller_of(&m, big, i, framed[i].made ? STACK - 32 : STACK,
						   framed[i].live ? CALLER : JUNK, &ok);

			if (!ok || f.pc != CALLER || f.sp != STACK)
				fail_msg("at instruction %u: %d pc 0x%x sp 0x%x", i, ok, (int)f.pc, (int)f.sp);
		}
		for (unsigned i = 0; i < ARRAY_SIZE(leaf); i++)
			bytes_write(m.ram + CODE + 4 * i, 4, big, leaf[i]);
		for (unsigned i = 0; i < ARRAY_SIZE(leaf); i++) {
			bool ok;
			struct frame f = caller_of(&m, big, i, STACK, JUNK, &ok);

			assert_true(ok && f.pc == JUNK && f.sp == STACK);
		}
	}
}

static void ends(void **state)
{
	static struct mem m;
	struct mem_reader reader = { .ctx = &m, .virt = read_virt };
	struct frame f;
	struct regs r;

	regs_init(&r, &arch_ppc64le);
	regs_set(&r, PPC64_MSR, PPC64_MSR_SF | PPC64_MSR_LE);
	regs_set(&r, PPC64_PC, CODE);
	/* A chain word of 0, one that goes down, one that goes nowhere. */
	f = (struct frame){ .pc = CALLER, .sp = STACK };
	assert_false(r.arch->unwind(&r, &reader, &f));
	le64_write(m.ram + STACK, STACK - 64);
	assert_false(r.arch->unwind(&r, &reader, &f));
	le64_write(m.ram + STACK, 0x7fff00000000);
	assert_false(r.arch->unwind(&r, &reader, &f));
	le64_write(m.ram + STACK, STACK + 32);
	le64_write(m.ram + STACK + 48, CALLER);
	assert_true(r.arch->unwind(&r, &reader, &f));
	assert_true(f.pc == CALLER && f.sp == STACK + 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_instruction), cmocka_unit_test(ends) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

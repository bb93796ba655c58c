/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Radix walks on trees built here: process table, quadrants, leaves of every level, rights, hostile tables;
 * map() against walk(); one tree alone as partition-scoped tables are. */
#include <stdlib.h>
#include <string.h>

#include "core/arch/ppc64_mmu.h"

#include "tests/lib/test.h"

#define MEM (1u << 20)
#define VALID BIT(63)
#define LEAF (BIT(63) | BIT(62))
#define RTS_52 (BIT(61 + 1) | 5ull << 5) /* 0b10101: 31 + 21 bits */
#define L1 0x10000ull	/* 2^13 entries */
#define L2 0x20000ull	/* 2^9 */
#define L3 0x21000ull
#define L4 0x22000ull	/* 2^9: 4 KiB pages */
#define PROCESS 0x30000ull

struct mem {
	uint8_t *ram;
	struct regs regs;
	struct mem_reader reader;
};

static bool read_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct mem *m = ctx;

	if (gpa >= MEM || len > MEM - gpa)
		return false;
	memcpy(buf, m->ram + gpa, len);
	return true;
}

static void set(struct mem *m, uint64_t gpa, uint64_t v)
{
	be64_write(m->ram + gpa, v);
}

static int setup(void **state)
{
	struct mem *m = xcalloc(1, sizeof(*m));

	m->ram = xcalloc(1, MEM);
	m->reader = (struct mem_reader){ .ctx = m, .phys = read_phys };
	regs_init(&m->regs, &arch_ppc64le);
	regs_set(&m->regs, PPC64_MSR, 0x8000000000001033);
	regs_set(&m->regs, PPC64_PRTB, PPC64_PRTB_GR | PROCESS);
	regs_set(&m->regs, PPC64_PID, 3);
	set(m, PROCESS, RTS_52 | L1 | 13);		/* pid 0: the kernel */
	set(m, PROCESS + 3 * 16, RTS_52 | L1 | 13);
	*state = m;
	return 0;
}

static int teardown(void **state)
{
	struct mem *m = *state;

	free(m->ram);
	free(m);
	return 0;
}

static struct mmu_walk walk(struct mem *m, uint64_t gva)
{
	struct mmu_walk w;

	assert_ok(arch_ppc64le.walk(&m->regs, &m->reader, gva, &w));
	return w;
}

static void four_levels(void **state)
{
	struct mem *m = *state;
	uint64_t ea = 5ull << 39 | 6ull << 30 | 7ull << 21 | 8ull << 12 | 0x123;
	struct mmu_walk w;

	set(m, L1 + 5 * 8, VALID | L2 | 9);
	set(m, L2 + 6 * 8, VALID | L3 | 9);
	set(m, L3 + 7 * 8, VALID | L4 | 9);
	set(m, L4 + 8 * 8, LEAF | 0x7654000 | 0x187); /* referenced, changed, R W X, user */
	w = walk(m, ea);
	assert_int_equal(w.verdict, MMU_MAPPED);
	assert_true(w.gpa == 0x7654123);
	assert_int_equal(w.page_size, 4096);
	assert_int_equal(w.nlevels, 5);
	assert_true(w.write && w.user && w.exec);
	assert_string_equal(w.levels[0].name, "process");
	assert_string_equal(w.levels[0].flags, "pid 3, 52 bits, root of 8192 entries");
	assert_string_equal(w.levels[4].flags, "RWX user referenced changed");
	assert_true(w.levels[4].entry_gpa == L4 + 8 * 8);
	/* The kernel's quadrant uses pid 0. */
	w = walk(m, ea | 3ull << 62);
	assert_int_equal(w.verdict, MMU_MAPPED);
	assert_true(w.levels[0].entry_gpa == PROCESS);
	/* Leaves higher up: 2 MiB, 1 GiB. */
	set(m, L3 + 7 * 8, LEAF | 0x40200000 | 0xe); /* privileged R W */
	w = walk(m, ea);
	assert_int_equal(w.page_size, 2 << 20);
	assert_true(w.gpa == 0x40200000 + (ea & 0x1fffff));
	assert_true(w.write && !w.user && !w.exec);
	set(m, L2 + 6 * 8, LEAF | 0x80000000 | 0x5);
	w = walk(m, ea);
	assert_int_equal(w.page_size, 1 << 30);
	assert_true(w.exec && !w.write);
	/* 64 KiB pages: the last level has 5 bits. */
	set(m, L2 + 6 * 8, VALID | L3 | 9);
	set(m, L3 + 7 * 8, VALID | L4 | 5);
	set(m, L4, LEAF | 0x110000 | 7);
	w = walk(m, ea);
	assert_int_equal(w.page_size, 65536);
	assert_true(w.gpa == 0x110000 + (ea & 0xffff));
}

static void verdicts(void **state)
{
	struct mem *m = *state;
	struct mmu_walk w;

	assert_int_equal(walk(m, 0x1000).verdict, MMU_NOT_PRESENT);
	assert_int_equal(walk(m, BIT(62)).verdict, MMU_NONCANONICAL);
	assert_int_equal(walk(m, BIT(63) | 0x1000).verdict, MMU_NONCANONICAL);
	assert_int_equal(walk(m, BIT(55)).verdict, MMU_NONCANONICAL);
	set(m, L1, VALID | 0xf0000000 | 9);
	assert_int_equal(walk(m, 0x1000).verdict, MMU_UNREADABLE);
	set(m, L1, VALID | (L2 + 256) | 9); /* not aligned to its size */
	assert_int_equal(walk(m, 0x1000).verdict, MMU_RESERVED);
	set(m, L1, VALID | L2 | 31);
	assert_int_equal(walk(m, 0x1000).verdict, MMU_RESERVED);
	/* A tree that never ends in a leaf. */
	set(m, L1, VALID | L2 | 9);
	set(m, L2, VALID | L3 | 9);
	set(m, L3, VALID | L4 | 5);
	set(m, L4, VALID | L4 | 5);
	w = walk(m, 0x1000);
	assert_int_equal(w.verdict, MMU_RESERVED);
	assert_true(w.nlevels <= MMU_LEVELS_MAX);
	regs_set(&m->regs, PPC64_PID, 4);
	assert_int_equal(walk(m, 0x1000).verdict, MMU_NOT_PRESENT);
	assert_string_equal(walk(m, 0x1000).levels[0].flags, "pid 4 has no tree");
	regs_set(&m->regs, PPC64_PID, 256);
	assert_string_equal(walk(m, 0x1000).levels[0].flags, "pid 256 is past the table");
	regs_set(&m->regs, PPC64_MSR, 0x8000000000001001);
	w = walk(m, 0xc000000000001000);
	assert_int_equal(w.verdict, MMU_NO_PAGING);
	assert_true(w.gpa == 0x1000);
	regs_set(&m->regs, PPC64_MSR, 0x8000000000001033);
	regs_set(&m->regs, PPC64_PRTB, PROCESS);
	assert_error(arch_ppc64le.walk(&m->regs, &m->reader, 0, &w), ERROR_UNSUPPORTED, "hashed translation");
}

struct list {
	struct mmu_range range[16];
	unsigned n;
};

static bool collect(void *ctx, const struct mmu_range *range)
{
	struct list *l = ctx;

	assert_true(l->n < ARRAY_SIZE(l->range));
	l->range[l->n++] = *range;
	return true;
}

static void map_agrees_with_walk(void **state)
{
	struct mem *m = *state;
	struct list l = { .n = 0 };

	set(m, L1 + 5 * 8, VALID | L2 | 9);
	set(m, L2 + 6 * 8, VALID | L3 | 9);
	set(m, L3 + 7 * 8, VALID | L4 | 9);
	set(m, L3 + 9 * 8, LEAF | 0x40200000 | 0xe);
	for (unsigned i = 0; i < 4; i++)
		set(m, L4 + i * 8, LEAF | (0x5000 + i * 0x1000) | (i == 3 ? 5 : 7));
	assert_ok(arch_ppc64le.map(&m->regs, &m->reader, collect, &l));
	assert_int_equal(l.n, 6); /* three runs, in both quadrants */
	assert_int_equal(l.range[0].len, 3 * 4096);
	assert_true(l.range[3].gva == (l.range[0].gva | 3ull << 62));
	for (unsigned i = 0; i < l.n; i++) {
		for (uint64_t at = 0; at < l.range[i].len; at += l.range[i].page_size) {
			struct mmu_walk w = walk(m, l.range[i].gva + at);

			assert_int_equal(w.verdict, MMU_MAPPED);
			assert_true(w.gpa == l.range[i].gpa + at);
			assert_int_equal(w.write, l.range[i].write);
			assert_int_equal(w.user, l.range[i].user);
		}
	}
}

static bool drop(void *ctx, const struct mmu_range *range)
{
	return true;
}

/* A table whose entries all lead to itself is cut and told. */
static void self_reference_is_cut(void **state)
{
	struct mem *m = *state;

	for (unsigned i = 0; i < 8192; i++)
		set(m, L1 + i * 8, VALID | L2 | 9);
	for (unsigned i = 0; i < 512; i++)
		set(m, L2 + i * 8, VALID | L2 | 9);
	assert_error(arch_ppc64le.map(&m->regs, &m->reader, drop, NULL), ERROR_FAILED, "refer to themselves");
}

/* Partition-scoped: a root of the host's, addresses are the guest's physical ones. */
static void one_tree(void **state)
{
	struct mem *m = *state;
	struct mmu_walk w = { 0 };

	set(m, L1, VALID | L2 | 9);
	set(m, L2 + 8, LEAF | 0x1c0000000 | 0x187);
	ppc64_radix_walk(&m->reader, BIT(63) | RTS_52 | L1 | 13, 0x40012345, &w);
	assert_int_equal(w.verdict, MMU_MAPPED);
	assert_true(w.gpa == 0x1c0012345);
	assert_int_equal(w.nlevels, 2);
	w = (struct mmu_walk){ 0 };
	ppc64_radix_walk(&m->reader, RTS_52 | L1 | 13, BIT(52), &w);
	assert_int_equal(w.verdict, MMU_NONCANONICAL);
}

static void random_tables(void **state)
{
	struct mem *m = *state;
	uint64_t seed = 0x9e3779b97f4a7c15;

	for (unsigned i = 0; i < MEM / 8; i++) {
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		set(m, i * 8, (seed & MASK(63, 20)) % 3 ? (seed & (MASK(63, 62) | MASK(19, 8))) | 9 : seed);
	}
	for (unsigned i = 0; i < 20000; i++) {
		seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
		regs_set(&m->regs, PPC64_PID, seed >> 50);
		walk(m, seed & MASK(51, 0));
	}
}

/* Worked out by hand after ISA III 5.7.9, and as linux' hpt_hash() and hpte_encode_avpn() do. */
static void hashed(void **state)
{
	struct ppc64_slbe s;
	struct ppc64_hash h;

	ppc64_slbe_decode(0xc000000008000005, 0x123456000 | 0x510, &s);
	assert_true(s.valid && s.kp && !s.ks && !s.segment_1t && s.page_shift == 16 && s.index == 5);
	assert_true(s.vsid == 0x123456 && s.esid == 0xc000000000000000);
	assert_true(ppc64_slbe_match(&s, 0xc00000000fffffff));
	assert_false(ppc64_slbe_match(&s, 0xc000000010000000));
	ppc64_hash_ea(&s, 0xc000000000012345, &h);
	assert_true(h.hash == 0x123457);
	assert_true(h.avpn == 0x123456000);
	assert_true(ppc64_hash_group(&h, 18, false) == 0x457);
	assert_true(ppc64_hash_group(&h, 18, true) == 0x3a8);
	assert_true(ppc64_hpte_match(&s, &h, 0x123456015, false));
	assert_false(ppc64_hpte_match(&s, &h, 0x123456015, true));
	assert_true(ppc64_hpte_match(&s, &h, 0x123456007, true));
	assert_false(ppc64_hpte_match(&s, &h, 0x123456011, false)); /* not large */
	assert_false(ppc64_hpte_match(&s, &h, 0x123456014, false)); /* not valid */
	/* A 1 TiB segment with 16 MiB pages: the lowest bit of AVA is not looked at. */
	ppc64_slbe_decode(0xc000010008000000, BIT(62) | 0xabcdeull << 24 | 0x100, &s);
	assert_true(s.segment_1t && s.vsid == 0xabcde && s.page_shift == 24 && s.esid == 0xc000010000000000);
	ppc64_hash_ea(&s, 0xc000010003800000, &h);
	assert_true(h.hash == ((0xabcdeull ^ 0xabcdeull << 25 ^ 3) & MASK(38, 0)));
	assert_true(h.avpn == (BIT(62) | (0xabcdeull << 17 | 6) << 7));
	ppc64_slbe_decode(0xc000000000000000, 0, &s);
	assert_false(ppc64_slbe_match(&s, 0xc000000000000000));
	assert_true(ppc64_hash_group(&h, 3, false) == 0); /* a size nobody has */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(four_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(verdicts, setup, teardown),
		cmocka_unit_test_setup_teardown(map_agrees_with_walk, setup, teardown),
		cmocka_unit_test_setup_teardown(self_reference_is_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(one_tree, setup, teardown),
		cmocka_unit_test_setup_teardown(random_tables, setup, teardown),
		cmocka_unit_test(hashed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

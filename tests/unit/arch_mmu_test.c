/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Page walks of every mode on tables built here: leaves of every size, rights, reserved bits, hostile
 * tables; and map() against walk(). */
#include "tests/lib/test.h"

#include "core/arch/x86_64.h"

#define MEM (1u << 20)

struct mem {
	uint8_t *ram;
	struct regs regs;
	struct mem_reader reader;
	unsigned reads;
};

static bool read_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct mem *m = ctx;

	m->reads++;
	if (gpa >= MEM || len > MEM - gpa)
		return false;
	memcpy(buf, m->ram + gpa, len);
	return true;
}

static int setup(void **state)
{
	struct mem *m = xcalloc(1, sizeof(*m));

	m->ram = xcalloc(1, MEM);
	m->reader = (struct mem_reader){ .ctx = m, .phys = read_phys };
	regs_init(&m->regs, &arch_x86_64);
	regs_set(&m->regs, X86_CR3, 0x1000);
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

static void mode(struct mem *m, uint64_t cr0, uint64_t cr4, uint64_t efer)
{
	regs_set(&m->regs, X86_CR0, cr0);
	regs_set(&m->regs, X86_CR4, cr4);
	regs_set(&m->regs, X86_EFER, efer);
}

#define CR0_ON (X86_CR0_PE | X86_CR0_PG)
#define LONG_MODE (X86_EFER_LME | X86_EFER_LMA)

static void set32(struct mem *m, uint64_t table, unsigned i, uint32_t v)
{
	le32_write(m->ram + table + 4 * i, v);
}

static void set64(struct mem *m, uint64_t table, unsigned i, uint64_t v)
{
	le64_write(m->ram + table + 8 * i, v);
}

static struct mmu_walk walk(struct mem *m, uint64_t gva)
{
	struct mmu_walk w;

	assert_ok(arch_x86_64.walk(&m->regs, &m->reader, gva, &w));
	assert_int_equal(w.gva, gva);
	return w;
}

static void expect(struct mem *m, uint64_t gva, uint64_t gpa, uint64_t size, const char *rights)
{
	struct mmu_walk w = walk(m, gva);
	char got[4];

	assert_int_equal(w.verdict, MMU_MAPPED);
	if (w.gpa != gpa)
		fail_msg("%#llx -> %#llx, not %#llx", (long long)gva, (long long)w.gpa, (long long)gpa);
	assert_int_equal(w.page_size, size);
	snprintf(got, sizeof(got), "%c%c%c", w.write ? 'w' : '-', w.exec ? 'x' : '-', w.user ? 'u' : '-');
	assert_string_equal(got, rights);
	assert_int_equal(w.levels[w.nlevels - 1].page_size, size);
}

static void expect_not(struct mem *m, uint64_t gva, enum mmu_verdict verdict, unsigned nlevels)
{
	struct mmu_walk w = walk(m, gva);

	assert_int_equal(w.verdict, verdict);
	assert_int_equal(w.nlevels, nlevels);
	assert_false(w.write || w.user || w.exec);
}

static void no_paging(void **state)
{
	struct mem *m = *state;
	struct mmu_walk w;

	mode(m, X86_CR0_PE, 0, 0);
	w = walk(m, 0x12345);
	assert_int_equal(w.verdict, MMU_NO_PAGING);
	assert_int_equal(w.gpa, 0x12345);
	assert_string_equal(w.mode, "off");
	assert_error(arch_x86_64.map(&m->regs, &m->reader, NULL, NULL), ERROR_STATE, "paging is off");
}

static void mode_32bit(void **state)
{
	struct mem *m = *state;

	mode(m, CR0_ON, X86_CR4_PSE, 0);
	set32(m, 0x1000, 0, 0x2000 | 7);
	set32(m, 0x2000, 5, 0x5a000 | 0x65);
	set32(m, 0x1000, 1, 0x00800000 | 0xe7);			/* 4 MiB */
	set32(m, 0x1000, 2, 0x00c00000 | 0x83 | 0xab << 13);	/* PSE-36: address bits 39:32 = 0xab */
	set32(m, 0x1000, 3, 0x00c00000 | 0x83 | 1 << 21);	/* reserved */
	set32(m, 0x1000, 1023, 0x3000 | 5);
	set32(m, 0x3000, 1023, 0x7000 | 7);
	set32(m, 0x1000, 4, 0xfffff000 | 7);			/* the table is no memory */
	expect(m, 0x5123, 0x5a123, 4096, "-xu");
	expect(m, 0x00412345, 0x00812345, 4 << 20, "wxu");
	expect(m, 0x00812345, 0xab00c12345, 4 << 20, "wx-");
	expect(m, 0xfffff004, 0x7004, 4096, "-xu");
	expect_not(m, 0x00c00000, MMU_RESERVED, 1);
	expect_not(m, 0x4123, MMU_NOT_PRESENT, 2);
	expect_not(m, 0x80000000, MMU_NOT_PRESENT, 1);
	expect_not(m, 0x01000000, MMU_UNREADABLE, 2);
	expect_not(m, 0x100000000, MMU_NONCANONICAL, 0);
	assert_string_equal(walk(m, 0x00400000).levels[0].flags, "P RW US A D PS");
	assert_string_equal(walk(m, 0x5000).levels[0].name, "PDE");
	assert_string_equal(walk(m, 0x5000).levels[1].flags, "P US A D");
	/* Without CR4.PSE bit 7 of a PDE means nothing: it is a table. */
	mode(m, CR0_ON, 0, 0);
	expect_not(m, 0x00412345, MMU_UNREADABLE, 2);
}

static void mode_pae(void **state)
{
	struct mem *m = *state;

	mode(m, CR0_ON, X86_CR4_PAE, X86_EFER_NXE);
	regs_set(&m->regs, X86_CR3, 0x1020); /* 32-byte alignment is enough */
	set64(m, 0x1020, 0, 0x2000 | 1);
	set64(m, 0x1020, 3, 0x3000 | 1);
	set64(m, 0x1020, 1, 0x2000 | 3);	/* RW is reserved here */
	set64(m, 0x2000, 0, 0x4000 | 7);
	set64(m, 0x2000, 1, 0x123400000 | 0x83 | X86_PTE_NX);
	set64(m, 0x2000, 2, 0x123400000 | 0x83 | BIT(13));
	set64(m, 0x2000, 3, 0x4000 | 7 | BIT(55));
	set64(m, 0x4000, 1, 0xfedcba9000 | 7);
	set64(m, 0x3000, 511, 0x400000 | 0x87);
	expect(m, 0x1abc, 0xfedcba9abc, 4096, "wxu");
	expect(m, 0x2abcde, 0x1234abcde, 2 << 20, "w--");
	expect(m, 0xffffffff, 0x5fffff, 2 << 20, "wxu");
	expect_not(m, 0x40000000, MMU_RESERVED, 1);
	expect_not(m, 0x400000, MMU_RESERVED, 2);
	expect_not(m, 0x600000, MMU_RESERVED, 2);
	expect_not(m, 0x80000000, MMU_NOT_PRESENT, 1);
	assert_string_equal(walk(m, 0x1000).levels[0].flags, "P");
	assert_string_equal(walk(m, 0x1000).mode, "PAE");
	/* NX without EFER.NXE is a reserved bit. */
	mode(m, CR0_ON, X86_CR4_PAE, 0);
	expect_not(m, 0x2abcde, MMU_RESERVED, 2);
}

static void mode_4level(void **state)
{
	struct mem *m = *state;

	mode(m, CR0_ON, X86_CR4_PAE, LONG_MODE | X86_EFER_NXE);
	set64(m, 0x1000, 0, 0x2000 | 7);
	set64(m, 0x1000, 511, 0x2000 | 5 | X86_PTE_NX);
	set64(m, 0x1000, 1, 0x2000 | 0x87);		/* PS in a PML4E */
	set64(m, 0x1000, 256, 0x1000 | 0x67);		/* itself */
	set64(m, 0x2000, 0, 0x3000 | 7);
	set64(m, 0x2000, 1, 0x40000000 | 0x1e7);	/* 1 GiB, global */
	set64(m, 0x2000, 2, 0x40000000 | 0x87 | BIT(20));
	set64(m, 0x3000, 0, 0x4000 | 3);
	set64(m, 0x3000, 1, 0x8000000000000ULL | 0x83 | BIT(12)); /* address bit 51; PAT */
	set64(m, 0x4000, 7, 0x77000 | 0x87);		/* PAT in a PTE, not a large page */
	expect(m, 0x7123, 0x77123, 4096, "wx-");
	expect(m, 0x212345, 0x8000000012345ULL, 2 << 20, "wx-");
	expect(m, 0x4abcdef1, 0x4abcdef1, 1 << 30, "wxu");
	expect(m, 0xffffff8040000001, 0x40000001, 1 << 30, "--u");
	assert_string_equal(walk(m, 0x40000000).levels[1].flags, "P RW US A D PS G");
	assert_string_equal(walk(m, 0x7000).levels[3].flags, "P RW US PAT");
	assert_string_equal(walk(m, 0x7000).mode, "4-level");
	expect_not(m, 0x80000000, MMU_RESERVED, 2);
	expect_not(m, 0x8000000000, MMU_RESERVED, 1);
	expect_not(m, 0x800000000000, MMU_NONCANONICAL, 0);
	expect_not(m, 0xffff7fffffffffff, MMU_NONCANONICAL, 0);
	expect_not(m, 0x8000, MMU_NOT_PRESENT, 4);
	/* Through the self-reference the PML4 is a page: 256 for all four indices. */
	expect(m, 0xffff804020100800, 0x1800, 4096, "wxu");
}

static void mode_5level(void **state)
{
	struct mem *m = *state;

	mode(m, CR0_ON, X86_CR4_PAE | X86_CR4_LA57, LONG_MODE);
	set64(m, 0x1000, 0, 0x2000 | 7);
	set64(m, 0x1000, 511, 0x2000 | 7);
	set64(m, 0x2000, 511, 0x3000 | 7);
	set64(m, 0x3000, 1, 0x40000000 | 0x87);
	expect(m, 0xff8040000123, 0x40000123, 1 << 30, "wxu");
	expect(m, 0xffffff8040000123, 0x40000123, 1 << 30, "wxu");
	assert_string_equal(walk(m, 0xff8040000123).levels[0].name, "PML5E");
	expect_not(m, 0x100000000000000, MMU_NONCANONICAL, 0);
	expect_not(m, 0xff8000000000, MMU_NOT_PRESENT, 3);
	assert_true(x86_canonical(&m->regs, 0xff000000000000));
	set64(m, 0x1000, 1, 0x2000 | 0x87);
	expect_not(m, 1ULL << 48, MMU_RESERVED, 1);
}

/* ---- map -------------------------------------------------------------------------------------- */

struct ranges {
	VEC(struct mmu_range) v;
	size_t max;
};

static bool collect(void *ctx, const struct mmu_range *range)
{
	struct ranges *r = ctx;

	vec_push(&r->v, *range);
	return r->v.len < r->max;
}

static void map_runs(void **state)
{
	struct mem *m = *state;
	struct ranges r = { .max = 100 };
	struct mmu_walk w;

	mode(m, CR0_ON, X86_CR4_PAE, LONG_MODE | X86_EFER_NXE);
	set64(m, 0x1000, 0, 0x2000 | 7);
	set64(m, 0x1000, 511, 0x2000 | 3);
	set64(m, 0x2000, 0, 0x3000 | 7);
	set64(m, 0x3000, 0, 0x4000 | 7);
	set64(m, 0x3000, 1, 0x200000 | 0xa7);
	set64(m, 0x3000, 2, 0x400000 | 0xe7);
	for (unsigned i = 4; i < 12; i++)
		set64(m, 0x4000, i, i << 12 | (i < 8 ? 7 : 5) | (i == 5 ? 0x60 : 0));
	set64(m, 0x4000, 20, 0x15000 | 7);
	assert_ok(arch_x86_64.map(&m->regs, &m->reader, collect, &r));
	assert_int_equal(r.v.len, 8);
	assert_int_equal(r.v.data[0].gva, 0x4000);
	assert_int_equal(r.v.data[0].len, 0x4000);
	assert_true(r.v.data[0].dirty && r.v.data[0].accessed && r.v.data[0].write && r.v.data[0].user);
	assert_int_equal(r.v.data[1].gva, 0x8000);
	assert_false(r.v.data[1].write || r.v.data[1].dirty);
	assert_int_equal(r.v.data[2].gva, 20 << 12);
	assert_int_equal(r.v.data[2].gpa, 0x15000);
	assert_int_equal(r.v.data[3].gva, 0x200000);
	assert_int_equal(r.v.data[3].len, 0x400000);
	assert_int_equal(r.v.data[3].page_size, 0x200000);
	assert_int_equal(r.v.data[4].gva, 0xffffff8000004000);
	assert_false(r.v.data[4].user);
	/* Both ends of each run agree with single walks. */
	for (size_t i = 0; i < r.v.len; i++) {
		for (unsigned end = 0; end < 2; end++) {
			uint64_t off = end ? r.v.data[i].len - 1 : 0;

			w = walk(m, r.v.data[i].gva + off);
			assert_int_equal(w.verdict, MMU_MAPPED);
			assert_int_equal(w.gpa, r.v.data[i].gpa + off);
			assert_int_equal(w.page_size, r.v.data[i].page_size);
			assert_int_equal(w.write, r.v.data[i].write);
			assert_int_equal(w.user, r.v.data[i].user);
		}
	}
	r.v.len = 0;
	r.max = 2; /* the caller had enough */
	assert_ok(arch_x86_64.map(&m->regs, &m->reader, collect, &r));
	assert_int_equal(r.v.len, 2);
	vec_free(&r.v);
}

/* Every entry of one table points at the table: 512^4 pages, if one follows it all. */
static void map_of_a_trap_ends(void **state)
{
	struct mem *m = *state;
	struct ranges r = { .max = 10 };

	mode(m, CR0_ON, X86_CR4_PAE | X86_CR4_LA57, LONG_MODE);
	for (unsigned i = 0; i < 512; i++)
		set64(m, 0x1000, i, 0x1000 | 7);
	assert_ok(arch_x86_64.map(&m->regs, &m->reader, collect, &r));
	assert_int_equal(r.v.len, 10);
	assert_true(m->reads < 100);
	m->reads = 0;
	r.v.len = 0;
	r.max = ~0ULL;
	/* Nothing to report: pages above memory whose tables are missing, over and over. */
	for (unsigned i = 0; i < 512; i++)
		set64(m, 0x1000, i, (i & 1 ? 0xffff000 : 0x1000) | 7);
	assert_error(arch_x86_64.map(&m->regs, &m->reader, collect, &r), ERROR_FAILED, "refer to themselves");
	assert_true(m->reads <= 65536);
	vec_free(&r.v);
}

/* Random tables never lead outside: only sanitizers and the asserts inside judge. */
static void random_tables(void **state)
{
	static const struct { uint64_t cr0, cr4, efer; } modes[] = {
		{ CR0_ON, 0, 0 }, { CR0_ON, X86_CR4_PSE, 0 }, { CR0_ON, X86_CR4_PAE, 0 },
		{ CR0_ON, X86_CR4_PAE, LONG_MODE | X86_EFER_NXE },
		{ CR0_ON, X86_CR4_PAE | X86_CR4_LA57, LONG_MODE },
	};
	struct mem *m = *state;
	uint64_t seed = 88172645463325252ULL;

	for (unsigned i = 0; i < MEM / 8; i++) {
		seed ^= seed << 13;
		seed ^= seed >> 7;
		seed ^= seed << 17;
		/* mostly pointers that stay in memory, so that walks get deep */
		set64(m, 0, i, i % 3 ? (seed & 0xff067) | 1 : seed);
	}
	for (unsigned k = 0; k < ARRAY_SIZE(modes); k++) {
		mode(m, modes[k].cr0, modes[k].cr4, modes[k].efer);
		for (unsigned i = 0; i < 20000; i++) {
			struct mmu_walk w;

			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			assert_ok(arch_x86_64.walk(&m->regs, &m->reader, (uint64_t)((int64_t)seed >> (i % 48)), &w));
			assert_true(w.nlevels <= MMU_LEVELS_MAX);
			if (w.verdict == MMU_MAPPED)
				assert_int_equal(w.gpa & (w.page_size - 1), w.gva & (w.page_size - 1));
		}
	}
}

static void verdicts_have_words(void **state)
{
	for (unsigned v = MMU_MAPPED; v <= MMU_UNREADABLE; v++)
		assert_string_not_equal(mmu_verdict_text(v), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(no_paging, setup, teardown),
		cmocka_unit_test_setup_teardown(mode_32bit, setup, teardown),
		cmocka_unit_test_setup_teardown(mode_pae, setup, teardown),
		cmocka_unit_test_setup_teardown(mode_4level, setup, teardown),
		cmocka_unit_test_setup_teardown(mode_5level, setup, teardown),
		cmocka_unit_test_setup_teardown(map_runs, setup, teardown),
		cmocka_unit_test_setup_teardown(map_of_a_trap_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(random_tables, setup, teardown),
		cmocka_unit_test(verdicts_have_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Unwinding: fabricated stacks for frames written by hand, then a whole run of the fixture, single-
 * stepped: at each instruction the callers found must be those that really called.
 */
#include <elf.h>
#include <inttypes.h>
#include <sys/stat.h>

#include "core/arch/x86_64.h"
#include "core/symbols/unwind.h"
#include "tests/lib/process.h"
#include "tests/lib/test.h"

#define STACK_BASE 0x7fff0000ULL
#define STACK_SIZE 4096

/* The fixture's image as a loader would place it, and a stack. */
struct image {
	struct symbols *syms;
	uint8_t *file;
	size_t size;
	uint8_t stack[STACK_SIZE];
};

static bool image_virt(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const struct image *image = ctx;
	const Elf64_Ehdr *header = (const void *)image->file;
	const Elf64_Phdr *segments = (const void *)(image->file + header->e_phoff);

	if (addr >= STACK_BASE && addr - STACK_BASE <= STACK_SIZE && len <= STACK_SIZE - (addr - STACK_BASE)) {
		memcpy(buf, image->stack + (addr - STACK_BASE), len);
		return true;
	}
	for (unsigned i = 0; i < header->e_phnum; i++)
		if (segments[i].p_type == PT_LOAD && addr >= segments[i].p_vaddr &&
		    addr + len <= segments[i].p_vaddr + segments[i].p_filesz) {
			memcpy(buf, image->file + segments[i].p_offset + (addr - segments[i].p_vaddr), len);
			return true;
		}
	return false;
}

static int setup(void **state)
{
	struct image *image = xcalloc(1, sizeof(*image));
	_free_ char *path = fixture_path("unwind.elf");
	FILE *f = fopen(path, "rb");
	struct stat st;
	size_t n;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	image->file = malloc(st.st_size);
	image->size = st.st_size;
	assert_int_equal(fread(image->file, 1, st.st_size, f), st.st_size);
	fclose(f);
	image->syms = symbols_create();
	assert_ok(symbols_load_elf(image->syms, path, 0, &n));
	*state = image;
	return 0;
}

static int teardown(void **state)
{
	struct image *image = *state;

	symbols_destroy(image->syms);
	free(image->file);
	free(image);
	return 0;
}

/* The fixture may be another machine's in a cross build. */
static void need_x86(const struct image *image)
{
	if (((const Elf64_Ehdr *)(const void *)image->file)->e_machine != EM_X86_64) {
		print_message("skipped: the fixture is not x86-64 code\n");
		skip();
	}
}

static uint64_t addr_of(const struct image *image, const char *name)
{
	struct symbol sym;

	assert_true(symbols_by_name(image->syms, name, &sym));
	return sym.addr;
}

static void put(struct image *image, uint64_t addr, uint64_t value)
{
	le64_write(image->stack + (addr - STACK_BASE), value);
}

/* 64-bit mode, with every general register holding its own number times 0x1111. */
static void regs_make(struct regs *regs, uint64_t pc, uint64_t sp)
{
	regs_init(regs, &arch_x86_64);
	for (unsigned id = X86_RAX; id <= X86_R15; id++)
		regs_set(regs, id, id * 0x1111ULL);
	regs_set(regs, X86_CR0, 0x80000001);
	regs_set(regs, X86_EFER, 0x500);
	regs_set(regs, X86_CS_ATTR, X86_ATTR(11, 1, 0, 1, 0, 1, 0, 1, 0));
	regs_set(regs, X86_RFLAGS, 2);
	regs_set(regs, X86_RIP, pc);
	regs_set(regs, X86_RSP, sp);
}

static void check_frame(const struct unwind_frame *f, uint64_t pc, uint64_t sp)
{
	assert_int_equal(f->frame.pc, pc);
	assert_int_equal(f->frame.sp, sp);
	assert_int_equal(regs_u64(&f->regs, X86_RIP), pc);
	assert_int_equal(regs_u64(&f->regs, X86_RSP), sp);
}

static void test_function_entry(void **state)
{
	struct image *image = *state;
	struct mem_reader mem = { .ctx = image, .virt = image_virt };
	struct unwind_frame f;
	struct regs regs;
	uint64_t sp = STACK_BASE + 0x800, entry;

	need_x86(image);
	/* At the first instruction of leaf, called from entry's third byte: a made-up but valid place. */
	entry = addr_of(image, "entry") + 3;
	put(image, sp, entry);
	regs_make(&regs, addr_of(image, "leaf"), sp);
	unwind_start(&f, &regs);
	check_frame(&f, addr_of(image, "leaf"), sp);
	assert_true(f.exact_pc);
	assert_true(unwind_caller(image->syms, &mem, &f));
	check_frame(&f, entry, sp + 8);
	assert_false(f.exact_pc);
	assert_true(f.by_cfi);
	assert_int_equal(regs_u64(&f.regs, X86_RBX), X86_RBX * 0x1111);
	assert_int_equal(regs_u64(&f.regs, X86_R15), X86_R15 * 0x1111);
	assert_true(regs_valid(&f.regs, X86_EFER));
}

static void test_signal_frame(void **state)
{
	struct image *image = *state;
	struct mem_reader mem = { .ctx = image, .virt = image_virt };
	struct unwind_frame f;
	struct regs regs;
	uint64_t sp = STACK_BASE + 0x100, leaf, interrupted = STACK_BASE + 0x900;

	need_x86(image);
	/* The interrupt came at leaf's very first instruction, on another stack. */
	leaf = addr_of(image, "leaf");
	put(image, sp, 0xb0b);
	put(image, sp + 8, 0xe);	/* error code */
	put(image, sp + 16, leaf);	/* rip, cs, rflags, rsp, ss */
	put(image, sp + 24, 8);
	put(image, sp + 32, 2);
	put(image, sp + 40, interrupted);
	put(image, sp + 48, 16);
	put(image, interrupted, addr_of(image, "entry") + 1);
	regs_make(&regs, addr_of(image, "handler_pushed"), sp);
	unwind_start(&f, &regs);
	assert_true(unwind_caller(image->syms, &mem, &f));
	check_frame(&f, leaf, interrupted);
	assert_int_equal(regs_u64(&f.regs, X86_RBX), 0xb0b);
	/* The pc was not a return address: leaf's own first row counts, not the function before. */
	assert_true(f.exact_pc);
	assert_true(unwind_caller(image->syms, &mem, &f));
	check_frame(&f, addr_of(image, "entry") + 1, interrupted + 8);
}

static void test_cfa_expression(void **state)
{
	struct image *image = *state;
	struct mem_reader mem = { .ctx = image, .virt = image_virt };
	uint64_t sp = STACK_BASE + 0x800, caller;
	struct unwind_frame f;
	struct regs regs;

	need_x86(image);
	caller = addr_of(image, "entry") + 1;
	put(image, sp, caller);
	put(image, sp + 8, caller + 1);
	regs_make(&regs, addr_of(image, "odd_cfa") + 2, sp);
	unwind_start(&f, &regs);
	assert_true(unwind_caller(image->syms, &mem, &f));
	check_frame(&f, caller, sp + 8);
	regs_make(&regs, addr_of(image, "odd_cfa_late"), sp);
	unwind_start(&f, &regs);
	assert_true(unwind_caller(image->syms, &mem, &f));
	check_frame(&f, caller + 1, sp + 16);
}

static void test_frame_pointer(void **state)
{
	struct image *image = *state;
	struct mem_reader mem = { .ctx = image, .virt = image_virt };
	uint64_t sp = STACK_BASE + 0x800, caller, saved = STACK_BASE + 0xa00;
	struct unwind_frame f;
	struct regs regs;

	need_x86(image);
	caller = addr_of(image, "entry") + 1;
	put(image, sp, saved);
	put(image, sp + 8, caller);
	regs_make(&regs, addr_of(image, "no_cfi_body"), sp);
	regs_set(&regs, X86_RBP, sp);
	unwind_start(&f, &regs);
	assert_true(unwind_caller(image->syms, &mem, &f));
	check_frame(&f, caller, sp + 16);
	assert_false(f.by_cfi);
	assert_int_equal(f.frame.fp, saved);
	assert_int_equal(regs_u64(&f.regs, X86_RBP), saved);
}

static void test_ends(void **state)
{
	struct image *image = *state;
	struct mem_reader mem = { .ctx = image, .virt = image_virt };
	uint64_t sp = STACK_BASE + 0x800;
	struct unwind_frame f, before;
	struct regs regs;

	need_x86(image);
	/* .cfi_undefined rip: outermost, even with something that looks like a frame. */
	put(image, sp, addr_of(image, "leaf"));
	regs_make(&regs, addr_of(image, "_start"), sp);
	unwind_start(&f, &regs);
	assert_false(unwind_caller(image->syms, &mem, &f));
	check_frame(&f, addr_of(image, "_start"), sp);
	/* A return address nobody can read, and a stack nobody can read. */
	put(image, sp, 0x1234);
	regs_make(&regs, addr_of(image, "leaf"), sp);
	unwind_start(&f, &regs);
	before = f;
	assert_false(unwind_caller(image->syms, &mem, &f));
	assert_memory_equal(&f.frame, &before.frame, sizeof(f.frame));
	regs_make(&regs, addr_of(image, "leaf"), 0x10);
	unwind_start(&f, &regs);
	assert_false(unwind_caller(image->syms, &mem, &f));
	/* The same address in 32-bit code is another program. */
	put(image, sp, addr_of(image, "entry") + 1);
	regs_make(&regs, addr_of(image, "leaf"), sp);
	regs_set(&regs, X86_CS_ATTR, X86_ATTR(11, 1, 0, 1, 0, 0, 1, 1, 0));
	bool exact = true;
	assert_int_equal(symbols_unwind(image->syms, &mem, &regs, &exact), UNWIND_UNKNOWN);
	/* Nothing loaded: nothing known. */
	regs_make(&regs, addr_of(image, "leaf"), sp);
	struct symbols *none = symbols_create();
	assert_int_equal(symbols_unwind(none, &mem, &regs, &exact), UNWIND_UNKNOWN);
	symbols_destroy(none);
}

/* Any stack at all: every chain ends, none leaves the stack. */
static void test_random_stacks(void **state)
{
	struct image *image = *state;
	struct mem_reader mem = { .ctx = image, .virt = image_virt };
	uint64_t entry, random = 88172645463325252ULL;
	struct unwind_frame f;
	struct regs regs;

	need_x86(image);
	entry = addr_of(image, "leaf");
	for (unsigned round = 0; round < 300; round++) {
		for (unsigned i = 0; i < STACK_SIZE; i += 8) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			put(image, STACK_BASE + i, random % 3 ? entry + random % 0x200
							      : STACK_BASE + random % STACK_SIZE);
		}
		regs_make(&regs, entry + random % 0x200, STACK_BASE + random % 0x400);
		regs_set(&regs, X86_RBP, STACK_BASE + (random >> 32) % STACK_SIZE);
		unwind_start(&f, &regs);
		for (unsigned n = 0; n < 200 && unwind_caller(image->syms, &mem, &f); n++)
			;
	}
}

/* ---- a real run ------------------------------------------------------------------------------ */

/* What the CPU did, as calls and returns tell. */
struct call {
	uint64_t pc, sp;	/* of the caller, after the return */
	uint64_t saved[6];
};

static const unsigned saved_ids[6] = { X86_RBX, X86_RBP, X86_R12, X86_R13, X86_R14, X86_R15 };

static void compare(const struct image *image, struct process *process, const struct regs *regs,
		    const struct call *calls, unsigned depth)
{
	struct mem_reader mem = process_reader(process);
	uint64_t pc = regs_u64(regs, X86_RIP);
	struct unwind_frame f;

	unwind_start(&f, regs);
	for (unsigned n = depth; n-- > 0;) {
		if (!unwind_caller(image->syms, &mem, &f))
			fail_msg("at 0x%" PRIx64 ": no caller after %u frames of %u", pc, depth - n - 1, depth);
		if (f.frame.pc != calls[n].pc || f.frame.sp != calls[n].sp || !f.by_cfi)
			fail_msg("at 0x%" PRIx64 ", frame %u: pc 0x%" PRIx64 " sp 0x%" PRIx64 ", not 0x%" PRIx64
				 " 0x%" PRIx64, pc, depth - n, f.frame.pc, f.frame.sp, calls[n].pc,
				 calls[n].sp);
		for (unsigned i = 0; i < 6; i++)
			if (regs_u64(&f.regs, saved_ids[i]) != calls[n].saved[i])
				fail_msg("at 0x%" PRIx64 ", frame %u: %s is 0x%" PRIx64 ", not 0x%" PRIx64, pc,
					 depth - n, arch_x86_64.regs[saved_ids[i]].name,
					 regs_u64(&f.regs, saved_ids[i]), calls[n].saved[i]);
	}
	/* _start says that it is the first. */
	assert_false(unwind_caller(image->syms, &mem, &f));
}

static void run_and_compare(const struct image *image, struct process *process)
{
	uint64_t finished = addr_of(image, "finished");
	unsigned depth = 0, deepest = 0, steps;
	struct call calls[64];
	struct regs regs, after;
	uint8_t code[3];

	process_regs(process, &regs);
	for (steps = 0; regs_u64(&regs, X86_RIP) != finished; steps++) {
		bool is_call, is_ret;

		assert_true(steps < 20000);
		compare(image, process, &regs, calls, depth);
		assert_true(process_read(process, regs_u64(&regs, X86_RIP), code, sizeof(code)));
		/* call rel32; call reg (with or without REX); ret */
		is_call = code[0] == 0xe8 || (code[0] == 0xff && code[1] >> 3 == 032) ||
			  (code[0] == 0x41 && code[1] == 0xff && code[2] >> 3 == 032);
		is_ret = code[0] == 0xc3;
		process_step(process);
		process_regs(process, &after);
		if (is_call) {
			assert_true(depth < ARRAY_SIZE(calls));
			calls[depth] = (struct call){ .sp = regs_u64(&regs, X86_RSP) };
			for (unsigned i = 0; i < 6; i++)
				calls[depth].saved[i] = regs_u64(&regs, saved_ids[i]);
			assert_true(process_read(process, regs_u64(&after, X86_RSP), &calls[depth].pc, 8));
			depth++;
			deepest = depth > deepest ? depth : deepest;
		} else if (is_ret) {
			assert_true(depth > 0);
			depth--;
			assert_int_equal(regs_u64(&after, X86_RIP), calls[depth].pc);
		}
		regs = after;
	}
	assert_true(steps > 200);
	assert_true(deepest >= 6);
}

static void test_real_run(void **state)
{
	struct process process;

	need_x86(*state);
	if (!process_start(&process, "unwind.elf"))
		skip();
	run_and_compare(*state, &process);
	process_kill(&process);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_function_entry), cmocka_unit_test(test_signal_frame),
		cmocka_unit_test(test_cfa_expression), cmocka_unit_test(test_frame_pointer),
		cmocka_unit_test(test_ends), cmocka_unit_test(test_random_stacks),
		cmocka_unit_test(test_real_run),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}

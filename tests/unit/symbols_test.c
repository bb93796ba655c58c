/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Symbols, lines and source text of a fixture, with nm and addr2line as oracles; and of files that lie. */
#include <elf.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/symbols/symbols.h"
#include "tests/lib/process.h"
#include "tests/lib/test.h"

static struct symbols *load_fixture(int64_t offset)
{
	_free_ char *path = fixture_path("symbols.elf");
	struct symbols *syms = symbols_create();
	size_t n = 0;

	assert_ok(symbols_load_elf(syms, path, offset, &n));
	assert_true(n > 10);
	assert_int_equal(symbols_count(syms), n);
	return syms;
}

static void destroy_symbols(struct symbols **syms)
{
	symbols_destroy(*syms);
}
#define _symbols_ _cleanup_(destroy_symbols)

static uint64_t addr_of(const struct symbols *syms, const char *name)
{
	struct symbol sym;

	if (!symbols_by_name(syms, name, &sym))
		fail_msg("no symbol %s", name);
	return sym.addr;
}

/* ---- names and addresses --------------------------------------------------------------------- */

static void test_against_nm(void **state)
{
	_symbols_ struct symbols *syms = load_fixture(0);
	_free_ char *path = fixture_path("symbols.elf");
	_free_ char *command = xasprintf("nm '%s'", path);
	FILE *nm = popen(command, "r");
	char name[256], kind;
	uint64_t addr;
	unsigned n = 0;

	assert_non_null(nm);
	while (fscanf(nm, "%" SCNx64 " %c %255s", &addr, &kind, name) == 3) {
		struct symbol sym;
		bool ok = symbols_by_name(syms, name, &sym);

		if (!ok)
			fail_msg("nm knows %s, we do not", name);
		/* "hidden" is there twice; the function is preferred. */
		if (strcmp(name, "hidden"))
			assert_int_equal(sym.addr, addr);
		else
			assert_int_equal(sym.type, SYMBOL_FUNC);
		n++;
	}
	pclose(nm);
	assert_true(n > 8);
}

static void test_by_addr(void **state)
{
	_symbols_ struct symbols *syms = load_fixture(0);
	struct symbol sym, leaf;
	uint64_t off;
	char buf[64];

	assert_true(symbols_by_name(syms, "leaf", &leaf));
	assert_int_equal(leaf.type, SYMBOL_FUNC);
	assert_true(leaf.size > 8);
	assert_true(symbols_by_addr(syms, leaf.addr + leaf.size - 1, &sym, &off));
	assert_string_equal(sym.name, "leaf");
	assert_int_equal(off, leaf.size - 1);
	assert_non_null(strstr(sym.object, "symbols.elf"));
	assert_true(symbols_format(syms, leaf.addr, buf, sizeof(buf)));
	assert_string_equal(buf, "leaf");
	assert_true(symbols_format(syms, leaf.addr + 3, buf, sizeof(buf)));
	assert_string_equal(buf, "leaf+0x3");
	assert_true(symbols_format(syms, leaf.addr + 3, buf, 4));
	assert_string_equal(buf, "lea");
	assert_true(symbols_format(syms, addr_of(syms, "table") + 8, buf, sizeof(buf)));
	assert_string_equal(buf, "table+0x8");

	/* Labels without a size reach to the next one; local ones do not count. */
	uint64_t after = addr_of(syms, "after_start");
	assert_true(symbols_format(syms, after - 1, buf, sizeof(buf)));
	assert_non_null(strstr(buf, "_start"));
	assert_true(symbols_by_addr(syms, after + 2, &sym, &off));
	assert_string_equal(sym.name, "after_start");
	assert_false(symbols_by_name(syms, ".Lhidden", &sym));

	/* A constant has a name but no place. */
	assert_int_equal(addr_of(syms, "PORT"), 0x3f8);
	assert_false(symbols_format(syms, 0x3f8, buf, sizeof(buf)));
	assert_string_equal(buf, "");
	assert_false(symbols_by_addr(syms, 0, &sym, &off));
	assert_false(symbols_by_addr(syms, UINT64_MAX, &sym, &off));
	assert_false(symbols_by_name(syms, "lea", &sym));
	assert_false(symbols_by_name(syms, "leaff", &sym));
	assert_false(symbols_by_name(syms, "", &sym));
}

static void test_added(void **state)
{
	_symbols_ struct symbols *syms = symbols_create();
	struct symbol sym;
	uint64_t off;

	assert_false(symbols_by_addr(syms, 5, &sym, &off));
	assert_false(symbols_by_name(syms, "a", &sym));
	symbols_add(syms, "outer", 0x1000, 0x100, SYMBOL_FUNC);
	symbols_add(syms, "inner", 0x1040, 0x10, SYMBOL_FUNC);
	symbols_add(syms, "label", 0x1060, 0, SYMBOL_OTHER);
	symbols_add(syms, "far", 0x9000, 0, SYMBOL_OTHER);
	symbols_add(syms, "alias", 0x1000, 0, SYMBOL_OTHER);
	symbols_add(syms, "top", UINT64_MAX - 1, 8, SYMBOL_OBJECT);
	/* The innermost that covers; a label inside a function does not take its rest. */
	assert_true(symbols_by_addr(syms, 0x1045, &sym, &off));
	assert_string_equal(sym.name, "inner");
	assert_true(symbols_by_addr(syms, 0x1055, &sym, &off));
	assert_string_equal(sym.name, "outer");
	assert_int_equal(off, 0x55);
	assert_true(symbols_by_addr(syms, 0x1065, &sym, &off));
	assert_string_equal(sym.name, "outer");
	assert_true(symbols_by_addr(syms, 0x1000, &sym, &off));
	assert_string_equal(sym.name, "outer");
	/* Past the function the label is the nearest one below, within 64 KiB of it. */
	assert_true(symbols_by_addr(syms, 0x1100, &sym, &off));
	assert_string_equal(sym.name, "label");
	assert_true(symbols_by_addr(syms, 0x9000 + 0xffff, &sym, &off));
	assert_string_equal(sym.name, "far");
	assert_false(symbols_by_addr(syms, 0x9000 + 0x10000, &sym, &off));
	assert_true(symbols_by_addr(syms, UINT64_MAX - 1, &sym, &off));
	assert_string_equal(sym.name, "top");
	/* A lookup between additions sees them all. */
	symbols_add(syms, "late", 0x1044, 2, SYMBOL_FUNC);
	assert_true(symbols_by_addr(syms, 0x1045, &sym, &off));
	assert_string_equal(sym.name, "late");
	assert_true(symbols_by_name(syms, "late", &sym));
}

struct collect {
	struct text names;
	unsigned left;
};

static bool collect_name(void *ctx, const struct symbol *sym)
{
	struct collect *c = ctx;

	text_printf(&c->names, "%s ", sym->name);
	return --c->left;
}

static void test_prefix(void **state)
{
	_symbols_ struct symbols *syms = symbols_create();
	struct collect c = { .left = 100 };

	symbols_add(syms, "do_two", 2, 0, SYMBOL_OTHER);
	symbols_add(syms, "do_one", 1, 0, SYMBOL_OTHER);
	symbols_add(syms, "do", 1, 0, SYMBOL_OTHER);
	symbols_add(syms, "dp", 3, 0, SYMBOL_OTHER);
	symbols_add(syms, "a", 3, 0, SYMBOL_OTHER);
	symbols_each_prefix(syms, "do", collect_name, &c);
	assert_string_equal(text_str(&c.names), "do do_one do_two ");
	text_clear(&c.names);
	c.left = 2;
	symbols_each_prefix(syms, "", collect_name, &c);
	assert_string_equal(text_str(&c.names), "a do ");
	text_clear(&c.names);
	symbols_each_prefix(syms, "x", collect_name, &c);
	assert_string_equal(text_str(&c.names), "");
	text_deinit(&c.names);
}

static void test_offset(void **state)
{
	_symbols_ struct symbols *syms = load_fixture(0);
	_symbols_ struct symbols *moved = load_fixture(0x100000);
	struct source_line a, b;
	uint64_t leaf = addr_of(syms, "leaf"), line_addr;
	unsigned line;

	assert_int_equal(addr_of(moved, "leaf"), leaf + 0x100000);
	assert_int_equal(addr_of(moved, "PORT"), 0x3f8);
	assert_true(symbols_line_by_addr(syms, leaf, &a));
	assert_true(symbols_line_by_addr(moved, leaf + 0x100000, &b));
	assert_int_equal(a.line, b.line);
	assert_int_equal(a.start + 0x100000, b.start);
	assert_int_equal(a.end + 0x100000, b.end);
	assert_false(symbols_line_by_addr(moved, leaf, &b));
	assert_ok(symbols_addr_by_line(moved, "main.c", 11, &line_addr, &line));
	assert_true(symbols_line_by_addr(moved, line_addr, &b));
	assert_int_equal(b.line, 11);
	assert_int_equal(symbols_after_prologue(moved, leaf + 0x100000),
			 symbols_after_prologue(syms, leaf) + 0x100000);
}

/* ---- lines ----------------------------------------------------------------------------------- */

/* Every byte of the fixture's functions, against addr2line. */
static void test_against_addr2line(void **state)
{
	static const char *const functions[] = { "leaf", "twice", "hidden", "entry", "other" };
	_symbols_ struct symbols *syms = load_fixture(0);
	_free_ char *path = fixture_path("symbols.elf");
	unsigned n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(functions); i++) {
		struct text command = { 0 };
		struct symbol sym;
		char line[512];

		assert_true(symbols_by_name(syms, functions[i], &sym));
		text_printf(&command, "addr2line -e '%s'", path);
		for (uint64_t a = 0; a < sym.size; a++)
			text_printf(&command, " %" PRIx64, sym.addr + a);
		FILE *tool = popen(text_str(&command), "r");
		assert_non_null(tool);
		for (uint64_t a = 0; a < sym.size; a++, n++) {
			struct source_line got;
			char want[512], *colon;

			assert_non_null(fgets(line, sizeof(line), tool));
			colon = strrchr(line, ':');
			assert_non_null(colon);
			*colon = '\0';
			snprintf(want, sizeof(want), "%s", line);
			assert_true(symbols_line_by_addr(syms, sym.addr + a, &got));
			/* addr2line 2.40 gives lines of headers the main file's name (DWARF 5). */
			if (!strcmp(functions[i], "twice"))
				memcpy(strrchr(want, '/'), "/twice.h", 9);
			if (strcmp(got.file, want) || got.line != (unsigned)atoi(colon + 1))
				fail_msg("%s+%" PRIu64 ": %s:%u, addr2line says %s:%s", functions[i],
					 a, got.file, got.line, want, colon + 1);
			assert_true(got.start <= sym.addr + a && sym.addr + a < got.end);
		}
		pclose(tool);
		text_deinit(&command);
	}
	assert_true(n > 100);
}

static void test_addr_by_line(void **state)
{
	_symbols_ struct symbols *syms = load_fixture(0);
	struct source_line at;
	uint64_t addr;
	unsigned line;

	/* Line 13 returns; 10 is a brace; the next line with code answers for lines without. */
	assert_ok(symbols_addr_by_line(syms, "main.c", 13, &addr, &line));
	assert_int_equal(line, 13);
	assert_true(symbols_line_by_addr(syms, addr, &at));
	assert_int_equal(at.line, 13);
	assert_int_equal(at.start, addr);
	assert_ok(symbols_addr_by_line(syms, "main.c", 12, &addr, &line));
	assert_int_equal(line, 13);
	assert_ok(symbols_addr_by_line(syms, "main.c", 1, &addr, &line));
	assert_int_equal(line, 10);
	assert_int_equal(addr, addr_of(syms, "leaf"));
	/* The file by more components, and a header's code. */
	assert_ok(symbols_addr_by_line(syms, "symbols/main.c", 13, &addr, &line));
	assert_ok(symbols_addr_by_line(syms, "symbols/twice.h", 6, &addr, &line));
	assert_int_equal(line, 6);
	assert_ok(symbols_addr_by_line(syms, "other.c", 7, &addr, &line));
	assert_int_equal(line, 7);
	assert_error(symbols_addr_by_line(syms, "ain.c", 13, &addr, &line), ERROR_NOT_FOUND,
		     "no source file named ain.c");
	assert_error(symbols_addr_by_line(syms, "elsewhere/main.c", 13, &addr, &line), ERROR_NOT_FOUND,
		     "no source file named elsewhere/main.c");
	assert_error(symbols_addr_by_line(syms, "main.c", 999, &addr, &line), ERROR_NOT_FOUND,
		     "main.c has no code at line 999 or after it; the last line with code is 3");
	_symbols_ struct symbols *none = symbols_create();
	assert_error(symbols_addr_by_line(none, "main.c", 1, &addr, &line), ERROR_NOT_FOUND,
		     "no line numbers are loaded");
	assert_false(symbols_line_by_addr(none, 0x1000, &at));
}

static void test_prologue(void **state)
{
	_symbols_ struct symbols *syms = load_fixture(0);
	uint64_t leaf = addr_of(syms, "leaf"), start = addr_of(syms, "_start"), body;
	struct source_line at;

	body = symbols_after_prologue(syms, leaf);
	assert_true(body > leaf && body < leaf + 64);
	assert_true(symbols_line_by_addr(syms, body, &at));
	assert_int_equal(at.line, 11);
	assert_int_equal(at.start, body);
	/* Assembly has no prologue, unknown addresses neither. */
	assert_int_equal(symbols_after_prologue(syms, start), start);
	assert_int_equal(symbols_after_prologue(syms, 0x10), 0x10);
	assert_int_equal(symbols_after_prologue(syms, leaf + 1), leaf + 1);
}

static void test_source(void **state)
{
	_symbols_ struct symbols *syms = load_fixture(0);
	struct source_line at;
	char dir[] = "/tmp/vmscope-symbols-XXXXXX";

	assert_true(symbols_line_by_addr(syms, addr_of(syms, "leaf"), &at));
	assert_int_equal(at.file[0], '/');
	/* Where the tree was built may not be where it is now (a lab): then below the working directory. */
	symbols_add_source_dir(syms, ".");
	assert_non_null(symbols_source_text(syms, at.file, 9));
	assert_string_equal(symbols_source_text(syms, at.file, 9), "int leaf(int a, int b)");
	assert_string_equal(symbols_source_text(syms, at.file, 11), "\tint sum = a + b;");
	assert_null(symbols_source_text(syms, at.file, 0));
	assert_null(symbols_source_text(syms, at.file, 1000));
	assert_null(symbols_source_text(syms, "/nowhere/sub/gone.c", 1));
	assert_null(symbols_source_text(syms, "/dev/zero", 1));
	assert_null(symbols_source_text(syms, "/", 1));

	/* Found below a directory by its last components, even when it was missing before. */
	assert_non_null(mkdtemp(dir));
	_free_ char *sub = xasprintf("%s/sub", dir);
	_free_ char *file = xasprintf("%s/sub/gone.c", dir);
	assert_int_equal(mkdir(sub, 0700), 0);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs("one\r\n\nlast", f);
	fclose(f);
	symbols_add_source_dir(syms, dir);
	assert_string_equal(symbols_source_text(syms, "/nowhere/sub/gone.c", 1), "one");
	assert_string_equal(symbols_source_text(syms, "/nowhere/sub/gone.c", 2), "");
	assert_string_equal(symbols_source_text(syms, "/nowhere/sub/gone.c", 3), "last");
	assert_null(symbols_source_text(syms, "/nowhere/sub/gone.c", 4));
	unlink(file);
	rmdir(sub);
	rmdir(dir);
}

/* ---- files that lie -------------------------------------------------------------------------- */

/* A minimal 64-bit file: header, three sections (null, .symtab, .strtab), two symbols, names. */
struct tiny {
	Elf64_Ehdr header;
	Elf64_Shdr sections[3];
	Elf64_Sym symbols[2];
	char names[16];
};

static struct tiny tiny_file(void)
{
	struct tiny t = {
		.header = { .e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT },
			    .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
			    .e_shoff = offsetof(struct tiny, sections), .e_ehsize = sizeof(Elf64_Ehdr),
			    .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3 },
		.sections = { { 0 },
			      { .sh_type = SHT_SYMTAB, .sh_offset = offsetof(struct tiny, symbols),
				.sh_size = sizeof(((struct tiny *)0)->symbols), .sh_link = 2,
				.sh_entsize = sizeof(Elf64_Sym) },
			      { .sh_type = SHT_STRTAB, .sh_offset = offsetof(struct tiny, names),
				.sh_size = sizeof(((struct tiny *)0)->names) } },
		.symbols = { { 0 },
			     { .st_name = 1, .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			       .st_shndx = SHN_ABS, .st_value = 0x1000, .st_size = 16 } },
		.names = "\0function",
	};

	return t;
}

static void check_lie(const void *data, size_t len, enum error_code code, const char *sentence)
{
	_symbols_ struct symbols *syms = symbols_create();
	size_t n = 77;

	assert_error(symbols_load_elf_mem(syms, "lie.elf", data, len, 0, &n), code, sentence);
	assert_int_equal(n, 77);
	assert_int_equal(symbols_count(syms), 0);
}

static void test_lies(void **state)
{
	_symbols_ struct symbols *syms = symbols_create();
	struct tiny t = tiny_file();
	size_t n;

	assert_ok(symbols_load_elf_mem(syms, "tiny.elf", &t, sizeof(t), 0, &n));
	assert_int_equal(n, 1);
	assert_int_equal(addr_of(syms, "function"), 0x1000);

	t = tiny_file();
	t.sections[1].sh_entsize = 0;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: symbol table entry size 0, not 24");
	t = tiny_file();
	t.sections[1].sh_size--;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: symbol table size is no multiple");
	t = tiny_file();
	t.sections[1].sh_size = 24ULL << 40;
	check_lie(&t, sizeof(t), ERROR_FAILED, "symbols are too many");
	t = tiny_file();
	t.sections[1].sh_size = 24 << 10;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: symbol table: ");
	t = tiny_file();
	t.sections[1].sh_offset = ~0ULL;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: symbol table: ");
	t = tiny_file();
	t.sections[1].sh_link = 1;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: symbol table without a string table");
	t = tiny_file();
	t.sections[1].sh_link = 99;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: symbol table without a string table");
	t = tiny_file();
	t.symbols[1].st_name = 16;
	check_lie(&t, sizeof(t), ERROR_FAILED, "symbol 1: its name lies outside the string table");
	t = tiny_file();
	memset(t.names + 1, 'x', sizeof(t.names) - 1);
	check_lie(&t, sizeof(t), ERROR_FAILED, "symbol 1: its name lies outside the string table");
	t = tiny_file();
	t.header.e_shoff = sizeof(t);
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: section headers lie outside the file");
	t = tiny_file();
	t.header.e_shnum = 1000;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: section headers");
	t = tiny_file();
	t.header.e_type = ET_REL;
	check_lie(&t, sizeof(t), ERROR_UNSUPPORTED, "lie.elf: a relocatable object has no addresses");
	t = tiny_file();
	t.header.e_type = ET_CORE;
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: ELF type 4");
	t = tiny_file();
	t.header.e_ident[0] = 'X';
	check_lie(&t, sizeof(t), ERROR_FAILED, "lie.elf: not an ELF file");
	check_lie("", 0, ERROR_FAILED, "lie.elf: ");
	t = tiny_file();
	/* Cut anywhere: one sentence or, when only names are lost, none; never a crash. */
	for (size_t len = 1; len < sizeof(t); len++) {
		_symbols_ struct symbols *cut = symbols_create();
		_free_ char *copy = malloc(len);

		memcpy(copy, &t, len);
		struct error *err = symbols_load_elf_mem(cut, "cut.elf", copy, len, 0, &n);
		if (len < offsetof(struct tiny, names))
			assert_non_null(err);
		error_destroy(err);
	}
}

static void test_no_file(void **state)
{
	_symbols_ struct symbols *syms = symbols_create();
	size_t n;

	assert_error(symbols_load_elf(syms, "/nonexistent/file", 0, &n), ERROR_FAILED,
		     "cannot open /nonexistent/file");
	assert_error(symbols_load_elf(syms, "/", 0, &n), ERROR_FAILED, "not a regular file");
	assert_error(symbols_load_elf(syms, "/dev/null", 0, &n), ERROR_FAILED, "not a regular file");
	_free_ char *text = xstrdup("tests/unit/symbols_test.c");
	if (access(text, R_OK) == 0)
		assert_error(symbols_load_elf(syms, text, 0, &n), ERROR_FAILED, "not an ELF file");
	symbols_destroy(NULL);
}

/* The fixture from memory, with single bytes changed all over: any answer will do, but an answer. */
static void test_damaged_fixture(void **state)
{
	_free_ char *path = fixture_path("symbols.elf");
	FILE *f = fopen(path, "rb");
	struct stat st;
	uint32_t random = 12345;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	_free_ char *good = malloc(st.st_size), *data = malloc(st.st_size);
	assert_int_equal(fread(good, 1, st.st_size, f), st.st_size);
	fclose(f);
	for (unsigned round = 0; round < 300; round++) {
		struct symbols *syms = symbols_create();
		struct source_line line;
		uint64_t addr = 0x401000;
		unsigned number;
		size_t n;

		memcpy(data, good, st.st_size);
		for (unsigned i = 0; i < 20; i++) {
			random = random * 1664525 + 1013904223;
			data[(random >> 8) % st.st_size] ^= 1 << (random & 7);
		}
		error_destroy(symbols_load_elf_mem(syms, "damaged.elf", data, st.st_size, 0, &n));
		symbols_line_by_addr(syms, addr, &line);
		error_destroy(symbols_addr_by_line(syms, "main.c", 11, &addr, &number));
		symbols_after_prologue(syms, addr);
		symbols_destroy(syms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_against_nm), cmocka_unit_test(test_by_addr),
		cmocka_unit_test(test_added), cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_offset), cmocka_unit_test(test_against_addr2line),
		cmocka_unit_test(test_addr_by_line), cmocka_unit_test(test_prologue),
		cmocka_unit_test(test_source), cmocka_unit_test(test_lies),
		cmocka_unit_test(test_no_file), cmocka_unit_test(test_damaged_fixture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

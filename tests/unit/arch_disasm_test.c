/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Disassembly: lengths and names against objdump, and the facts of struct insn on chosen bytes. */
#include "tests/lib/test.h"

#include <unistd.h>

#include "core/arch/x86_64.h"

/* Instructions as hex; each is decoded as 16-, 32- and 64-bit code, whatever it means there. */
static const char *const corpus[] = {
	"90", "f390", "cc", "cd80", "f4", "c3", "c21000", "cb", "ca0400", "cf", "48cf", "c9", "fa", "fb", "fc", "fd",
	"f5", "f8", "f9", "98", "99", "4898", "4899", "9c", "9d", "9e", "9f", "f1", "0f0b", "0f05", "0f07", "0f34",
	"0f35", "0fa2", "0f31", "0f01f9", "0f30", "0f32", "0f33", "0f01c1", "0f01d9", "0f01f8", "0f06", "0f08",
	"0f09", "0f01d0", "0f01d1", "f30f1efa", "f30f1efb", "0f01ca", "0f01cb", "50", "51", "55", "58", "5d",
	"4155", "415d", "6a01", "6a80", "6811223344", "ff30", "ff7508", "8f00", "0fa0", "0fa8", "0fa1", "0fa9",
	"b011", "b111", "b811223344", "48b81122334455667788", "41b811223344", "c60011", "c70011223344",
	"c7c011223344", "48c7c001000000", "66c7001122", "8800", "8900", "4889e5", "89e5", "8a00", "8b00", "8b4508",
	"8b04cb", "8b84cb11223344", "8b0511223344", "8b042511223344", "488b4424f8", "a011223344", "a111223344",
	"a211223344", "a311223344", "8cd8", "8ed8", "8ee0", "8d4508", "488d0511223344", "8d04cb", "0fb6c0", "0fb7c0",
	"0fbec0", "0fbfc0", "4863c0", "480fb6c0", "86c3", "87c3", "91", "4891", "0fc8", "480fc8", "0001", "0101",
	"0201", "0301", "0401", "0511223344", "0801", "0901", "1001", "1101", "1801", "1901", "2001", "2101",
	"2801", "2901", "3001", "3101", "31c0", "4831c0", "3801", "3901", "3c11", "3d11223344", "8001ff", "81c011223344",
	"83c001", "83ec10", "4883ec10", "83f800", "83e0f0", "fec0", "fec8", "ffc0", "ffc8", "48ffc0", "f6d0", "f7d0",
	"f6d8", "f7d8", "f6e1", "f7e1", "f7e9", "f7f1", "f7f9", "0fafc1", "6bc10a", "69c111223344", "84c0", "85c0",
	"a801", "a911223344", "f6c101", "c0e004", "c1e004", "c1e804", "c1f804", "d1e0", "d1e8", "d1f8", "d3e0",
	"c1c004", "c1c804", "c1d004", "c1d804", "0fa4c104", "0facc104", "0fa5c1", "0fadc1", "0fa3c1", "0fabc1",
	"0fb3c1", "0fbbc1", "0fbae005", "0fbae805", "0fbcc1", "0fbdc1", "f30fbcc1", "f30fbdc1", "f30fb8c1",
	"70fe", "71fe", "72fe", "73fe", "74fe", "75fe", "76fe", "77fe", "78fe", "79fe", "7afe", "7bfe", "7cfe",
	"7dfe", "7efe", "7ffe", "0f8411223344", "0f8511223344", "0f8711223344", "ebfe", "e911223344", "e811223344",
	"e2fe", "e1fe", "e0fe", "e3fe", "ffd0", "ff10", "ff1511223344", "ffe0", "ff20", "ff2511223344", "ff18",
	"ff28", "0f94c0", "0f95c0", "0f97c0", "0f92c0", "0f9dc0", "0f44c1", "0f45c1", "0f47c1", "0f4dc1",
	"a4", "a5", "48a5", "aa", "ab", "48ab", "ac", "ad", "ae", "af", "a6", "a7", "f3a4", "f348a5", "f3aa",
	"f348ab", "f3a6", "f2ae", "6c", "6d", "6e", "6f", "f36c", "f36e", "e410", "e511", "e610", "e711", "ec", "ed",
	"ee", "ef", "0f0118", "0f0110", "0f0100", "0f0108", "0f00d8", "0f00d0", "0f00c8", "0f00c0", "0f01e0",
	"0f01f0", "0f0138", "0f20c0", "0f22c0", "0f20d8", "0f22d8", "0f20e0", "0f22e0", "0f21f8", "0f23f8", "0f02c1",
	"0f03c1", "0fb001", "0fb101", "f00fb10b", "f00fc101", "0fc001", "0fc701", "480fc701", "f0830101", "0fc7f0",
	"0fc7f8", "0fae00", "0fae08", "0fae20", "0fae28", "0faee8", "0faef0", "0faef8", "0fae38", "0f1800", "0f0d08",
	"0f1f00", "0f1f440000", "660f1f840000000000", "0f1f8000000000", "6690", "64a111223344", "65488b042528000000",
	"26a011223344", "2e8b00", "3e8b00", "368b00", "66b81122", "67e3fd", "0f10c1", "0f1101", "f30f10c1", "f20f10c1",
	"660f6fc1", "f30f6f01", "f30f7f01", "660fefc0", "0f57c0", "0f28c1", "0f2901", "f20f58c1", "f20f59c1",
	"f20f5ec1", "f20f2ac0", "f20f2cc1", "660f2ec1", "0f6ec0", "660f6ec0", "660fd6c1", "0f77", "d9c0", "d9e8", "d9ee",
	"dec1", "d8c1", "dd00", "dd18", "d900", "d918", "db28", "db38", "df28", "d93f", "d92f", "9b", "dbe3", "dbe2",
	"dfe0", "d9f6", "c5fd6f00", "c5fe6f00", "c5f877", "c5fc77", "c5f158c1", "c4e27d18c0", "c4e2f1f7c0",
	"62f17c4828c1", "0f3800c1", "660f3840c1", "660f3a0fc104", "f20f38f0c1", "f30fc7f8", "0f01d5", "0f01d6",
};

#define SLOT 16
#define N ARRAY_SIZE(corpus)

static size_t unhex(const char *hex, uint8_t *ret)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++)
		sscanf(hex + 2 * i, "%2hhx", &ret[i]);
	return n;
}

static struct insn disasm(const char *hex, unsigned bits, bool att)
{
	uint8_t bytes[SLOT];
	struct disasm_req req = { .bytes = bytes, .pc = 0x1000, .code_bits = bits, .att = att };
	struct insn insn;

	req.len = unhex(hex, bytes);
	x86_disasm(&req, &insn);
	return insn;
}

/* ---- against objdump --------------------------------------------------------------------------- */

/* objdump's word (prefixes dropped), and how many bytes it took, for each slot. */
struct theirs {
	char name[24];
	unsigned len;
};

static const char *skip_prefixes(const char *s)
{
	static const char *const words[] = {
		"lock ", "rep ", "repz ", "repnz ", "repe ", "repne ", "cs ", "ds ", "es ", "fs ", "gs ", "ss ",
		"data16 ", "addr32 ", "addr16 ", "bnd ", "notrack ", "rex.W ", "rex.B ",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (!strncmp(s, words[i], strlen(words[i])))
			return skip_prefixes(s + strlen(words[i]));
	return s;
}

static void parse_line(char *line, struct theirs *ret)
{
	unsigned addr, len = 0;
	char *bytes, *text;

	if (sscanf(line, "%x:", &addr) != 1 || !(bytes = strchr(line, '\t')) || addr / SLOT >= N)
		return;
	text = strchr(++bytes, '\t');
	for (char *p = bytes; *p && p != text; p++)
		len += p[0] != ' ' && p[1] != ' ' && p[0] != '\n' && p[1] != '\n' && p[1] != '\0' ? 1 : 0;
	/* Only the instruction at a slot's start; long ones go on in lines without text. */
	if (addr % SLOT == 0 && text) {
		snprintf(ret[addr / SLOT].name, sizeof(ret->name), "%.*s",
			 (int)strcspn(skip_prefixes(text + 1), " \n\t"), skip_prefixes(text + 1));
		ret[addr / SLOT].len = len;
	} else if (!text && addr % SLOT && ret[addr / SLOT].len == addr % SLOT) {
		ret[addr / SLOT].len += len;
	}
}

static bool run_objdump(unsigned bits, struct theirs *ret)
{
	static const char *const machines[] = { [1] = "i8086", [2] = "i386", [4] = "i386:x86-64" };
	uint8_t image[N * SLOT];
	char path[] = "/tmp/vmscope-disasm-XXXXXX", line[256];
	_free_ char *cmd = NULL;
	int fd = mkstemp(path);
	FILE *p;

	assert_true(fd >= 0);
	memset(image, 0x90, sizeof(image));
	for (unsigned i = 0; i < N; i++)
		unhex(corpus[i], image + i * SLOT);
	assert_int_equal(write(fd, image, sizeof(image)), sizeof(image));
	close(fd);
	cmd = xasprintf("LC_ALL=C objdump -D -z -w -b binary -m %s -M intel %s 2>/dev/null", machines[bits / 16], path);
	p = popen(cmd, "r");
	assert_non_null(p);
	while (fgets(line, sizeof(line), p))
		parse_line(line, ret);
	unlink(path);
	return pclose(p) == 0;
}

/* The same instruction under two names. */
static bool same_name(const char *ours, const char *theirs)
{
	static const char *const pairs[][2] = {
		{ "mov", "movabs" }, { "sal", "shl" }, { "iretd", "iret" }, { "iret", "iretw" }, { "pushfd", "pushf" },
		{ "popfd", "popf" }, { "int1", "icebp" }, { "fwait", "wait" }, { "sysretq", "sysret" }, { "nop", "xchg" },
		{ "retf", "lret" }, { "pushfq", "pushf" }, { "popfq", "popf" }, { "ud2", "ud2a" }, { "movsxd", "movslq" },
		{ "fnstenv", "fstenv" }, { "jcxz", "jecxz" }, { "sahf", "sahf" },
		{ "xlat", "xlatb" }, { "fxch", "fxch4" }, { "sysexit", "sysexitd" }, { "sysret", "sysretd" },
	};
	size_t n = strlen(theirs);

	if (!strcmp(ours, theirs))
		return true;
	/* movsb, insd: objdump tells the size by the operands; lgdtd: by the name. */
	if (!strncmp(ours, theirs, n) && strlen(ours) == n + 1 && strchr("bwdq", ours[n]))
		return true;
	n = strlen(ours);
	if (!strncmp(ours, theirs, n) && strlen(theirs) == n + 1 && strchr("wd", theirs[n]))
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(pairs); i++)
		if ((!strcmp(ours, pairs[i][0]) && !strcmp(theirs, pairs[i][1])) ||
		    (!strcmp(ours, pairs[i][1]) && !strcmp(theirs, pairs[i][0])))
			return true;
	return false;
}

static void against_objdump(void **state)
{
	unsigned compared = 0, bad = 0;

	for (unsigned bits = 16; bits <= 64; bits *= 2) {
		_free_ struct theirs *theirs = xcalloc(N, sizeof(*theirs));

		if (!run_objdump(bits, theirs)) {
			print_message("objdump is not installed\n");
			skip();
		}
		for (unsigned i = 0; i < N; i++) {
			struct insn ours = disasm(corpus[i], bits, false);
			bool theirs_bad = !strcmp(theirs[i].name, "(bad)") || !*theirs[i].name;

			/* Valid in 64-bit code only; objdump names it everywhere. */
			if (bits != 64 && !strcmp(theirs[i].name, "swapgs"))
				continue;
			/* Bytes cut short by the slot decode with what follows: only whole ones compare. */
			if (theirs[i].len > strlen(corpus[i]) / 2 || (theirs_bad && ours.kind == INSN_INVALID))
				continue;
			compared++;
			if (ours.len == theirs[i].len && same_name(skip_prefixes(ours.mnemonic), theirs[i].name))
				continue;
			bad++;
			print_error("%u-bit %s: '%s %s' of %u bytes, objdump '%s' of %u\n", bits, corpus[i], ours.mnemonic,
				    ours.operands, ours.len, theirs[i].name, theirs[i].len);
		}
	}
	print_message("%u instructions compared\n", compared);
	assert_int_equal(bad, 0);
	assert_true(compared > 700);
}

/* ---- facts ------------------------------------------------------------------------------------ */

static bool symbol_at(void *ctx, uint64_t addr, char *buf, size_t size)
{
	if (addr < 0x1000 || addr >= 0x2000)
		return false;
	snprintf(buf, size, "main+0x%llx", (unsigned long long)addr - 0x1000);
	return true;
}

static void check_text(const char *hex, unsigned bits, bool att, const char *expected)
{
	uint8_t bytes[SLOT];
	struct disasm_req req = { .bytes = bytes, .pc = 0x1000, .code_bits = bits, .att = att, .symbol = symbol_at };
	struct insn insn;
	char text[200];

	req.len = unhex(hex, bytes);
	x86_disasm(&req, &insn);
	snprintf(text, sizeof(text), "%s %s", insn.mnemonic, insn.operands);
	assert_string_equal(text, expected);
	assert_int_equal(insn.len, req.len);
	assert_memory_equal(insn.bytes, bytes, insn.len);
}

static void text_with_symbols(void **state)
{
	check_text("e8ff000000", 64, false, "call <main+0x104>");
	check_text("75fe", 64, false, "jne <main+0x0>");
	check_text("7500", 32, false, "jne <main+0x2>");
	check_text("e900f0", 16, false, "jmp 0x3");
	check_text("488b0511000000", 64, false, "mov rax, [<main+0x18>]");
	check_text("488b0511000000", 64, true, "mov <main+0x18>(%rip), %rax");
	check_text("488d0500f00000", 64, false, "lea rax, [0x10007]");
	check_text("ff2511000000", 64, false, "jmp [<main+0x17>]");
	check_text("ff2511000000", 64, true, "jmp *<main+0x17>(%rip)");
	check_text("ffd0", 64, true, "call *%rax");
	check_text("a100100000", 32, false, "mov eax, [<main+0x0>]");
	check_text("c745fc01000000", 64, false, "mov dword ptr [rbp-0x4], 0x1");
	check_text("c745fc01000000", 64, true, "movl $0x1, -0x4(%rbp)");
	check_text("e6f4", 64, false, "out 0xf4, al");
	check_text("f348ab", 64, false, "rep stosq ");
	check_text("f00fb10b", 64, false, "lock cmpxchg [rbx], ecx");
	check_text("ca0400", 32, false, "retf 0x4");
	check_text("cb", 32, false, "retf ");
	check_text("8a00", 16, false, "mov al, [bx+si]");
	check_text("8b4110", 16, true, "mov 0x10(%bx,%di), %ax");
	check_text("678b0408", 16, false, "mov ax, [eax+ecx*1]");
	check_text("06", 64, false, ".byte 0x06");
}

static void kinds(void **state)
{
	static const struct { const char *hex; unsigned bits; enum insn_kind kind; } cases[] = {
		{ "90", 64, INSN_OTHER }, { "e800000000", 64, INSN_CALL }, { "ff10", 64, INSN_CALL },
		{ "c3", 64, INSN_RET }, { "cb", 16, INSN_RET }, { "ebfe", 64, INSN_JUMP }, { "ff20", 64, INSN_JUMP },
		{ "74fe", 64, INSN_BRANCH }, { "e2fe", 64, INSN_BRANCH }, { "e3fe", 64, INSN_BRANCH },
		{ "f3a4", 64, INSN_REP }, { "a4", 64, INSN_OTHER }, { "f36e", 64, INSN_REP }, { "6e", 64, INSN_IO },
		{ "e6f4", 64, INSN_IO }, { "ed", 64, INSN_IO }, { "0f05", 64, INSN_SYSCALL }, { "cd80", 64, INSN_SYSCALL },
		{ "48cf", 64, INSN_IRET }, { "cf", 16, INSN_IRET }, { "0f07", 64, INSN_IRET }, { "f4", 64, INSN_HALT },
		{ "cc", 64, INSN_BREAK }, { "f1", 64, INSN_BREAK }, { "06", 64, INSN_INVALID },
		{ "f390", 64, INSN_OTHER }, /* pause is no repeated string */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		if (disasm(cases[i].hex, cases[i].bits, false).kind != cases[i].kind)
			fail_msg("%s", cases[i].hex);
}

static void targets(void **state)
{
	struct insn insn = disasm("e8fbffffff", 64, false);

	assert_true(insn.has_target);
	assert_int_equal(insn.target, 0x1000);
	insn = disasm("ff20", 64, false);
	assert_false(insn.has_target);
	insn = disasm("e900f0", 16, false);
	assert_int_equal(insn.target, 0x3);
	insn = disasm("e900f0ffff", 32, false);
	assert_int_equal(insn.target, 0x5);
	insn = disasm("e900e0ffff", 32, false);
	assert_int_equal(insn.target, 0xfffff005);
}

static void mem_operands(void **state)
{
	struct regs regs;
	struct insn insn;
	uint64_t addr;

	regs_init(&regs, &arch_x86_64);
	regs_set(&regs, X86_CR0, X86_CR0_PE | X86_CR0_PG);
	regs_set(&regs, X86_EFER, X86_EFER_LMA | X86_EFER_LME);
	regs_set(&regs, X86_CS_ATTR, X86_ATTR_L);
	regs_set(&regs, X86_RBX, 0x100000000);
	regs_set(&regs, X86_RCX, 0x10);
	regs_set(&regs, X86_GS_BASE, 0xffff888000000000);
	regs_set(&regs, X86_DS_BASE, 0x5000);

	insn = disasm("8b44cbf0", 64, false); /* mov eax, [rbx+rcx*8-0x10] */
	assert_true(insn.has_mem && insn.mem_read && !insn.mem_write);
	assert_int_equal(insn.mem_base, X86_RBX);
	assert_int_equal(insn.mem_index, X86_RCX);
	assert_int_equal(insn.mem_scale, 8);
	assert_int_equal(insn.mem_size, 4);
	assert_int_equal(insn.mem_seg, -1);
	assert_true(insn_mem_address(&insn, &regs, &addr));
	assert_int_equal(addr, 0x100000070);
	insn = disasm("67890b", 64, false); /* mov [ebx], ecx */
	assert_true(insn.mem_write && !insn.mem_read);
	assert_true(insn_mem_address(&insn, &regs, &addr));
	assert_int_equal(addr, 0);
	insn = disasm("488b0511000000", 64, false);
	assert_true(insn.mem_rip_relative);
	assert_true(insn_mem_address(&insn, &regs, &addr));
	assert_int_equal(addr, 0x1018);
	insn = disasm("65488b042528000000", 64, false);
	assert_true(insn_mem_address(&insn, &regs, &addr));
	assert_int_equal(addr, 0xffff888000000028);
	insn = disasm("488d44cbf0", 64, false); /* lea: an address, no access */
	assert_true(insn.has_mem && !insn.mem_read && !insn.mem_write);
	insn = disasm("488b4500", 64, false);
	assert_false(insn_mem_address(&insn, &regs, &addr)); /* rbp was not read */
	assert_false(insn_mem_address(&(struct insn){ 0 }, &regs, &addr));

	/* 32-bit code has segment bases, 16-bit offsets wrap at 64 KiB. */
	regs_set(&regs, X86_EFER, 0);
	regs_set(&regs, X86_CS_ATTR, X86_ATTR_DB);
	insn = disasm("8b41f0", 32, false); /* mov eax, [ecx-0x10] */
	assert_int_equal(insn.mem_seg, X86_DS);
	assert_true(insn_mem_address(&insn, &regs, &addr));
	assert_int_equal(addr, 0x5000);
	regs_set(&regs, X86_CR0, 0);
	regs_set(&regs, X86_RBX, 0xffff);
	insn = disasm("8a4702", 16, false); /* mov al, [bx+2] */
	assert_int_equal(insn.mem_addr_bits, 16);
	assert_true(insn_mem_address(&insn, &regs, &addr));
	assert_int_equal(addr, 0x5001);
}

/* Truncated and random bytes: never more than what is there, never nothing. */
static void hostile_bytes(void **state)
{
	uint8_t bytes[SLOT];
	uint64_t seed = 1;

	for (unsigned i = 0; i < 60000; i++) {
		struct disasm_req req = { .bytes = bytes, .pc = i, .code_bits = 16u << (i % 3), .att = i & 8,
					  .symbol = symbol_at };
		struct insn insn;

		for (unsigned b = 0; b < SLOT; b++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			bytes[b] = seed >> 56;
		}
		req.len = i % (SLOT + 1);
		x86_disasm(&req, &insn);
		assert_true(insn.len >= 1 && insn.len <= 15 && (insn.len <= req.len || req.len == 0));
		assert_true(insn.mnemonic[0] != '\0');
		assert_true(memchr(insn.operands, '\0', sizeof(insn.operands)) != NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_objdump),
		cmocka_unit_test(text_with_symbols),
		cmocka_unit_test(kinds),
		cmocka_unit_test(targets),
		cmocka_unit_test(mem_operands),
		cmocka_unit_test(hostile_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

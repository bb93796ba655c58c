/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ppc64 instructions: our decoder against libopcodes' text (what objdump shows) over every opcode, branch
 * decisions against the names of the branches, and the successors that a step plants breakpoints at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/ppc64_insn.h"

#include "tests/lib/test.h"

#define PC 0xc000000000010000ull
#define MEM_BYTES 4096

static struct insn text_of(uint32_t word, uint32_t suffix, bool big)
{
	uint8_t raw[8];
	struct disasm_req req = { .bytes = raw, .len = 8, .pc = PC, .code_bits = 64, .big_endian = big };
	struct insn insn;

	bytes_write(raw, 4, big, word);
	bytes_write(raw + 4, 4, big, suffix);
	ppc64_disasm(&req, &insn);
	return insn;
}

static bool in(const char *name, const char *list)
{
	size_t n = strlen(name);

	for (const char *p = list; (p = strstr(p, name)); p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* What the name of an instruction says it is. */
static enum ppc64_insn_kind named_kind(const char *m)
{
	size_t n = strcspn(m, "+-.");
	char base[32];

	snprintf(base, sizeof(base), "%.*s", (int)n, m);
	if (in(base, "lwarx lbarx ldarx lharx lqarx"))
		return PPC64_INSN_LARX;
	if (m[n] == '.' && in(base, "stwcx stdcx stbcx sthcx stqcx"))
		return PPC64_INSN_STCX;
	if (in(base, "sc hvsc"))
		return PPC64_INSN_SC;
	if (in(base, "scv"))
		return PPC64_INSN_SCV;
	if (in(base, "rfid"))
		return PPC64_INSN_RFID;
	if (in(base, "hrfid"))
		return PPC64_INSN_HRFID;
	if (in(base, "rfscv"))
		return PPC64_INSN_RFSCV;
	if (in(base, "rfebb"))
		return PPC64_INSN_RFEBB;
	if (in(base, "stop nap doze sleep rvwinkle wait waitrsv waitimpl"))
		return PPC64_INSN_STOP;
	if (in(base, "trap") || (base[0] == 't' && (base[1] == 'w' || base[1] == 'd')))
		return PPC64_INSN_TRAP;
	if (base[0] != 'b' || !strncmp(base, "bcd", 3) || in(base, "bpermd brh brw brd brinc"))
		return PPC64_INSN_OTHER;
	if (base[n - 1] == 'l' && strcmp(base, "bl"))
		n--;
	if (n >= 4 && !strncmp(base + n - 3, "tar", 3))
		return PPC64_INSN_BCTAR;
	if (n >= 4 && !strncmp(base + n - 3, "ctr", 3))
		return PPC64_INSN_BCCTR;
	if (n >= 3 && !strncmp(base + n - 2, "lr", 2))
		return PPC64_INSN_BCLR;
	if (in(base, "b bl ba bla"))
		return PPC64_INSN_B;
	return PPC64_INSN_BC;
}

/* Compares one word; returns whether libopcodes knows it. */
static bool compare(uint32_t word)
{
	struct insn t = text_of(word, 0, false), big = text_of(word, 0, true);
	struct ppc64_insn i;
	int64_t disp;
	int base, used;
	char reg[8];

	ppc64_insn_decode(word, 0, &i);
	assert_string_equal(t.mnemonic, big.mnemonic);
	assert_string_equal(t.operands, big.operands);
	if (!strcmp(t.mnemonic, ".long"))
		return false;
	if (named_kind(t.mnemonic) != i.kind && !(i.kind == PPC64_INSN_B && named_kind(t.mnemonic) == PPC64_INSN_BC))
		fail_msg("0x%08x '%s %s' is decoded as kind %d", word, t.mnemonic, t.operands, i.kind);
	if (i.kind == PPC64_INSN_B || i.kind == PPC64_INSN_BC) {
		const char *last = strrchr(t.operands, ',');

		assert_true(t.has_target);
		uint64_t shown = strtoull(last ? last + 1 : t.operands, NULL, 16);

		/* Absolute targets are sign-extended to 64 bits (ISA I 2.4); libopcodes shows 32 of them. */
		if (shown != t.target && !(i.absolute && shown == (t.target & MASK(31, 0))))
			fail_msg("0x%08x '%s %s' goes to 0x%llx", word, t.mnemonic, t.operands,
				 (unsigned long long)t.target);
	}
	/* "r3,-8(r1)" tells base and displacement of D-forms. */
	if (sscanf(t.operands, "%7[a-z0-9],%lld(r%d)%n", reg, (long long *)&disp, &base, &used) == 3 && i.rb < 0 &&
	    i.ra >= 0) {
		assert_int_equal(i.ra, base);
		assert_true(i.mem_disp == disp);
		if (i.load == i.store || i.load != (t.mnemonic[0] == 'l'))
			fail_msg("0x%08x '%s %s': load %d store %d", word, t.mnemonic, t.operands, i.load, i.store);
	}
	if (i.load || i.store) {
		if (i.load && t.mnemonic[0] != 'l')
			fail_msg("0x%08x '%s' is no load", word, t.mnemonic);
		if (i.store && strncmp(t.mnemonic, "st", 2))
			fail_msg("0x%08x '%s' is no store", word, t.mnemonic);
	}
	return true;
}

/* Every primary opcode, every extended opcode of 19 and 31 with both record bits, many operands. */
static void every_opcode(void **state)
{
	static const uint32_t operands[] = {
		0, 0x03e00000, 0x00610000, 0x00231800, 0x007f0000, 0x02801000, 0x03fff800, 0x00610010,
	};
	unsigned known = 0;
	uint64_t x = 88172645463325252ull;

	for (unsigned p = 0; p < 64; p++) {
		for (unsigned low = 0; p != 1 && low < 2048; low++)
			for (unsigned k = 0; k < ((p == 19 || p == 31) ? ARRAY_SIZE(operands) : 2); k++)
				known += compare(p << 26 | operands[k] | low);
		for (unsigned k = 0; p != 1 && k < 300; k++) {
			x ^= x << 13, x ^= x >> 7, x ^= x << 17;
			known += compare(p << 26 | (x & 0x03ffffff));
		}
	}
	assert_true(known > 50000); /* else the comparison compared nothing */
}

/* Sizes of X-form accesses, from the letter in their names. */
static void access_sizes(void **state)
{
	for (unsigned xop = 0; xop < 1024; xop++) {
		struct insn t = text_of(31u << 26 | 3 << 21 | 4 << 16 | 5 << 11 | xop << 1, 0, false);
		unsigned want = 0;
		struct ppc64_insn i;

		ppc64_insn_decode(31u << 26 | 3 << 21 | 4 << 16 | 5 << 11 | xop << 1, 0, &i);
		if (!i.load && !i.store)
			continue;
		if (sscanf(t.mnemonic, "l%*1[bhwdq]%n", (int *)&want) >= 0 && t.mnemonic[0] == 'l')
			want = t.mnemonic[1] == 'b' ? 1 : t.mnemonic[1] == 'h' ? 2 : t.mnemonic[1] == 'w' ? 4 :
			       t.mnemonic[1] == 'd' ? 8 : t.mnemonic[1] == 'q' ? 16 : 0;
		if (want && i.mem_size != want)
			fail_msg("%s reads %u bytes, decoded %u", t.mnemonic, want, i.mem_size);
		assert_int_equal(i.ra, 4);
		assert_int_equal(i.rb, 5);
	}
}

/* Every BO, on CR and CTR values around the edge, against what the branch's name says. */
static void branch_decisions(void **state)
{
	static const uint16_t xops[] = { 0, 16, 528, 560 };
	unsigned compared = 0;
	struct regs r;

	regs_init(&r, &arch_ppc64le);
	regs_set(&r, PPC64_MSR, PPC64_MSR_SF);
	for (unsigned form = 0; form < 4; form++) {
		for (unsigned bo = 0; bo < 32; bo++) {
			uint32_t w = (form ? 19u : 16u) << 26 | bo << 21 | 2 << 16 | (form ? xops[form] << 1 : 0x40);
			struct insn t = text_of(w, 0, false);
			const char *m = t.mnemonic;
			struct ppc64_insn i;

			ppc64_insn_decode(w, 0, &i);
			if (!strcmp(m, ".long"))
				continue;
			for (unsigned k = 0; k < 6; k++) {
				uint64_t ctr = k % 3, cr = k / 3 ? 0x20000000 : 0;
				bool want = true;

				if (!strncmp(m, "bc", 2) && m[2] != 'l' && m[2] != 't' && m[2] != '\0' && form == 0)
					continue;
				/* Only names that spell the condition out are an oracle. */
				if (!strncmp(m, "bdnz", 4))
					want &= ctr - 1 != 0;
				else if (!strncmp(m, "bdz", 3))
					want &= ctr - 1 == 0;
				if (!strncmp(m, "beq", 3) || !strncmp(m, "bdnzt", 5) || !strncmp(m, "bdzt", 4))
					want &= cr != 0;
				else if (!strncmp(m, "bne", 3) || !strncmp(m, "bdnzf", 5) || !strncmp(m, "bdzf", 4))
					want &= cr == 0;
				else if (strncmp(m, "bd", 2) && strcmp(m, "blr") && strcmp(m, "bctr") && strcmp(m, "btar"))
					continue; /* "bc 21,...": reserved forms */
				regs_set(&r, PPC64_CTR, ctr);
				regs_set(&r, PPC64_CR, cr);
				if (ppc64_insn_taken(&i, &r) != want)
					fail_msg("'%s %s' (BO %u) with ctr %d cr %x: %s", m, t.operands, bo, (int)ctr,
						 (unsigned)cr, want ? "not taken" : "taken");
				compared++;
			}
		}
	}
	assert_true(compared > 250);
}

/* ---- successors ---------------------------------------------------------------------------------- */

struct code {
	struct regs regs;
	struct mem_reader mem;
	uint8_t bytes[MEM_BYTES];
	bool big;
};

static bool read_virt(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct code *c = ctx;

	if (addr < PC || addr - PC > MEM_BYTES || len > MEM_BYTES - (addr - PC))
		return false;
	memcpy(buf, c->bytes + (addr - PC), len);
	return true;
}

static struct code code(bool big, const uint32_t *words, unsigned n)
{
	struct code c = { .big = big };

	regs_init(&c.regs, big ? &arch_ppc64 : &arch_ppc64le);
	regs_set(&c.regs, PPC64_PC, PC);
	regs_set(&c.regs, PPC64_MSR, PPC64_MSR_SF | PPC64_MSR_ME | PPC64_MSR_IR | PPC64_MSR_DR | PPC64_MSR_EE |
			  (big ? 0 : PPC64_MSR_LE));
	regs_set(&c.regs, PPC64_LPCR, 3ull << 23 | (big ? 0 : PPC64_LPCR_ILE));
	regs_set(&c.regs, PPC64_LR, 0xc000000000020003);
	regs_set(&c.regs, PPC64_CTR, 0xc000000000030002);
	regs_set(&c.regs, PPC64_TAR, 0xc000000000040001);
	for (unsigned i = 0; i < n; i++)
		bytes_write(c.bytes + 4 * i, 4, big, words[i]);
	return c;
}

static struct ppc64_step step(struct code *c)
{
	struct mem_reader mem = { .ctx = c, .virt = read_virt };
	struct ppc64_step s;

	assert_true(ppc64_step_decode(&c->regs, &mem, &s));
	return s;
}

static struct ppc64_step step_one(struct code *c, bool big, uint32_t word)
{
	*c = code(big, &word, 1);
	return step(c);
}

static void expect(const struct ppc64_step *s, unsigned k, uint64_t pc)
{
	assert_true(k < s->n);
	if (s->next[k].pc != pc)
		fail_msg("successor %u is 0x%llx, not 0x%llx", k, (unsigned long long)s->next[k].pc,
			 (unsigned long long)pc);
}

static void plain_and_branches(void **state)
{
	static const struct {
		uint32_t word;
		uint64_t next;
	} cases[] = {
		{ 0x60000000, PC + 4 },			/* nop */
		{ 0x48000100, PC + 0x100 },		/* b */
		{ 0x4bffff01, PC - 0x100 },		/* bl back */
		{ 0x48000102, 0x100 },			/* ba */
		{ 0x4bffff02, 0xffffffffffffff00 },	/* ba to the top */
		{ 0x4e800020, 0xc000000000020000 },	/* blr */
		{ 0x4e800420, 0xc000000000030000 },	/* bctr */
		{ 0x4e800460, 0xc000000000040000 },	/* bctar */
		{ 0x41820010, PC + 4 },			/* beq, CR 0: not taken */
		{ 0x40820010, PC + 0x10 },		/* bne: taken */
		{ 0x42000010, PC + 0x10 },		/* bdnz */
		{ 0x44000022, PC + 4 },			/* sc 1: hypercall */
		{ 0x7c0007ac, PC + 4 },			/* icbi */
		{ 0x44000002, 0xc000000000004c00 },	/* sc */
		{ 0x44000001, 0xc000000000003000 },	/* scv 0 */
		{ 0x44000021, 0xc000000000003020 },	/* scv 1 */
		{ 0x7fe00008, PC + 4 },			/* trap: else by vector 0x700 */
	};

	for (unsigned big = 0; big < 2; big++) {
		for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
			struct code c;
			struct ppc64_step s = step_one(&c, big, cases[i].word);

			assert_int_equal(s.n, 1);
			assert_int_equal(s.insns, 1);
			assert_int_equal(s.hypercall, cases[i].word == 0x44000022);
			expect(&s, 0, cases[i].next);
			assert_int_equal(!(s.next[0].msr & PPC64_MSR_LE), big);
			if (cases[i].word == 0x44000002) /* interrupts come with EE and PR off */
				assert_int_equal(s.next[0].msr & (PPC64_MSR_EE | PPC64_MSR_PR), 0);
		}
	}
}

static void modes_and_returns(void **state)
{
	struct ppc64_step s;
	struct code c;
	uint32_t word;

	/* 32-bit code wraps at 4 GiB, and bdnz looks at 32 bits of CTR. */
	word = 0x48000100;
	c = code(false, &word, 1);
	regs_set(&c.regs, PPC64_MSR, PPC64_MSR_LE);
	{
		struct mem_reader mem = { .ctx = &c, .virt = read_virt };

		assert_false(ppc64_step_decode(&c.regs, &mem, &s)); /* pc is 0x10000 now, where nothing is */
	}
	word = 0x42000010;
	c = code(false, &word, 1);
	regs_set(&c.regs, PPC64_CTR, 0x100000001);
	s = step(&c);
	expect(&s, 0, PC + 0x10);
	/* rfid to big-endian real mode: HV stays, the target is masked by the new SF. */
	word = 0x4c000024;
	c = code(false, &word, 1);
	regs_set(&c.regs, PPC64_SRR0, 0xffffffff00001003);
	regs_set(&c.regs, PPC64_SRR1, PPC64_MSR_HV | PPC64_MSR_RI);
	s = step(&c);
	expect(&s, 0, 0x1000);
	assert_true(s.next[0].msr == (PPC64_MSR_RI | PPC64_MSR_ME));
	/* To user code: relocation and interrupts come with PR. */
	regs_set(&c.regs, PPC64_SRR1, PPC64_MSR_SF | PPC64_MSR_PR | PPC64_MSR_LE);
	s = step(&c);
	expect(&s, 0, 0xffffffff00001000);
	assert_true((s.next[0].msr & (PPC64_MSR_EE | PPC64_MSR_IR | PPC64_MSR_DR)) ==
		    (PPC64_MSR_EE | PPC64_MSR_IR | PPC64_MSR_DR));
	/* hrfid is not for guests: nothing but an interrupt follows. */
	s = step_one(&c, false, 0x4c000224);
	assert_int_equal(s.n, 0);
	/* rfscv takes pc from LR and MSR from CTR. */
	s = step_one(&c, false, 0x4c0000a4);
	expect(&s, 0, 0xc000000000020000);
	assert_true(s.next[0].msr & BIT(17));
	/* sc 1 of user code goes to its kernel. */
	word = 0x44000022;
	c = code(false, &word, 1);
	regs_set(&c.regs, PPC64_MSR, regs_u64(&c.regs, PPC64_MSR) | PPC64_MSR_PR);
	s = step(&c);
	expect(&s, 0, 0xc000000000004c00);
	assert_false(s.hypercall);
}

static void prefixed(void **state)
{
	static const uint32_t words[] = { 0x06000000, 0x38600001 }; /* pli r3,1 */
	struct code c = code(false, words, 2);
	struct ppc64_step s = step(&c);
	struct insn t = text_of(words[0], words[1], false);

	expect(&s, 0, PC + 8);
	assert_int_equal(t.len, 8);
	assert_true(!strcmp(t.mnemonic, "pli") || !strcmp(t.mnemonic, "paddi"));
	t = text_of(words[0], 0xffffffff, false);
	assert_int_equal(t.len, 4);
	assert_string_equal(t.mnemonic, ".long");
}

static void atomic_sequences(void **state)
{
	/* 1: lwarx; cmpw; bne- 2f; stwcx.; bne- 1b; 2: */
	static const uint32_t cas[] = { 0x7c602028, 0x7c032800, 0x40c2000c, 0x7cc0212d, 0x40c2fff0, 0x4c00012c };
	/* ldarx; bnelr; stdcx. */
	static const uint32_t ret[] = { 0x7c6020a8, 0x4c820020, 0x7cc021ad };
	/* lbarx; addi; stbcx. */
	static const uint32_t inc[] = { 0x7c602068, 0x38630001, 0x7c60256d };
	/* A loop inside that waits on the reservation: lwarx; cmpwi; bne -8; stwcx. */
	static const uint32_t wait[] = { 0x7c602028, 0x2c030000, 0x4082fff8, 0x7cc0212d };
	/* No store follows: a call, and an end without any. */
	static const uint32_t call[] = { 0x7c602028, 0x48000101, 0x7cc0212d };
	struct ppc64_step s;
	struct code c;

	for (unsigned big = 0; big < 2; big++) {
		c = code(big, cas, ARRAY_SIZE(cas));
		s = step(&c);
		assert_int_equal(s.insns, 4);
		assert_int_equal(s.n, 2);
		expect(&s, 0, PC + 16);
		expect(&s, 1, PC + 20);
		c = code(big, ret, ARRAY_SIZE(ret));
		s = step(&c);
		assert_int_equal(s.n, 2);
		expect(&s, 0, PC + 12);
		expect(&s, 1, 0xc000000000020000);
		c = code(big, inc, ARRAY_SIZE(inc));
		s = step(&c);
		assert_int_equal(s.n, 1);
		expect(&s, 0, PC + 12);
		c = code(big, wait, ARRAY_SIZE(wait));
		s = step(&c);
		assert_int_equal(s.n, 1);
		expect(&s, 0, PC + 16);
		c = code(big, call, ARRAY_SIZE(call));
		s = step(&c);
		assert_int_equal(s.insns, 1);
		expect(&s, 0, PC + 4);
		c = code(big, cas, 1);
		s = step(&c);
		assert_int_equal(s.insns, 1);
	}
}

static void step_vectors(void **state)
{
	uint64_t v[32];
	struct code c;
	unsigned sync;

	step_one(&c, false, 0x60000000);
	sync = ppc64_step_vectors(&c.regs, false, v, 32);
	assert_int_equal(sync, 11);
	assert_true(v[0] == 0xc000000000004300);
	assert_int_equal(ppc64_step_vectors(&c.regs, true, v, 32), sync + 6);
	assert_true(v[sync] == 0x100); /* system reset has no other place */
	assert_true(v[sync + 2] == 0xc000000000004500);
	assert_int_equal(ppc64_step_vectors(&c.regs, true, v, 3), 3);
}

static void symbols_and_facts(void **state)
{
	struct insn t = text_of(0xe86101a8, 0, false); /* ld r3,424(r1) */

	assert_string_equal(t.mnemonic, "ld");
	assert_string_equal(t.operands, "r3,424(r1)");
	assert_true(t.has_mem && t.mem_read && t.mem_base == PPC64_R1 && t.mem_disp == 424 && t.mem_size == 8);
	assert_int_equal(text_of(0x4e800020, 0, true).kind, INSN_RET);
	assert_int_equal(text_of(0x48000101, 0, true).kind, INSN_CALL);
	assert_int_equal(text_of(0x4e800421, 0, true).kind, INSN_CALL);	/* bctrl */
	assert_int_equal(text_of(0x429f0005, 0, true).kind, INSN_JUMP);	/* bcl 20,31,$+4 */
	assert_int_equal(text_of(0x41820010, 0, true).kind, INSN_BRANCH);
	assert_int_equal(text_of(0x44000002, 0, true).kind, INSN_SYSCALL);
	assert_int_equal(text_of(0x4c000024, 0, true).kind, INSN_IRET);
	assert_int_equal(text_of(PPC64_INSN_BREAK, 0, true).kind, INSN_BREAK);
	assert_string_equal(text_of(0x7c0004ac, 0, false).mnemonic, "hwsync");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_opcode), cmocka_unit_test(access_sizes), cmocka_unit_test(branch_decisions),
		cmocka_unit_test(plain_and_branches), cmocka_unit_test(modes_and_returns),
		cmocka_unit_test(prefixed), cmocka_unit_test(atomic_sequences), cmocka_unit_test(step_vectors),
		cmocka_unit_test(symbols_and_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

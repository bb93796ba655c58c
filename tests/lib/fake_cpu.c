/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/fake_cpu.h"

#include <string.h>

#include "core/base/bits.h"

/* One instruction under way. Failures of memory mark @fault; the caller then drops the registers. */
struct cpu {
	struct regs *regs;
	const struct fake_mem *mem;
	struct fake_step *step;
	uint64_t rip;		/* of the next byte to decode */
	bool rex_w, rex_r, rex_b, fault, unknown;
};

static uint8_t fetch8(struct cpu *c)
{
	uint8_t b = 0;

	if (!c->mem->read(c->mem->ctx, c->rip++, &b, 1))
		c->fault = true;
	return b;
}

static uint64_t fetch(struct cpu *c, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)fetch8(c) << (8 * i);
	return v;
}

static int64_t fetch_signed(struct cpu *c, unsigned n)
{
	return sign_extend(fetch(c, n), 8 * n);
}

static unsigned gpr(unsigned n)
{
	static const uint8_t ids[] = {
		X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI,
		X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
	};

	return ids[n & 15];
}

static uint64_t load(struct cpu *c, uint64_t addr, unsigned len)
{
	uint8_t raw[8] = { 0 };
	uint64_t v;

	if (!c->mem->read(c->mem->ctx, addr, raw, len))
		c->fault = true;
	v = le64_read(raw);
	if (c->step->naccess < 2)
		c->step->access[c->step->naccess++] =
			(struct fake_access){ .addr = addr, .len = len, .old = v, .new = v };
	return v;
}

static void store(struct cpu *c, uint64_t addr, unsigned len, uint64_t v)
{
	uint8_t old[8] = { 0 }, raw[8];

	le64_write(raw, len < 8 ? v & MASK(8 * len - 1, 0) : v);
	if (c->fault || !c->mem->read(c->mem->ctx, addr, old, len) ||
	    !c->mem->write(c->mem->ctx, addr, raw, len)) {
		c->fault = true;
		return;
	}
	if (c->step->naccess < 2)
		c->step->access[c->step->naccess++] = (struct fake_access){
			.addr = addr, .len = len, .old = le64_read(old), .new = le64_read(raw), .write = true };
}

/* A decoded r/m operand: register or address. */
struct operand {
	bool is_mem;
	unsigned reg;
	uint64_t addr;
};

/* ModRM without index registers: enough for code that compilers emit for simple C. @tail: immediate
 * bytes that follow, which rip-relative addresses count in. */
static struct operand modrm(struct cpu *c, unsigned tail, unsigned *ret_reg)
{
	uint8_t b = fetch8(c), mod = b >> 6, rm = b & 7;
	struct operand o = { .is_mem = mod != 3 };
	bool has_base = true;
	unsigned base = rm;

	*ret_reg = (b >> 3 & 7) | (c->rex_r ? 8 : 0);
	if (!o.is_mem) {
		o.reg = gpr(rm | (c->rex_b ? 8 : 0));
		return o;
	}
	if (rm == 4) {
		uint8_t sib = fetch8(c);

		if ((sib >> 3 & 7) != 4)
			c->unknown = true;
		base = sib & 7;
		has_base = !(base == 5 && mod == 0);
	}
	if (mod == 0 && rm == 5) {
		int32_t disp = fetch_signed(c, 4);

		o.addr = c->rip + tail + disp;
		return o;
	}
	if (has_base)
		o.addr = regs_u64(c->regs, gpr(base | (c->rex_b ? 8 : 0)));
	if (mod == 1)
		o.addr += fetch_signed(c, 1);
	else if (mod == 2 || !has_base)
		o.addr += fetch_signed(c, 4);
	return o;
}

static unsigned width(const struct cpu *c)
{
	return c->rex_w ? 8 : 4;
}

static uint64_t get(struct cpu *c, const struct operand *o)
{
	uint64_t v;

	if (o->is_mem)
		return load(c, o->addr, width(c));
	v = regs_u64(c->regs, o->reg);
	return c->rex_w ? v : v & MASK(31, 0);
}

static void put(struct cpu *c, const struct operand *o, uint64_t v)
{
	if (o->is_mem)
		store(c, o->addr, width(c), v);
	else if (!c->fault)
		regs_set(c->regs, o->reg, c->rex_w ? v : v & MASK(31, 0));
}

/* Flags of @a op @b = @r; @sub: a subtraction. */
static void set_flags(struct cpu *c, uint64_t a, uint64_t b, uint64_t r, bool sub, bool keep_cf)
{
	unsigned top = width(c) * 8 - 1;
	uint64_t mask = MASK(top, 0), flags = regs_u64(c->regs, X86_RFLAGS);
	uint64_t cf = flags & X86_FLAGS_CF;
	bool overflow = sub ? ((a ^ b) & (a ^ r)) >> top & 1 : (~(a ^ b) & (a ^ r)) >> top & 1;

	a &= mask;
	b &= mask;
	r &= mask;
	flags &= ~(X86_FLAGS_CF | X86_FLAGS_ZF | X86_FLAGS_SF | X86_FLAGS_OF | X86_FLAGS_PF);
	if (keep_cf)
		flags |= cf;
	else if (sub ? a < b : r < a)
		flags |= X86_FLAGS_CF;
	if (r == 0)
		flags |= X86_FLAGS_ZF;
	if (r >> top)
		flags |= X86_FLAGS_SF;
	if (overflow)
		flags |= X86_FLAGS_OF;
	if (!__builtin_parity(r & 0xff))
		flags |= X86_FLAGS_PF;
	regs_set(c->regs, X86_RFLAGS, flags);
}

/* The arithmetic group by its number: 0 add, 4 and, 5 sub, 6 xor, 7 cmp. */
static void arithmetic(struct cpu *c, unsigned op, const struct operand *o, uint64_t b)
{
	uint64_t a = get(c, o), r;

	switch (op) {
	case 0: r = a + b; break;
	case 4: r = a & b; break;
	case 5: case 7: r = a - b; break;
	case 6: r = a ^ b; break;
	default: c->unknown = true; return;
	}
	if (op != 7)
		put(c, o, r);
	if (op == 4 || op == 6)
		set_flags(c, 0, 0, r, true, false);
	else
		set_flags(c, a, b, r, op != 0, false);
}

static bool condition(const struct cpu *c, unsigned cc)
{
	uint64_t f = regs_u64(c->regs, X86_RFLAGS);
	bool cf = f & X86_FLAGS_CF, zf = f & X86_FLAGS_ZF, sf = f & X86_FLAGS_SF, of = f & X86_FLAGS_OF;
	bool v;

	switch (cc >> 1) {
	case 0: v = of; break;
	case 1: v = cf; break;
	case 2: v = zf; break;
	case 3: v = cf || zf; break;
	case 4: v = sf; break;
	case 5: v = f & X86_FLAGS_PF; break;
	case 6: v = sf != of; break;
	default: v = zf || sf != of; break;
	}
	return v != (cc & 1);
}

static void push(struct cpu *c, uint64_t v)
{
	uint64_t sp = regs_u64(c->regs, X86_RSP) - 8;

	store(c, sp, 8, v);
	regs_set(c->regs, X86_RSP, sp);
}

static uint64_t pop(struct cpu *c)
{
	uint64_t sp = regs_u64(c->regs, X86_RSP), v = load(c, sp, 8);

	regs_set(c->regs, X86_RSP, sp + 8);
	return v;
}

static void io(struct cpu *c, uint16_t port, bool out)
{
	uint64_t rax = regs_u64(c->regs, X86_RAX);

	c->step->result = out ? FAKE_OUT : FAKE_IN;
	c->step->port = port;
	c->step->size = 1;
	c->step->value = out ? rax & 0xff : 0xff;
	if (!out)
		regs_set(c->regs, X86_RAX, rax | 0xff);
}

/* Opcodes with a ModRM byte. */
static void execute_modrm(struct cpu *c, uint8_t op)
{
	unsigned tail = op == 0x83 ? 1 : op == 0x81 || op == 0xc7 ? 4 : 0, reg;
	struct operand o = modrm(c, tail, &reg), r = { .reg = gpr(reg) };
	uint64_t v;

	switch (op) {
	case 0x01: case 0x21: case 0x29: case 0x31: case 0x39:
		arithmetic(c, op >> 3, &o, get(c, &r));
		break;
	case 0x03: case 0x2b: case 0x33: case 0x3b:
		arithmetic(c, op >> 3, &r, get(c, &o));
		break;
	case 0x81: case 0x83:
		arithmetic(c, reg & 7, &o, fetch_signed(c, tail));
		break;
	case 0x85:
		set_flags(c, 0, 0, get(c, &o) & get(c, &r), true, false);
		break;
	case 0x89:
		put(c, &o, get(c, &r));
		break;
	case 0x8b:
		put(c, &r, get(c, &o));
		break;
	case 0x8d:
		put(c, &r, o.addr);
		c->unknown |= !o.is_mem;
		break;
	case 0xc7:
		c->unknown |= (reg & 7) != 0;
		put(c, &o, fetch_signed(c, 4));
		break;
	case 0xff:
		c->unknown |= (reg & 7) > 1;
		v = get(c, &o);
		put(c, &o, (reg & 7) == 0 ? v + 1 : v - 1);
		set_flags(c, v, 1, (reg & 7) == 0 ? v + 1 : v - 1, (reg & 7) == 1, true);
		break;
	}
}

static void execute(struct cpu *c, uint8_t op)
{
	unsigned n = (op & 7) | (c->rex_b ? 8 : 0);
	uint64_t v;
	int64_t rel;

	switch (op) {
	case 0x90: case 0xfa: case 0xfb:	/* nop, cli, sti: no interrupts here */
		break;
	case 0x50 ... 0x57:
		push(c, regs_u64(c->regs, gpr(n)));
		break;
	case 0x58 ... 0x5f:
		v = pop(c);
		regs_set(c->regs, gpr(n), v);
		break;
	case 0xb0 ... 0xb3:			/* al cl dl bl */
		v = fetch8(c);
		regs_set(c->regs, gpr(n), (regs_u64(c->regs, gpr(n)) & ~0xffULL) | v);
		break;
	case 0xb8 ... 0xbf:
		regs_set(c->regs, gpr(n), fetch(c, width(c)));
		break;
	case 0x70 ... 0x7f:
		rel = fetch_signed(c, 1);
		c->rip += condition(c, op & 15) ? rel : 0;
		break;
	case 0xeb: case 0xe9:
		rel = fetch_signed(c, op == 0xeb ? 1 : 4);
		c->rip += rel;
		break;
	case 0xe8:
		rel = fetch_signed(c, 4);
		push(c, c->rip);
		c->rip += rel;
		break;
	case 0xc3:
		c->rip = pop(c);
		break;
	case 0xe4: case 0xe6:
		io(c, fetch8(c), op == 0xe6);
		break;
	case 0xec: case 0xee:
		io(c, regs_u64(c->regs, X86_RDX), op == 0xee);
		break;
	case 0xf4:
		c->step->result = FAKE_HLT;
		break;
	case 0x01: case 0x03: case 0x21: case 0x29: case 0x2b: case 0x31: case 0x33: case 0x39: case 0x3b:
	case 0x81: case 0x83: case 0x85: case 0x89: case 0x8b: case 0x8d: case 0xc7: case 0xff:
		execute_modrm(c, op);
		break;
	case 0x0f:
		if (fetch8(c) == 0x0b)
			c->fault = true; /* ud2 and no handler that we would run */
		else
			c->unknown = true;
		break;
	default:
		c->unknown = true;
	}
}

struct fake_step fake_cpu_step(struct regs *regs, const struct fake_mem *mem)
{
	struct fake_step step = { .result = FAKE_OK };
	struct regs before = *regs;
	struct cpu c = { .regs = regs, .mem = mem, .step = &step, .rip = regs_u64(regs, X86_RIP) };
	uint8_t op = fetch8(&c);

	if (op == 0xf3) /* pause: rep nop */
		op = fetch8(&c);
	if ((op & 0xf0) == 0x40) {
		c.rex_w = op & 8;
		c.rex_r = op & 4;
		c.rex_b = op & 1;
		op = fetch8(&c);
	}
	execute(&c, op);
	if (c.unknown || c.fault) {
		*regs = before;
		step.result = c.fault ? FAKE_FAULT : FAKE_UNKNOWN;
		step.naccess = 0;
		return step;
	}
	regs_set(regs, X86_RIP, c.rip);
	return step;
}

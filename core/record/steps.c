/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An entry: varint vCPU, u8 flags, varint n, n * (varint register, its old bytes), varint m, m * (varint
 * linear address, varint length, old bytes); then u32 its length, so that the newest is found from the end.
 */
#include "core/record/steps.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/record/bytes.h"

#define BELOW_STACK 128		/* pushes, calls, frames of exceptions on the same stack */
#define OPERAND_MAX 4096	/* xsave areas */

enum { STEP_DEVICE = 1 };

struct piece {
	uint64_t addr;
	size_t len;
	uint8_t old[OPERAND_MAX];
};

/* Of a vCPU's step under way. */
struct pending {
	bool active;
	bool device, wide;
	const char *barrier;
	struct regs before;
	struct piece stack, operand;
};

#define VCPUS_MAX 256

struct step_log {
	pthread_mutex_t lock;	/* guards all below but pending[], each its vCPU's thread's */
	struct bytes data;
	uint64_t limit, steps, dropped;
	char why[160];		/* what is before the oldest */
	struct pending *pending[VCPUS_MAX];
};

struct step_log *step_log_create(uint64_t bytes)
{
	struct step_log *log = xcalloc(1, sizeof(*log));

	pthread_mutex_init(&log->lock, NULL);
	log->limit = bytes;
	snprintf(log->why, sizeof(log->why), "no step before is recorded");
	return log;
}

void step_log_destroy(struct step_log *log)
{
	if (!log)
		return;
	for (unsigned i = 0; i < VCPUS_MAX; i++)
		free(log->pending[i]);
	bytes_deinit(&log->data);
	pthread_mutex_destroy(&log->lock);
	free(log);
}

/* ---- recording ----------------------------------------------------------------------------------- */

static void keep_piece(const struct step_machine *m, struct piece *p, uint64_t addr, size_t len)
{
	p->addr = addr;
	p->len = m->mem->virt(m->mem->ctx, addr, p->old, len) ? len : 0;
}

void step_log_before(struct step_log *log, const struct step_machine *m, uint64_t pc, const uint8_t *code,
		     size_t len)
{
	struct pending *p;
	struct disasm_req req = { .bytes = code, .len = len, .pc = pc, .facts_only = true };
	const struct arch *arch;
	struct insn insn;
	uint64_t addr, sp;

	if (m->vcpu >= VCPUS_MAX)
		return;
	if (!log->pending[m->vcpu])
		log->pending[m->vcpu] = xcalloc(1, sizeof(*log->pending[0]));
	p = log->pending[m->vcpu];
	m->core(m->ctx, &p->before);
	arch = p->before.arch;
	p->active = true;
	p->device = p->wide = false;
	p->barrier = NULL;
	p->stack.len = p->operand.len = 0;
	if (!len || !arch) {
		p->barrier = "an instruction whose code can not be read";
		return;
	}
	req.code_bits = arch->code_bits ? arch->code_bits(&p->before) : 64;
	req.big_endian = arch->big_endian;
	arch->disasm(&req, &insn);
	if (insn.kind == INSN_INVALID)
		p->barrier = "an instruction that can not be decoded";
	else if (insn.kind == INSN_HALT)
		p->barrier = "a halt";
	p->device = insn.kind == INSN_IO;
	p->wide = insn.wide;
	if (p->wide && !m->wide(m->ctx, &p->before))
		p->barrier = "an instruction whose registers can not be read";
	sp = arch->sp_linear ? arch->sp_linear(&p->before) : regs_u64(&p->before, arch->reg_sp);
	/* As far as the page goes when the one below is not there. */
	keep_piece(m, &p->stack, sp - BELOW_STACK, BELOW_STACK);
	if (!p->stack.len && sp % 4096)
		keep_piece(m, &p->stack, sp - (sp % 4096 < BELOW_STACK ? sp % 4096 : BELOW_STACK),
			   sp % 4096 < BELOW_STACK ? sp % 4096 : BELOW_STACK);
	if (!insn.has_mem || (!insn.mem_write && !insn.mem_read) || !insn_mem_address(&insn, &p->before, &addr))
		return;
	if (insn.mem_size > OPERAND_MAX) {
		p->barrier = "an instruction that writes more than a page";
		return;
	}
	keep_piece(m, &p->operand, addr, insn.mem_size ? insn.mem_size : 1);
	/* Not memory: a device's page, or none at all. */
	if (!p->operand.len)
		p->device = true;
	if (!insn.mem_write)
		p->operand.len = 0;
}

static void add_memory(struct bytes *out, const struct step_machine *m, const struct piece *p, unsigned *count)
{
	uint8_t now[OPERAND_MAX];
	size_t lo = 0, hi = p->len;

	if (!p->len || !m->mem->virt(m->mem->ctx, p->addr, now, p->len))
		return;
	while (lo < hi && now[lo] == p->old[lo])
		lo++;
	while (hi > lo && now[hi - 1] == p->old[hi - 1])
		hi--;
	if (lo == hi)
		return;
	bytes_varint(out, p->addr + lo);
	bytes_varint(out, hi - lo);
	bytes_add(out, p->old + lo, hi - lo);
	++*count;
}

static void add_regs(struct bytes *out, const struct regs *before, const struct regs *after)
{
	const struct arch *arch = before->arch;
	unsigned n = 0;
	size_t at = out->len;

	bytes_u8(out, 0);
	for (unsigned i = 0; i < arch->nregs; i++) {
		unsigned bytes = (arch->regs[i].bits + 7u) / 8;

		if (!regs_differ(before, after, i) || n == 127)
			continue;
		bytes_varint(out, i);
		bytes_add(out, regs_bytes(before, i), bytes);
		n++;
	}
	out->data[at] = (uint8_t)n; /* a varint of one byte */
}

static void drop_oldest(struct step_log *log)
{
	/* Entries are found from the end: the oldest is found by walking, so many go at once. */
	size_t end = log->data.len, keep = log->data.len - (size_t)(log->limit / 2), steps = 0;

	while (end > keep) {
		uint32_t len = le32_read(log->data.data + end - 4);

		end -= len + 4;
		steps++;
	}
	memmove(log->data.data, log->data.data + end, log->data.len - end);
	log->data.len -= end;
	log->dropped += log->steps - steps;
	log->steps = steps;
	snprintf(log->why, sizeof(log->why), "steps before were dropped for room (`record steps on SIZE`)");
}

void step_log_break(struct step_log *log, const char *why)
{
	pthread_mutex_lock(&log->lock);
	log->data.len = 0;
	log->steps = 0;
	snprintf(log->why, sizeof(log->why), "%s", why);
	pthread_mutex_unlock(&log->lock);
}

/* A handler on another stack: its frame is nowhere we looked. */
static bool frame_is_elsewhere(const struct pending *p, const struct regs *after)
{
	const struct arch *arch = after->arch;
	uint64_t was = regs_u64(&p->before, arch->reg_sp), is = regs_u64(after, arch->reg_sp);

	return is > was || was - is > BELOW_STACK;
}

void step_log_after(struct step_log *log, const struct step_machine *m, bool entered)
{
	struct pending *p = m->vcpu < VCPUS_MAX ? log->pending[m->vcpu] : NULL;
	struct bytes out = { 0 }, mem = { 0 };
	unsigned count = 0;
	struct regs after;
	char why[160];

	if (!p || !p->active)
		return;
	p->active = false;
	regs_init(&after, p->before.arch);
	m->core(m->ctx, &after);
	if (p->wide && !p->barrier)
		m->wide(m->ctx, &after);
	if (!p->barrier && entered && frame_is_elsewhere(p, &after))
		p->barrier = "a step into a handler on another stack";
	if (p->barrier) {
		snprintf(why, sizeof(why), "%s can not be undone", p->barrier);
		step_log_break(log, why);
		return;
	}
	bytes_varint(&out, m->vcpu);
	bytes_u8(&out, p->device ? STEP_DEVICE : 0);
	add_regs(&out, &p->before, &after);
	add_memory(&mem, m, &p->stack, &count);
	add_memory(&mem, m, &p->operand, &count);
	bytes_varint(&out, count);
	bytes_add(&out, mem.data, mem.len);
	pthread_mutex_lock(&log->lock);
	bytes_add(&log->data, out.data, out.len);
	bytes_u32(&log->data, (uint32_t)out.len);
	log->steps++;
	if (log->data.len > log->limit)
		drop_oldest(log);
	pthread_mutex_unlock(&log->lock);
	bytes_deinit(&out);
	bytes_deinit(&mem);
}

uint64_t step_log_steps(const struct step_log *log)
{
	return log->steps;
}

uint64_t step_log_dropped(const struct step_log *log)
{
	return log->dropped;
}

/* ---- undoing ------------------------------------------------------------------------------------- */

bool step_log_undo(struct step_log *log, const struct step_undo *how, struct step_undone *ret,
		   const char **ret_why)
{
	struct parse in;
	struct regs *regs;
	unsigned n;
	uint32_t len;

	if (!log->steps) {
		*ret_why = log->why;
		return false;
	}
	len = le32_read(log->data.data + log->data.len - 4);
	log->data.len -= len + 4;
	log->steps--;
	in = (struct parse){ .p = log->data.data + log->data.len };
	in.end = in.p + len;
	*ret = (struct step_undone){ .vcpu = (unsigned)parse_varint(&in) };
	ret->device = parse_u8(&in) & STEP_DEVICE;
	regs = how->regs(how->ctx, ret->vcpu);
	n = (unsigned)parse_varint(&in);
	for (unsigned i = 0; i < n && regs; i++) {
		unsigned id = (unsigned)parse_varint(&in);
		size_t bytes = id < regs->arch->nregs ? (regs->arch->regs[id].bits + 7u) / 8 : 0;
		const uint8_t *old = parse_bytes(&in, bytes);

		if (old)
			regs_set_bytes(regs, id, old, bytes);
	}
	n = (unsigned)parse_varint(&in);
	for (unsigned i = 0; i < n && regs; i++) {
		uint64_t addr = parse_varint(&in), size = parse_varint(&in);
		const uint8_t *old = parse_bytes(&in, size);

		/* As mapped before the step: its registers are back already. */
		if (!old || !how->write(how->ctx, regs, addr, old, size))
			ret->failed = true;
	}
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Watchpoints that are kept by single steps: after each instruction the watched bytes are compared with
 * what they were. With several vCPUs one steps at a time, so that a change belongs to the one that
 * made it. Reads are found by looking at the instruction's memory operand before the step.
 */
#include <sched.h>
#include <string.h>

#include "core/base/bits.h"
#include "guest/vm.h"

/* Host memory of a watched byte range as @v maps it, piece by piece; calls @fn for each. */
static bool watch_pieces(struct vcpu *v, const struct stop_entry *e,
			 bool (*fn)(void *ctx, uint64_t off, const uint8_t *host, size_t len), void *ctx)
{
	uint64_t off = 0;

	while (off < e->spec.len) {
		uint64_t addr = e->spec.addr + off, gpa = addr;
		size_t len, n = 4096 - (addr & 4095);
		const uint8_t *host;

		if (e->spec.physical) {
			host = memory_ptr(&v->vm->mem, gpa, &len);
		} else {
			/* The fetch cache serves data too: one page, checked against its page tables. */
			struct vcpu_fetch code = v->fetch;

			v->fetch = v->data;
			host = vcpu_fetch_code(v, addr, &len, &gpa);
			v->data = v->fetch;
			v->fetch = code;
		}
		if (!host)
			return false;
		n = n < e->spec.len - off ? n : e->spec.len - off;
		n = n < len ? n : len;
		if (!fn(ctx, off, host, n))
			return true;
		off += n;
	}
	return true;
}

static bool copy_piece(void *ctx, uint64_t off, const uint8_t *host, size_t len)
{
	memcpy((uint8_t *)ctx + off, host, len);
	return true;
}

void stops_watch_remember(struct vm *vm, struct stop_entry *e)
{
	struct vcpu *v = vm->vcpus[e->spec.vcpu < 0 ? 0 : e->spec.vcpu];

	pthread_mutex_lock(&vm->stops.watch_lock);
	watch_pieces(v, e, copy_piece, e->before);
	pthread_mutex_unlock(&vm->stops.watch_lock);
}

void stops_remember(struct vm *vm)
{
	for (size_t i = 0; i < vm->stops.list.len; i++)
		if (vm->stops.list.data[i]->spec.kind == STOP_KIND_WATCH)
			stops_watch_remember(vm, vm->stops.list.data[i]);
}

struct compare {
	struct stop_entry *e;
	bool changed;
	uint64_t first;
	uint8_t old[8], now[8];
	unsigned len;
};

static bool compare_piece(void *ctx, uint64_t off, const uint8_t *host, size_t len)
{
	struct compare *c = ctx;
	uint8_t *before = c->e->before + off;

	if (memcmp(before, host, len) == 0)
		return true;
	for (size_t i = 0; i < len; i++) {
		uint8_t now = host[i];

		if (now == before[i])
			continue;
		if (!c->changed) {
			/* The aligned word around the first byte, or the whole range when it is a word. */
			uint64_t at = c->e->spec.len <= 8 ? 0 : off + i;

			c->changed = true;
			c->first = at;
			c->len = c->e->spec.len - at < 8 ? c->e->spec.len - at : 8;
			memcpy(c->old, c->e->before + at, c->len);
		}
		before[i] = now;
	}
	return true;
}

/* Updates what was seen last; true when something changed. */
static bool compare(struct vcpu *v, struct stop_entry *e, struct compare *c)
{
	*c = (struct compare){ .e = e };
	pthread_mutex_lock(&v->vm->stops.watch_lock);
	watch_pieces(v, e, compare_piece, c);
	memcpy(c->now, e->before + c->first, c->len);
	pthread_mutex_unlock(&v->vm->stops.watch_lock);
	return c->changed;
}

static bool report_watch(struct vcpu *v, struct stop_entry *e, const struct compare *c,
			 struct stop_report *report)
{
	if (!stops_accept(v, e, NULL, report))
		return false;
	report->watch_addr = e->spec.addr + c->first;
	report->watch_len = c->len;
	report->watch_old = bytes_read(c->old, c->len, machine_host.arch->big_endian);
	report->watch_new = bytes_read(c->now, c->len, machine_host.arch->big_endian);
	return true;
}

/* A debug register hit: writes stop when they change something, reads always. */
bool stops_watch_changed(struct vcpu *v, struct stop_entry *e, struct stop_report *report)
{
	struct compare c;

	if (!compare(v, e, &c)) {
		if (!(e->spec.access & STOP_READ))
			return false;
		c.len = e->spec.len < 8 ? e->spec.len : 8;
		memcpy(c.old, e->before, c.len);
		memcpy(c.now, e->before, c.len);
	}
	return report_watch(v, e, &c, report);
}

bool stops_hit_page(struct vcpu *v, uint64_t gpa, unsigned len, struct stop_report *report)
{
	struct stops *stops = &v->vm->stops;
	struct stop_report other;
	bool hit = false;

	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];

		if (e->mech == STOP_MECH_PAGE && gpa < e->spec.addr + e->spec.len && e->spec.addr < gpa + len)
			hit |= stops_watch_changed(v, e, hit ? &other : report);
	}
	return hit;
}

bool stops_hit_step(struct vcpu *v, uint64_t pc, struct stop_report *report)
{
	struct stops *stops = &v->vm->stops;
	struct stop_report other;
	bool hit = false;

	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];
		struct compare c;

		if (e->spec.kind != STOP_KIND_WATCH || e->mech != STOP_MECH_STEP)
			continue;
		if (compare(v, e, &c) && (e->spec.access & STOP_WRITE))
			hit |= report_watch(v, e, &c, hit ? &other : report);
	}
	return hit;
}

static bool reads_range(struct vcpu *v, const struct insn *insn, const struct stop_entry *e)
{
	uint64_t addr;

	if (!insn->mem_read || !insn_mem_address(insn, &v->regs, &addr))
		return false;
	return addr < e->spec.addr + e->spec.len && e->spec.addr < addr + insn->mem_size;
}

bool stops_watch_reads(struct vcpu *v, uint64_t pc, struct stop_report *report)
{
	struct stops *stops = &v->vm->stops;
	bool decoded = false, hit = false;
	struct stop_report other;
	struct insn insn;

	for (size_t i = 0; i < stops->list.len; i++) {
		struct stop_entry *e = stops->list.data[i];
		struct compare c = { .e = e };

		if (e->spec.kind != STOP_KIND_WATCH || e->mech != STOP_MECH_STEP ||
		    !(e->spec.access & STOP_READ))
			continue;
		if (!decoded) {
			uint8_t code[INSN_MAX_BYTES];
			struct disasm_req req = { .bytes = code, .pc = pc };
			const uint8_t *host;
			uint64_t gpa;
			size_t len;

			host = vcpu_fetch_code(v, pc, &len, &gpa);
			if (!host)
				return false;
			req.len = len < sizeof(code) ? len : sizeof(code);
			memcpy(code, host, req.len);
			machine_host.regs_core(v, &v->regs);
			req.code_bits = machine_host.arch->code_bits(&v->regs);
			req.big_endian = arch_is_big_endian(&v->regs);
			machine_host.arch->disasm(&req, &insn);
			decoded = true;
		}
		if (!insn.has_mem || !reads_range(v, &insn, e))
			continue;
		c.len = e->spec.len < 8 ? e->spec.len : 8;
		memcpy(c.old, e->before, c.len);
		memcpy(c.now, e->before, c.len);
		hit |= report_watch(v, e, &c, hit ? &other : report);
	}
	return hit;
}

/* ---- one at a time ---------------------------------------------------------------------------- */

/* A fair lock: tickets. A mutex would let the vCPU that has it take it again and again. */
void stops_step_lock(struct stops *stops)
{
	uint64_t mine = atomic_fetch_add(&stops->ticket, 1);

	for (unsigned spin = 0; atomic_load_explicit(&stops->serving, memory_order_acquire) != mine; spin++)
		if (spin > 64)
			sched_yield();
}

void stops_step_unlock(struct stops *stops)
{
	atomic_fetch_add_explicit(&stops->serving, 1, memory_order_release);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/panel/code.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/session/insn.h"

#define FUNCTION_MAX 16384	/* bytes decoded from a symbol to find where instructions start */
#define MNEMONIC_W 7
#define BYTES_SHOWN 8
#define WIDE 88			/* cells from which instruction bytes are shown */

struct stop *code_stop_at(struct session *s, uint64_t addr)
{
	for (size_t i = 0; i < s->stops.stops.len; i++) {
		struct stop *stop = s->stops.stops.data[i];

		if (stop->spec.kind == STOP_KIND_BREAK && stop->life != STOP_PENDING && stop->spec.addr == addr)
			return stop;
	}
	return NULL;
}

/* ---- where instructions start --------------------------------------------------------------------- */

/* The instructions from @from up to @addr, the last @n of them into a ring; false when none ends there. */
static bool decode_up_to(struct session *s, uint64_t from, uint64_t addr, uint64_t *ring, unsigned n,
			 unsigned *ret_count)
{
	unsigned count = 0;

	while (from < addr) {
		struct insn insn;
		_error_ struct error *error = session_insn(s, from, &insn);

		if (error || !insn.len)
			return false;
		ring[count++ % n] = from;
		from += insn.len;
	}
	*ret_count = count;
	return from == addr;
}

uint64_t code_back(struct session *s, uint64_t addr, unsigned n, bool guess)
{
	const struct arch *arch = s->target->arch;
	uint64_t ring[64], from, off;
	unsigned count, max = arch->insn_max ? arch->insn_max : INSN_MAX_BYTES;
	struct symbol sym;

	if (!n)
		return addr;
	if (n > ARRAY_SIZE(ring))
		n = ARRAY_SIZE(ring);
	/* From the symbol that covers the byte before: code up to here starts there. */
	if (symbols_by_addr(s->symbols, addr - 1, &sym, &off) && off < FUNCTION_MAX &&
	    decode_up_to(s, sym.addr, addr, ring, n, &count) && count) {
		from = ring[count > n ? count % n : 0];
		return count >= n ? from : code_back(s, sym.addr, n - count, guess);
	}
	if (!guess)
		return addr;
	/* Without one: any start from which decoding arrives at @addr, the longest way first. */
	for (from = addr - (uint64_t)n * 4 - max; from < addr; from += arch->insn_align) {
		if (!decode_up_to(s, from, addr, ring, n, &count) || count < n)
			continue;
		return ring[count % n];
	}
	return addr - arch->insn_align;
}

/* ---- one instruction -------------------------------------------------------------------------------- */

static void print_mark(struct session *s, struct out *out, uint64_t addr, bool current)
{
	const struct stop *stop = code_stop_at(s, addr);

	out_text(out, stop && stop->enabled ? ROLE_FINDING : ROLE_DIM, "%s",
		 !stop ? " " : stop->enabled ? "B" : "b");
	out_text(out, current ? ROLE_CURRENT : ROLE_TEXT, "%s", current ? "=> " : "   ");
}

/* "; counter = 0x3": what the current instruction's memory operand points at. */
static void print_operand(struct session *s, struct out *out, const struct insn *insn)
{
	const struct regs *regs;
	uint8_t bytes[8];
	uint64_t addr;
	char sym[128];
	size_t done;
	bool stale;
	_error_ struct error *error = session_regs(s, REGS_CORE, &regs, &stale);

	if (error || !insn->has_mem || !insn_mem_address(insn, regs, &addr))
		return;
	if (symbols_format(s->symbols, addr, sym, sizeof(sym)))
		out_text(out, ROLE_COMMENT, "  ; %s", sym);
	else
		out_text(out, ROLE_COMMENT, "  ; 0x%" PRIx64, addr);
	if (!insn->mem_size || insn->mem_size > sizeof(bytes))
		return;
	error = session_mem_read(s, addr, bytes, insn->mem_size, &done);
	if (error)
		out_text(out, ROLE_WARN, " not readable");
	else
		out_text(out, ROLE_COMMENT, " = 0x%" PRIx64,
			 bytes_read(bytes, insn->mem_size, s->target->arch->big_endian));
}

static void print_insn(struct session *s, struct out *out, const struct insn *insn, bool current, bool wide)
{
	struct symbol sym;
	uint64_t off;

	print_mark(s, out, insn->pc, current);
	out_text(out, ROLE_ADDR, "%08" PRIx64, insn->pc);
	if (symbols_by_addr(s->symbols, insn->pc, &sym, &off))
		out_text(out, ROLE_COMMENT, " +0x%-3" PRIx64, off);
	else
		out_text(out, ROLE_TEXT, "       ");
	out_text(out, ROLE_TEXT, " ");
	for (unsigned i = 0; wide && i < BYTES_SHOWN; i++) {
		if (i < insn->len)
			out_text(out, ROLE_DIM, "%02x ", insn->bytes[i]);
		else
			out_text(out, ROLE_DIM, "   ");
	}
	if (insn->operands[0])
		out_text(out, ROLE_MNEMONIC, "%-*s ", MNEMONIC_W - 1, insn->mnemonic);
	else
		out_text(out, ROLE_MNEMONIC, "%s", insn->mnemonic);
	out_text(out, ROLE_TEXT, "%s", insn->operands);
	if (insn->has_target && insn->kind != INSN_CALL)
		out_text(out, ROLE_COMMENT, insn->target > insn->pc ? " v" : " ^");
	if (current)
		print_operand(s, out, insn);
	out_nl(out);
}

/* ---- rows -------------------------------------------------------------------------------------------- */

static void start(struct code_rows *rows)
{
	out_capture_clear(rows->text);
	rows->row.len = 0;
}

static void add(struct code_rows *rows, enum code_row_kind kind, uint64_t addr, unsigned line, bool current)
{
	vec_push(&rows->row, (struct code_row){ .kind = kind, .addr = addr, .line = line, .current = current });
}

static void print_source_line(struct out *out, const char *mark, unsigned line, const char *text, enum role role)
{
	out_text(out, role, "%s%5u ", mark, line);
	out_text(out, role == ROLE_CURRENT ? ROLE_TEXT : role, "%s", text);
	out_nl(out);
}

/* Labels and source lines that belong before the instruction at @addr. */
static void print_before(struct session *s, struct code_rows *rows, uint64_t addr, bool source, bool first)
{
	struct source_line line;
	struct symbol sym;
	const char *text;
	uint64_t off;

	if (symbols_by_addr(s->symbols, addr, &sym, &off) && (!off || first)) {
		out_text(rows->text, ROLE_SYMBOL, off ? "%s: (+0x%" PRIx64 ")" : "%s:", sym.name, off);
		out_nl(rows->text);
		add(rows, CODE_LABEL, addr, 0, false);
	}
	if (!source || !symbols_line_by_addr(s->symbols, addr, &line) || (line.start != addr && !first))
		return;
	text = symbols_source_text(s->symbols, line.file, line.line);
	if (!text)
		return;
	print_source_line(rows->text, " ", line.line, text, ROLE_COMMENT);
	add(rows, CODE_SOURCE, addr, line.line, false);
}

void code_build_asm(struct session *s, struct code_rows *rows, uint64_t top, unsigned count, bool source,
		    unsigned width)
{
	uint64_t addr = top, pc = 0;
	bool have_pc;
	struct error *error = session_pc(s, &pc);

	have_pc = !error;
	error_destroy(error);
	start(rows);
	while (rows->row.len < count) {
		bool current = have_pc && addr == pc;
		struct insn insn;

		print_before(s, rows, addr, source, addr == top);
		error = session_insn(s, addr, &insn);
		if (error || !insn.len) {
			out_text(rows->text, ROLE_DIM, "    %08" PRIx64 " can not be read", addr);
			out_nl(rows->text);
			add(rows, CODE_NOTE, addr, 0, current);
			error_destroy(error);
			break;
		}
		print_insn(s, rows->text, &insn, current, width >= WIDE);
		add(rows, CODE_INSN, addr, 0, current);
		rows->row.data[rows->row.len - 1].target = insn.has_target ? insn.target : 0;
		addr += insn.len;
	}
	rows->next = addr;
}

bool code_build_source(struct session *s, struct code_rows *rows, const char *file, unsigned first,
		       unsigned count)
{
	struct source_line here;
	uint64_t pc;
	struct error *error = session_pc(s, &pc);
	unsigned current = 0;

	if (!error && symbols_line_by_addr(s->symbols, pc, &here) && !strcmp(here.file, file))
		current = here.line;
	error_destroy(error);
	start(rows);
	for (unsigned line = first; line < first + count; line++) {
		const char *text = symbols_source_text(s->symbols, file, line);
		const struct stop *stop = NULL;
		uint64_t addr = 0;
		unsigned found = 0;

		if (!text)
			break;
		error = symbols_addr_by_line(s->symbols, file, line, &addr, &found);
		if (error || found != line)
			addr = 0;
		error_destroy(error);
		if (addr)
			stop = code_stop_at(s, addr);
		out_text(rows->text, stop && stop->enabled ? ROLE_FINDING : ROLE_DIM, "%s",
			 !stop ? " " : stop->enabled ? "B" : "b");
		/* Lines that have no code are numbered faintly. */
		print_source_line(rows->text, line == current ? "=>" : "  ", line, text,
				  line == current ? ROLE_CURRENT : addr ? ROLE_TEXT : ROLE_COMMENT);
		add(rows, CODE_SOURCE, addr, line, line == current);
	}
	return rows->row.len > 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/insn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/session/options.h"

static bool insn_symbol(void *ctx, uint64_t addr, char *buf, size_t size)
{
	struct session *s = ctx;

	return symbols_format(s->symbols, addr, buf, size);
}

static struct error *decode(struct session *s, uint64_t addr, const uint8_t *bytes, size_t len,
			    struct insn *ret)
{
	const struct arch *arch = s->target->arch;
	const struct regs *regs;
	struct disasm_req req;
	struct error *error;
	bool stale;

	if (!arch->disasm)
		return error_create(ERROR_UNSUPPORTED, "disassembly is not supported for %s", arch->name);
	error = session_regs(s, 0, &regs, &stale);
	if (error)
		return error;
	req = (struct disasm_req){
		.bytes = bytes, .len = len, .pc = addr,
		.code_bits = arch->code_bits ? arch->code_bits(regs) : 64,
		.big_endian = arch_is_big_endian(regs),
		.att = s->options.flavor == FLAVOR_ATT,
		.symbol = insn_symbol, .ctx = s,
	};
	arch->disasm(&req, ret);
	return NULL;
}

static size_t insn_bytes(const struct session *s)
{
	unsigned max = s->target->arch->insn_max;

	return max && max < INSN_MAX_BYTES ? max : INSN_MAX_BYTES;
}

struct error *session_insn(struct session *s, uint64_t addr, struct insn *ret)
{
	uint8_t bytes[INSN_MAX_BYTES];
	struct error *error;
	size_t done;

	if (!s->target)
		return error_create(ERROR_STATE, "there is no guest");
	error = session_mem_read(s, addr, bytes, insn_bytes(s), &done);
	if (error && !done)
		return error;
	error_destroy(error);
	return decode(s, addr, bytes, done, ret);
}

struct error *session_insn_phys(struct session *s, uint64_t gpa, struct insn *ret)
{
	uint8_t bytes[INSN_MAX_BYTES];
	struct error *error = NULL;
	size_t len;

	if (!s->target)
		return error_create(ERROR_STATE, "there is no guest");
	for (len = insn_bytes(s); len; len--) {
		error_destroy(error);
		error = target_phys_read(s->target, gpa, bytes, len);
		if (!error)
			break;
	}
	return error ? error : decode(s, gpa, bytes, len, ret);
}

/* "; [0x5000 <counter>] = 0x1" */
static void print_operand(struct session *s, struct out *out, const struct insn *insn)
{
	const struct regs *regs;
	uint8_t bytes[8] = { 0 };
	char sym[256];
	uint64_t addr;
	size_t done;
	bool stale;
	_error_ struct error *error = session_regs(s, 0, &regs, &stale);

	if (error || !insn->has_mem || !insn_mem_address(insn, regs, &addr))
		return;
	session_symbolize(s, addr, sym, sizeof(sym));
	/* lea only computes: worth a word when it makes the address of something known. */
	if (!insn->mem_read && !insn->mem_write && !*sym)
		return;
	out_text(out, ROLE_COMMENT, "  ; [");
	out_hex(out, ROLE_ADDR, "operand_addr", 0, addr);
	if (*sym)
		out_text(out, ROLE_SYMBOL, " %s", sym);
	out_text(out, ROLE_COMMENT, "]");
	if (insn->mem_size == 0 || insn->mem_size > sizeof(bytes) || !insn->mem_read)
		return;
	error = session_mem_read(s, addr, bytes, insn->mem_size, &done);
	if (error) {
		out_text(out, ROLE_WARN, " not readable");
		return;
	}
	out_text(out, ROLE_COMMENT, " = ");
	out_hex(out, ROLE_COMMENT, "operand_value", 0,
		bytes_read(bytes, insn->mem_size, arch_is_big_endian(regs)));
}

static bool is_current(struct session *s, uint64_t addr)
{
	uint64_t pc;
	_error_ struct error *error = session_pc(s, &pc);

	return !error && pc == addr;
}

void session_print_insn(struct session *s, struct out *out, const struct insn *insn, unsigned flags)
{
	bool current = flags & INSN_SHOW_ARROW && is_current(s, insn->pc);
	char hex[3 * INSN_MAX_BYTES + 1] = "";

	for (unsigned i = 0; i < insn->len && i < INSN_MAX_BYTES; i++)
		sprintf(hex + 3 * i, "%02x ", insn->bytes[i]);
	if (insn->len)
		hex[3 * insn->len - 1] = 0;
	out_begin(out, "insn");
	if (flags & INSN_SHOW_ARROW)
		out_bool(out, current ? ROLE_CURRENT : ROLE_TEXT, "current", "=> ", "   ", current);
	out_hex(out, ROLE_ADDR, "addr", 0, insn->pc);
	session_out_symbol(s, out, ROLE_SYMBOL, insn->pc);
	out_text(out, ROLE_TEXT, ":  ");
	if (flags & INSN_SHOW_BYTES)
		out_str(out, ROLE_DIM, "bytes", 24, hex);
	else
		out_hidden_str(out, "bytes", hex);
	out_str(out, ROLE_MNEMONIC, "mnemonic", 0, insn->mnemonic);
	if (*insn->operands) {
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_TEXT, "operands", 0, insn->operands);
	}
	if (insn->has_target)
		out_hidden_hex(out, "target", insn->target);
	if (flags & INSN_SHOW_OPERAND)
		print_operand(s, out, insn);
	out_end(out);
}

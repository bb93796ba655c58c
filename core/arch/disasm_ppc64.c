/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Text by libopcodes (binutils, multiarch), operand facts by our own decoder. POWER9's instructions first;
 * what it does not have is tried as POWER10, so that prefixed code reads well and a POWER9 guest sees what
 * it really can execute.
 */
#include "core/arch/ppc64_insn.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* bfd.h refuses to be included without. */
#define PACKAGE "vmscope"
#define PACKAGE_VERSION VMSCOPE_VERSION
#include <dis-asm.h>

struct text_sink {
	const struct disasm_req *req;
	char buf[192];
	size_t len;
};

static int sink_printf(struct text_sink *t, const char *fmt, va_list ap)
{
	size_t left = sizeof(t->buf) - t->len;
	int n = vsnprintf(t->buf + t->len, left, fmt, ap);

	if (n > 0)
		t->len += (size_t)n < left ? (size_t)n : left - 1;
	return n;
}

static int __attribute__((format(printf, 2, 3))) plain_printf(void *ctx, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = sink_printf(ctx, fmt, ap);
	va_end(ap);
	return n;
}

static int __attribute__((format(printf, 3, 4))) styled_printf(void *ctx, enum disassembler_style style,
								const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = sink_printf(ctx, fmt, ap);
	va_end(ap);
	return n;
}

static void print_address(bfd_vma addr, struct disassemble_info *info)
{
	struct text_sink *t = info->stream;
	char name[96];

	plain_printf(t, "0x%llx", (unsigned long long)addr);
	if (t->req->symbol && t->req->symbol(t->req->ctx, addr, name, sizeof(name)))
		plain_printf(t, " <%s>", name);
}

/* One instruction as @cpu ("power9") has it; false when it has no such. @raw has 4 or 8 bytes. */
static bool print(const struct disasm_req *req, const uint8_t *raw, unsigned len, const char *cpu,
		  struct text_sink *t)
{
	struct disassemble_info info;
	disassembler_ftype fn;
	int n = 0;

	*t = (struct text_sink){ .req = req };
	init_disassemble_info(&info, t, plain_printf, styled_printf);
	info.arch = bfd_arch_powerpc;
	info.mach = bfd_mach_ppc64;
	info.endian = info.endian_code = req->big_endian ? BFD_ENDIAN_BIG : BFD_ENDIAN_LITTLE;
	info.disassembler_options = cpu;
	info.print_address_func = print_address;
	info.buffer = (bfd_byte *)raw;
	info.buffer_vma = req->pc;
	info.buffer_length = len;
	disassemble_init_for_target(&info);
	fn = disassembler(info.arch, req->big_endian, info.mach, NULL);
	if (fn)
		n = fn(req->pc, &info);
	disassemble_free_target(&info);
	return n == (int)len && t->len && t->buf[0] != '.';
}

/* "lwz     r3,8(r1)" into its two parts. */
static void split(const char *text, struct insn *ret)
{
	size_t word = strcspn(text, " \t"), rest = word + strspn(text + word, " \t");

	snprintf(ret->mnemonic, sizeof(ret->mnemonic), "%.*s", (int)word, text);
	snprintf(ret->operands, sizeof(ret->operands), "%s", text + rest);
	for (size_t n = strlen(ret->operands); n && ret->operands[n - 1] == ' ';)
		ret->operands[--n] = '\0';
}

static enum insn_kind kind_of(const struct ppc64_insn *i)
{
	bool always = ppc64_insn_always(i);

	switch (i->kind) {
	case PPC64_INSN_B:
		return i->link ? INSN_CALL : INSN_JUMP;
	case PPC64_INSN_BC:
		/* bcl 20,31,$+4 only asks where it is. */
		if (i->link && !(always && i->disp == 4))
			return INSN_CALL;
		return always ? INSN_JUMP : INSN_BRANCH;
	case PPC64_INSN_BCLR:
		return i->link ? INSN_CALL : always ? INSN_RET : INSN_BRANCH;
	case PPC64_INSN_BCCTR:
	case PPC64_INSN_BCTAR:
		return i->link ? INSN_CALL : always ? INSN_JUMP : INSN_BRANCH;
	case PPC64_INSN_SC:
	case PPC64_INSN_SCV:
		return INSN_SYSCALL;
	case PPC64_INSN_RFID:
	case PPC64_INSN_HRFID:
	case PPC64_INSN_RFSCV:
	case PPC64_INSN_RFEBB:
		return INSN_IRET;
	case PPC64_INSN_STOP:
		return INSN_HALT;
	case PPC64_INSN_TRAP:
		return i->word == 0x7fe00008 ? INSN_BREAK : INSN_OTHER; /* trap: tw 31,0,0 */
	default:
		return INSN_OTHER;
	}
}

static void fill_facts(const struct disasm_req *req, const struct ppc64_insn *i, struct insn *ret)
{
	ret->kind = kind_of(i);
	if (i->kind == PPC64_INSN_B || i->kind == PPC64_INSN_BC) {
		ret->has_target = true;
		ret->target = i->absolute ? (uint64_t)i->disp : req->pc + i->disp;
		if (req->code_bits == 32)
			ret->target &= MASK(31, 0);
	}
	if (i->load || i->store) {
		ret->has_mem = true;
		ret->mem_read = i->load;
		ret->mem_write = i->store;
		ret->mem_base = i->ra < 0 ? -1 : PPC64_R0 + i->ra;
		ret->mem_index = i->rb < 0 ? -1 : PPC64_R0 + i->rb;
		ret->mem_scale = 1;
		ret->mem_size = i->mem_size;
		ret->mem_addr_bits = req->code_bits;
		ret->mem_disp = i->mem_disp;
	}
}

void ppc64_disasm(const struct disasm_req *req, struct insn *ret)
{
	struct text_sink text;
	struct ppc64_insn i;
	uint32_t word;

	memset(ret, 0, sizeof(*ret));
	ret->pc = req->pc;
	ret->mem_seg = ret->mem_base = ret->mem_index = -1;
	ret->kind = INSN_INVALID;
	ret->len = req->len < 4 ? (req->len ? req->len : 1) : 4;
	if (req->len < 4) {
		memcpy(ret->bytes, req->bytes, req->len);
		snprintf(ret->mnemonic, sizeof(ret->mnemonic), ".byte");
		snprintf(ret->operands, sizeof(ret->operands), "0x%02x", req->len ? req->bytes[0] : 0);
		ret->len = 1;
		return;
	}
	word = (uint32_t)bytes_read(req->bytes, 4, req->big_endian);
	ppc64_insn_decode(word, req->len >= 8 ? (uint32_t)bytes_read(req->bytes + 4, 4, req->big_endian) : 0, &i);
	if (i.len == 8 && (req->len < 8 || !print(req, req->bytes, 8, "power10", &text)))
		i.len = 4; /* a prefix without its suffix */
	else if (i.len == 4 && !print(req, req->bytes, 4, "power9", &text) &&
		 !print(req, req->bytes, 4, "power10", &text))
		text.len = 0;
	if (i.len == 4 && ppc64_insn_prefixed(word))
		text.len = 0;
	memcpy(ret->bytes, req->bytes, i.len);
	ret->len = i.len;
	if (!text.len) {
		snprintf(ret->mnemonic, sizeof(ret->mnemonic), ".long");
		snprintf(ret->operands, sizeof(ret->operands), "0x%08x", word);
		if (word == PPC64_INSN_BREAK) {
			ret->kind = INSN_BREAK;
			snprintf(ret->operands, sizeof(ret->operands), "0x%08x (breakpoint of KVM)", word);
		}
		return;
	}
	split(text.buf, ret);
	fill_facts(req, &i, ret);
}

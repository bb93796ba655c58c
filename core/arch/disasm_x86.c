/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x86 instructions by Zydis: text, kind, branch target and memory operand. */
#include "core/arch/x86_64.h"

#include <Zycore/Format.h>
#include <Zydis/Zydis.h>
#include <stdio.h>
#include <string.h>

#include "core/base/vec.h"

/* What the formatter's hook needs. */
struct format_ctx {
	const struct disasm_req *req;
	uint64_t target;	/* of a relative branch */
};

static int gpr_id(ZydisRegister reg)
{
	static const uint8_t by_number[] = {
		X86_RAX, X86_RCX, X86_RDX, X86_RBX, X86_RSP, X86_RBP, X86_RSI, X86_RDI,
		X86_R8, X86_R9, X86_R10, X86_R11, X86_R12, X86_R13, X86_R14, X86_R15,
	};
	ZydisRegisterClass class = ZydisRegisterGetClass(reg);
	ZyanI8 n = ZydisRegisterGetId(reg);

	if (class != ZYDIS_REGCLASS_GPR16 && class != ZYDIS_REGCLASS_GPR32 && class != ZYDIS_REGCLASS_GPR64)
		return -1;
	return n >= 0 && (unsigned)n < ARRAY_SIZE(by_number) ? by_number[n] : -1;
}

static int segment_id(ZydisRegister reg)
{
	switch (reg) {
	case ZYDIS_REGISTER_ES: return X86_ES;
	case ZYDIS_REGISTER_CS: return X86_CS;
	case ZYDIS_REGISTER_SS: return X86_SS;
	case ZYDIS_REGISTER_DS: return X86_DS;
	case ZYDIS_REGISTER_FS: return X86_FS;
	case ZYDIS_REGISTER_GS: return X86_GS;
	default: return -1;
	}
}

static bool is_repeated_string(const ZydisDecodedInstruction *zi)
{
	return (zi->meta.category == ZYDIS_CATEGORY_STRINGOP ||
		zi->meta.category == ZYDIS_CATEGORY_IOSTRINGOP) &&
	       (zi->attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE));
}

static enum insn_kind insn_kind(const ZydisDecodedInstruction *zi)
{
	switch (zi->mnemonic) {
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_MWAIT:
		return INSN_HALT;
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_INT1:
		return INSN_BREAK;
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
	case ZYDIS_MNEMONIC_SYSRET:
	case ZYDIS_MNEMONIC_SYSEXIT:
		return INSN_IRET;
	case ZYDIS_MNEMONIC_INT:
	case ZYDIS_MNEMONIC_INTO:
	case ZYDIS_MNEMONIC_SYSCALL:
	case ZYDIS_MNEMONIC_SYSENTER:
	case ZYDIS_MNEMONIC_VMCALL:
	case ZYDIS_MNEMONIC_VMMCALL:
		return INSN_SYSCALL;
	default:
		break;
	}
	if (is_repeated_string(zi))
		return INSN_REP;
	switch (zi->meta.category) {
	case ZYDIS_CATEGORY_CALL: return INSN_CALL;
	case ZYDIS_CATEGORY_RET: return INSN_RET;
	case ZYDIS_CATEGORY_UNCOND_BR: return INSN_JUMP;
	case ZYDIS_CATEGORY_COND_BR: return INSN_BRANCH;
	case ZYDIS_CATEGORY_IO:
	case ZYDIS_CATEGORY_IOSTRINGOP: return INSN_IO;
	default: return INSN_OTHER;
	}
}

/* A relative branch by linear addresses. 16-bit offsets may wrap at 64 KiB of a segment whose base is
 * not known here; compilers and firmware do not do that. */
static void fill_target(const struct disasm_req *req, const ZydisDecodedInstruction *zi,
			const ZydisDecodedOperand *ops, struct insn *ret)
{
	if (zi->operand_count_visible == 0 || ops[0].type != ZYDIS_OPERAND_TYPE_IMMEDIATE ||
	    !ops[0].imm.is_relative)
		return;
	ret->has_target = true;
	ret->target = req->pc + zi->length + (uint64_t)ops[0].imm.value.s;
	if (req->code_bits != 64)
		ret->target &= MASK(31, 0);
}

static void fill_mem(const struct disasm_req *req, const ZydisDecodedInstruction *zi,
		     const ZydisDecodedOperand *ops, struct insn *ret)
{
	const ZydisDecodedOperand *op = NULL;
	ZyanU64 addr;

	for (unsigned i = 0; i < zi->operand_count && !op; i++)
		if (ops[i].type == ZYDIS_OPERAND_TYPE_MEMORY && ops[i].visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN)
			op = &ops[i];
	if (!op || op->mem.type == ZYDIS_MEMOP_TYPE_VSIB || op->mem.type == ZYDIS_MEMOP_TYPE_MIB)
		return;
	ret->has_mem = true;
	ret->mem_read = op->mem.type == ZYDIS_MEMOP_TYPE_MEM && (op->actions & ZYDIS_OPERAND_ACTION_MASK_READ);
	ret->mem_write = op->mem.type == ZYDIS_MEMOP_TYPE_MEM && (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE);
	ret->mem_size = op->size / 8;
	ret->mem_addr_bits = zi->address_width;
	ret->mem_disp = op->mem.disp.has_displacement ? op->mem.disp.value : 0;
	ret->mem_index = gpr_id(op->mem.index);
	ret->mem_scale = ret->mem_index >= 0 ? op->mem.scale : 0;
	ret->mem_seg = segment_id(op->mem.segment);
	/* 64-bit code has no segment bases but those of fs and gs; lea has none at all. */
	if (op->mem.type == ZYDIS_MEMOP_TYPE_AGEN ||
	    (req->code_bits == 64 && ret->mem_seg != X86_FS && ret->mem_seg != X86_GS))
		ret->mem_seg = -1;
	if (ZydisRegisterGetClass(op->mem.base) == ZYDIS_REGCLASS_IP) {
		ret->mem_rip_relative = true;
		if (ZYAN_SUCCESS(ZydisCalcAbsoluteAddress(zi, op, req->pc, &addr)))
			ret->mem_disp = (int64_t)addr;
	} else {
		ret->mem_base = gpr_id(op->mem.base);
	}
}

static ZyanStatus print_address(const ZydisFormatter *formatter, ZydisFormatterBuffer *buffer,
				ZydisFormatterContext *context)
{
	const struct format_ctx *ctx = context->user_data;
	char name[96];
	ZyanString *string;
	ZyanU64 addr;

	if (context->operand->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
		addr = ctx->target;
	else
		ZYAN_CHECK(ZydisCalcAbsoluteAddress(context->instruction, context->operand,
						    context->runtime_address, &addr));
	ZYAN_CHECK(ZydisFormatterBufferAppend(buffer, ZYDIS_TOKEN_ADDRESS_ABS));
	ZYAN_CHECK(ZydisFormatterBufferGetString(buffer, &string));
	if (ctx->req->symbol && ctx->req->symbol(ctx->req->ctx, addr, name, sizeof(name)))
		ZYAN_CHECK(ZyanStringAppendFormat(string, "<%s>", name));
	else
		ZYAN_CHECK(ZyanStringAppendFormat(string, "0x%llx", (unsigned long long)addr));
	if (ctx->req->att && context->operand->type == ZYDIS_OPERAND_TYPE_MEMORY &&
	    context->operand->mem.base == ZYDIS_REGISTER_RIP)
		return ZyanStringAppendFormat(string, "(%%rip)");
	return ZYAN_STATUS_SUCCESS;
}

static bool is_prefix_word(const char *s, size_t len)
{
	static const char *const prefixes[] = {
		"lock", "rep", "repe", "repne", "repz", "repnz", "bnd", "notrack", "xacquire",
		"xrelease", "data16", "addr32", "far",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (strlen(prefixes[i]) == len && !memcmp(prefixes[i], s, len))
			return true;
	return false;
}

/* Conditions by the names that assemblers, gdb and the manuals' headings use: jne rather than jnz. */
static const char *condition_alias(const char *cc)
{
	static const char *const names[][2] = {
		{ "z", "e" }, { "nz", "ne" }, { "nbe", "a" }, { "nb", "ae" }, { "nl", "ge" }, { "nle", "g" },
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(cc, names[i][0]))
			return names[i][1];
	return NULL;
}

static void rename_condition(char *word)
{
	static const char *const stems[] = { "j", "set", "cmov" };

	for (unsigned i = 0; i < ARRAY_SIZE(stems); i++) {
		size_t n = strlen(stems[i]);
		const char *alias = strncmp(word, stems[i], n) ? NULL : condition_alias(word + n);

		if (alias) {
			strcpy(word + n, alias); /* never longer than what it replaces */
			return;
		}
	}
}

/* Splits the formatter's line into mnemonic (with prefixes) and operands. */
static void split_text(const char *line, struct insn *ret)
{
	const char *p = line, *word = line;
	char *last;

	for (;;) {
		size_t n = strcspn(word, " ");

		p = word + n;
		if (*p != ' ' || !is_prefix_word(word, n))
			break;
		word = p + 1;
	}
	snprintf(ret->mnemonic, sizeof(ret->mnemonic), "%.*s", (int)(p - line), line);
	last = strrchr(ret->mnemonic, ' ');
	rename_condition(last ? last + 1 : ret->mnemonic);
	snprintf(ret->operands, sizeof(ret->operands), "%s", *p ? p + 1 : p);
	/* Zydis says "ret far 0x4". */
	if (!strcmp(ret->mnemonic, "ret") && !strncmp(ret->operands, "far", 3)) {
		strcpy(ret->mnemonic, "retf");
		memmove(ret->operands, ret->operands + 3, sizeof(ret->operands) - 3);
		if (ret->operands[0] == ' ')
			memmove(ret->operands, ret->operands + 1, sizeof(ret->operands) - 1);
	}
}

/* 16-bit addresses have no scale, but Zydis writes "bx+si*1" and "(%bx,%si,1)". */
static void drop_scale_16(char *operands)
{
	char *p = strstr(operands, "*1");

	if (!p && (p = strstr(operands, ",1)")) == NULL)
		return;
	memmove(p, p + 2, strlen(p + 2) + 1);
}

static bool format_text(const struct disasm_req *req, const ZydisDecodedInstruction *zi,
			const ZydisDecodedOperand *ops, struct insn *ret)
{
	struct format_ctx ctx = { .req = req, .target = ret->target };
	ZydisFormatterFunc hook = print_address;
	ZydisFormatter f;
	char line[256];

	if (ZYAN_FAILED(ZydisFormatterInit(&f, req->att ? ZYDIS_FORMATTER_STYLE_ATT :
					   ZYDIS_FORMATTER_STYLE_INTEL)))
		return false;
	ZydisFormatterSetProperty(&f, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
	ZydisFormatterSetProperty(&f, ZYDIS_FORMATTER_PROP_DISP_PADDING, ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetProperty(&f, ZYDIS_FORMATTER_PROP_IMM_PADDING, ZYDIS_PADDING_DISABLED);
	ZydisFormatterSetHook(&f, ZYDIS_FORMATTER_FUNC_PRINT_ADDRESS_ABS, (const void **)&hook);
	if (ZYAN_FAILED(ZydisFormatterFormatInstruction(&f, zi, ops, zi->operand_count_visible, line,
							sizeof(line), req->pc, &ctx)))
		return false;
	split_text(line, ret);
	if (ret->has_mem && ret->mem_addr_bits == 16)
		drop_scale_16(ret->operands);
	/* Zydis leaves out AT&T's mark of an indirect branch, which tells `jmp *x` from `jmp x`. */
	if (req->att && zi->operand_count_visible == 1 && ret->operands[0] != '*' &&
	    (ret->kind == INSN_CALL || ret->kind == INSN_JUMP) &&
	    (ops[0].type == ZYDIS_OPERAND_TYPE_MEMORY || ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER)) {
		memmove(ret->operands + 1, ret->operands, sizeof(ret->operands) - 1);
		ret->operands[0] = '*';
		ret->operands[sizeof(ret->operands) - 1] = '\0';
	}
	return true;
}

static bool is_wide(const ZydisDecodedInstruction *zi, const ZydisDecodedOperand *ops)
{
	if (zi->meta.category == ZYDIS_CATEGORY_X87_ALU || zi->meta.category == ZYDIS_CATEGORY_XSAVE ||
	    zi->meta.category == ZYDIS_CATEGORY_XSAVEOPT || zi->meta.category == ZYDIS_CATEGORY_SYSTEM ||
	    zi->meta.category == ZYDIS_CATEGORY_SYSCALL)
		return true;
	for (unsigned i = 0; i < zi->operand_count; i++) {
		if (ops[i].type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		switch (ZydisRegisterGetClass(ops[i].reg.value)) {
		case ZYDIS_REGCLASS_X87:
		case ZYDIS_REGCLASS_MMX:
		case ZYDIS_REGCLASS_XMM:
		case ZYDIS_REGCLASS_YMM:
		case ZYDIS_REGCLASS_ZMM:
		case ZYDIS_REGCLASS_MASK:
			return true;
		default:
			break;
		}
		if (ops[i].reg.value == ZYDIS_REGISTER_MXCSR || ops[i].reg.value == ZYDIS_REGISTER_X87CONTROL)
			return true;
	}
	return false;
}

static void fill_invalid(const struct disasm_req *req, struct insn *ret)
{
	ret->kind = INSN_INVALID;
	ret->len = 1;
	snprintf(ret->mnemonic, sizeof(ret->mnemonic), ".byte");
	if (req->len) {
		ret->bytes[0] = req->bytes[0];
		snprintf(ret->operands, sizeof(ret->operands), "0x%02x", req->bytes[0]);
	}
}

void x86_disasm(const struct disasm_req *req, struct insn *ret)
{
	ZydisDecoder decoder;
	ZydisDecodedInstruction zi;
	ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
	ZydisMachineMode mode = req->code_bits == 64 ? ZYDIS_MACHINE_MODE_LONG_64 :
				req->code_bits == 32 ? ZYDIS_MACHINE_MODE_LEGACY_32 : ZYDIS_MACHINE_MODE_LEGACY_16;
	ZydisStackWidth stack = req->code_bits == 64 ? ZYDIS_STACK_WIDTH_64 :
				req->code_bits == 32 ? ZYDIS_STACK_WIDTH_32 : ZYDIS_STACK_WIDTH_16;

	memset(ret, 0, sizeof(*ret));
	ret->pc = req->pc;
	ret->mem_seg = ret->mem_base = ret->mem_index = -1;
	if (req->len == 0 || ZYAN_FAILED(ZydisDecoderInit(&decoder, mode, stack)) ||
	    ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, req->bytes, req->len, &zi, ops))) {
		fill_invalid(req, ret);
		return;
	}
	ret->len = zi.length;
	memcpy(ret->bytes, req->bytes, zi.length);
	ret->kind = insn_kind(&zi);
	fill_target(req, &zi, ops, ret);
	fill_mem(req, &zi, ops, ret);
	ret->wide = is_wide(&zi, ops);
	if (req->facts_only)
		return;
	if (!format_text(req, &zi, ops, ret)) /* decoded, but no text: the name alone */
		snprintf(ret->mnemonic, sizeof(ret->mnemonic), "%s", ZydisMnemonicGetString(zi.mnemonic));
}

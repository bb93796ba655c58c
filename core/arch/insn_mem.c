/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/arch/disasm.h"

#include "core/arch/x86_64.h"

bool insn_mem_address(const struct insn *insn, const struct regs *regs, uint64_t *ret)
{
	uint64_t addr = (uint64_t)insn->mem_disp, v;

	if (!insn->has_mem)
		return false;
	if (insn->mem_base >= 0) {
		if (!regs_get(regs, insn->mem_base, &v))
			return false;
		addr += v;
	}
	if (insn->mem_index >= 0) {
		if (!regs_get(regs, insn->mem_index, &v))
			return false;
		addr += v * insn->mem_scale;
	}
	if (insn->mem_addr_bits && insn->mem_addr_bits < 64)
		addr &= MASK(insn->mem_addr_bits - 1, 0);
	if (insn->mem_seg >= 0) {
		if (!regs_get(regs, insn->mem_seg + X86_SEG_BASE, &v))
			return false;
		addr += v;
		if (regs->arch->code_bits(regs) != 64)
			addr &= MASK(31, 0);
	}
	*ret = addr;
	return true;
}

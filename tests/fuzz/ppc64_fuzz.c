/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A POWER guest that is all lies: registers and memory from the input; page walks, maps, frames, the stepping
 * decoder and the disassembler look at it.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/ppc64_insn.h"
#include "core/arch/ppc64_mmu.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEM (1u << 17)

struct guest {
	uint8_t *ram;
	struct regs regs;
	unsigned reads;
};

static bool read_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct guest *g = ctx;

	g->reads++;
	if (gpa >= MEM || len > MEM - gpa)
		return false;
	memcpy(buf, g->ram + gpa, len);
	return true;
}

static bool read_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	return read_phys(ctx, gva & 0xfffffff, buf, len);
}

static bool count(void *ctx, const struct mmu_range *range)
{
	return ++*(unsigned *)ctx < 2000;
}

/* At most this many bytes of @data, as the low ones of a number. */
static uint64_t number(const uint8_t **data, size_t *size)
{
	uint8_t raw[8] = { 0 };
	size_t n = *size < 8 ? *size : 8;

	memcpy(raw, *data, n);
	*data += n;
	*size -= n;
	return le64_read(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t ids[] = {
		PPC64_MSR, PPC64_PC, PPC64_R1, PPC64_LR, PPC64_CTR, PPC64_CR, PPC64_LPCR, PPC64_SRR0, PPC64_SRR1,
		PPC64_PID,
	};
	struct guest g = { .ram = calloc(1, MEM) };
	struct mem_reader mem = { .ctx = &g, .phys = read_phys, .virt = read_virt };
	const struct arch *arch = size && data[0] & 1 ? &arch_ppc64 : &arch_ppc64le;
	struct ppc64_step step;
	struct mmu_walk walk;
	struct frame frame;
	unsigned ranges = 0;
	struct insn insn;
	uint64_t gva, v[32];

	regs_init(&g.regs, arch);
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		regs_set(&g.regs, ids[i], number(&data, &size));
	regs_set(&g.regs, PPC64_PRTB, PPC64_PRTB_GR | (number(&data, &size) & 0x1f01f));
	gva = number(&data, &size);
	for (uint64_t at = 0; size && at < MEM; at += 4096) {
		size_t n = size < 256 ? size : 256;

		memcpy(g.ram + at, data, n);
		data += n;
		size -= n;
	}
	if (ppc64_step_decode(&g.regs, &mem, &step) && (step.n > PPC64_STEP_MAX || step.insns == 0))
		abort();
	if (ppc64_step_vectors(&g.regs, true, v, 32) > 32)
		abort();
	error_destroy(arch->walk(&g.regs, &mem, gva, &walk));
	error_destroy(arch->map(&g.regs, &mem, count, &ranges));
	frame = (struct frame){ .pc = arch->pc_linear(&g.regs), .sp = arch->sp_linear(&g.regs) };
	for (unsigned i = 0; i < 64 && arch->unwind(&g.regs, &mem, &frame); i++)
		;
	for (unsigned at = 0; at < 64; at += 4) {
		struct disasm_req req = { .bytes = g.ram + at, .len = 8 - at % 3, .pc = gva, .code_bits = 64,
					  .big_endian = arch->big_endian };

		arch->disasm(&req, &insn);
		if (!insn.len || insn.len > 8)
			abort();
	}
	free(g.ram);
	return 0;
}

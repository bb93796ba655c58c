/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest that is all lies: registers, tables in memory and device state from the input, then everything
 * that explains a guest looks at it: all views (as text and JSON), walks, maps, frames, instructions.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/x86_64.h"
#include "core/base/vec.h"
#include "core/decode/view.h"

#include "tests/lib/fake_target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *data;
	size_t left;
};

/* The next @n bytes, zeros when the input is used up. */
static void take(struct input *in, void *buf, size_t n)
{
	size_t have = in->left < n ? in->left : n;

	memset(buf, 0, n);
	memcpy(buf, in->data, have);
	in->data += have;
	in->left -= have;
}

static uint64_t take64(struct input *in)
{
	uint8_t raw[8];

	take(in, raw, sizeof(raw));
	return le64_read(raw);
}

/* Some registers anything, most as they were: else no walk gets past the first entry. */
static void lie_registers(struct input *in, struct regs *regs)
{
	static const uint16_t ids[] = {
		X86_CR0, X86_CR3, X86_CR4, X86_EFER, X86_CS_ATTR, X86_SS_ATTR, X86_RFLAGS, X86_RIP, X86_RSP,
		X86_RBP, X86_CS_BASE, X86_SS_BASE, X86_GDTR_BASE, X86_GDTR_LIMIT, X86_IDTR_BASE, X86_IDTR_LIMIT,
		X86_TR_BASE, X86_TR_LIMIT, X86_TR, X86_CS, X86_DS,
	};
	uint64_t which = take64(in);

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++)
		if (which >> i & 1)
			regs_set(regs, ids[i], take64(in));
}

static void lie_memory(struct input *in, struct target *t)
{
	static const uint32_t places[] = {
		FAKE_PML4, 0x2000, 0x3000, 0x4000, FAKE_GDT, FAKE_IDT, FAKE_TSS, FAKE_STACK0 - 64, FAKE_MAIN,
	};
	uint8_t bytes[32];

	for (unsigned i = 0; i < 32 && in->left; i++) {
		uint8_t place = 0;
		uint16_t offset = 0;

		take(in, &place, 1);
		take(in, &offset, 2);
		take(in, bytes, sizeof(bytes));
		error_destroy(target_phys_write(t, places[place % ARRAY_SIZE(places)] + offset % 0x1000, bytes,
						sizeof(bytes)));
	}
}

static void lie_state(struct input *in, struct target *t)
{
	static const size_t sizes[STATE_KIND_COUNT] = {
		sizeof(struct state_x86_lapic), sizeof(struct state_x86_ioapic), sizeof(struct state_x86_pic),
		sizeof(struct state_x86_pit), 256, sizeof(struct state_vcpu_events), sizeof(struct state_vm_info),
	};
	uint8_t blob[2048];

	for (unsigned kind = 0; kind < STATE_KIND_COUNT; kind++) {
		uint16_t cut = 0;

		take(in, &cut, 2);
		take(in, blob, sizes[kind]);
		le32_write(blob, STATE_VERSION);
		fake_target_set_state(t, kind, 0, blob, cut & 1 ? cut % (sizes[kind] + 1) : sizes[kind]);
	}
}

static bool count_range(void *ctx, const struct mmu_range *range)
{
	return ++*(unsigned *)ctx < 5000;
}

static void show_all(struct target *t, const struct regs *regs, uint64_t addr)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	struct out *outs[] = { out_create_plain(f, false), out_create_json(f) };

	for (unsigned o = 0; o < ARRAY_SIZE(outs); o++) {
		for (unsigned i = 0; view_at(i); i++) {
			struct view_ctx ctx = { .target = t, .regs = regs, .arg = addr,
						.has_arg = view_at(i)->arg == VIEW_ARG_REQUIRED };

			error_destroy(view_show(view_at(i), &ctx, outs[o]));
		}
		out_destroy(outs[o]);
	}
	fclose(f);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	struct target *t;
	struct regs regs;
	struct target_reader ctx = { .regs = &regs };
	struct mem_reader mem = target_reader(&ctx);
	struct frame frame;
	struct insn insn;
	unsigned ranges = 0;
	uint8_t code[16];
	uint64_t addr;

	if (fake_target_create(&t))
		return 0;
	ctx.target = t;
	regs_init(&regs, t->arch);
	error_destroy(target_regs_read(t, 0, REGS_ALL, &regs, NULL));
	lie_registers(&in, &regs);
	addr = take64(&in);
	lie_memory(&in, t);
	lie_state(&in, t);
	show_all(t, &regs, addr);
	error_destroy(t->arch->map(&regs, &mem, count_range, &ranges));
	frame = (struct frame){ t->arch->pc_linear(&regs), t->arch->sp_linear(&regs), regs_u64(&regs, X86_RBP) };
	for (unsigned i = 0; i < 1000 && t->arch->unwind(&regs, &mem, &frame); i++)
		;
	error_destroy(target_virt_read(t, &regs, frame.pc, code, sizeof(code), NULL));
	for (unsigned bits = 16; bits <= 64; bits *= 2) {
		struct disasm_req req = { .bytes = code, .len = sizeof(code), .pc = addr, .code_bits = bits };

		t->arch->disasm(&req, &insn);
		insn_mem_address(&insn, &regs, &addr);
	}
	target_destroy(t);
	return 0;
}

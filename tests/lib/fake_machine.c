/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/fake_machine.h"

#include <string.h>

#include "core/arch/x86_64.h"
#include "core/base/vec.h"

#include "tests/lib/fake_target.h"

/* rel32 operand of an instruction that ends at @end. */
#define REL(to, end) (uint8_t)((to) - (end)), (uint8_t)(((to) - (end)) >> 8), \
	(uint8_t)(((to) - (end)) >> 16), (uint8_t)(((to) - (end)) >> 24)

static const uint8_t code_main[] = {
	0x55,				/* 00 push rbp */
	0x48, 0x89, 0xe5,		/* 01 mov rbp, rsp */
	0xb9, 3, 0, 0, 0,		/* 04 mov ecx, 3 */
	0xe8, REL(FAKE_WORK, FAKE_MAIN + 0x0e), /* 09 call work */
	0x48, 0xff, 0xc9,		/* 0e dec rcx */
	0x75, 0xf6,			/* 11 jne 09 */
	0xb0, '!',			/* 13 mov al, '!' */
	0xe6, 0xe9,			/* 15 out 0xe9, al */
	0xb0, 0,			/* 17 mov al, 0 */
	0xe6, 0xf4,			/* 19 out 0xf4, al: exit status 1 */
	0xf4,				/* 1b hlt */
	0xeb, 0xfd,			/* 1c jmp 1b */
};
static const uint8_t code_work[] = {
	0x55,				/* 00 push rbp */
	0x48, 0x89, 0xe5,		/* 01 mov rbp, rsp */
	0x51,				/* 04 push rcx */
	0x48, 0x89, 0xcf,		/* 05 mov rdi, rcx */
	0xe8, REL(FAKE_LEAF, FAKE_WORK + 0x0d), /* 08 call leaf */
	0x59,				/* 0d pop rcx */
	0x48, 0x83, 0xc0, 1,		/* 0e add rax, 1 */
	0x5d,				/* 12 pop rbp */
	0xc3,				/* 13 ret */
};
static const uint8_t code_leaf[] = {
	0x55,				/* 00 push rbp */
	0x48, 0x89, 0xe5,		/* 01 mov rbp, rsp */
	0x48, 0xff, 0x05, REL(FAKE_COUNTER, FAKE_LEAF + 0x0b), /* 04 inc qword ptr [counter] */
	0x48, 0x8b, 0x05, REL(FAKE_COUNTER, FAKE_LEAF + 0x12), /* 0b mov rax, [counter] */
	0x48, 0x89, 0xc3,		/* 12 mov rbx, rax */
	0x48, 0x83, 0xfb, 2,		/* 15 cmp rbx, 2 */
	0x74, 0x04,			/* 19 je 1f */
	0xb0, '.',			/* 1b mov al, '.' */
	0xe6, 0xe9,			/* 1d out 0xe9, al */
	0x5d,				/* 1f pop rbp */
	0xc3,				/* 20 ret */
};
static const uint8_t code_second[] = {
	0xb9, 2, 0, 0, 0,		/* 00 mov ecx, 2 */
	0x48, 0xff, 0x05, REL(FAKE_TICKS, FAKE_SECOND + 0x0c), /* 05 inc qword ptr [ticks] */
	0x48, 0xff, 0xc9,		/* 0c dec rcx */
	0x75, 0xf4,			/* 0f jne 05 */
	0xf4,				/* 11 hlt */
	0xeb, 0xfd,			/* 12 jmp 11 */
};
static const uint8_t code_spin[] = { 0xeb, 0xfe };
static const uint8_t code_crash[] = { 0x0f, 0x0b };
static const uint8_t code_poke[] = {
	0x48, 0xc7, 0x04, 0x25, 0x10, 0x00, 0x40, 0x00, 0x78, 0x56, 0x34, 0x12, /* mov qword ptr [mmio+0x10], .. */
	0xf4, 0xeb, 0xfd,
};
static const uint8_t code_alien[] = { 0x0f, 0x01, 0xc1 }; /* vmcall */
static const uint8_t code_isr[] = { 0x48, 0xcf };	  /* iretq */
static const uint8_t data_table[] = { 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0 };

static const struct {
	uint64_t addr;
	const void *bytes;
	size_t len;
	const char *name;
	enum symbol_type type;
} parts[] = {
	{ FAKE_MAIN, code_main, sizeof(code_main), "main", SYMBOL_FUNC },
	{ FAKE_WORK, code_work, sizeof(code_work), "work", SYMBOL_FUNC },
	{ FAKE_LEAF, code_leaf, sizeof(code_leaf), "leaf", SYMBOL_FUNC },
	{ FAKE_SECOND, code_second, sizeof(code_second), "second", SYMBOL_FUNC },
	{ FAKE_SPIN, code_spin, sizeof(code_spin), "spin", SYMBOL_FUNC },
	{ FAKE_CRASH, code_crash, sizeof(code_crash), "crash", SYMBOL_FUNC },
	{ FAKE_POKE, code_poke, sizeof(code_poke), "poke", SYMBOL_FUNC },
	{ FAKE_ALIEN, code_alien, sizeof(code_alien), "alien", SYMBOL_FUNC },
	{ FAKE_ISR, code_isr, sizeof(code_isr), "isr_default", SYMBOL_FUNC },
	{ FAKE_COUNTER, "\0\0\0\0\0\0\0", 8, "counter", SYMBOL_OBJECT },
	{ FAKE_TICKS, "\0\0\0\0\0\0\0", 8, "ticks", SYMBOL_OBJECT },
	{ FAKE_TABLE, data_table, sizeof(data_table), "table", SYMBOL_OBJECT },
	{ FAKE_MESSAGE, "hello, fake guest", 18, "message", SYMBOL_OBJECT },
};

bool fake_machine_symbol(unsigned i, const char **ret_name, uint64_t *ret_addr, uint64_t *ret_size,
			 enum symbol_type *ret_type)
{
	if (i >= ARRAY_SIZE(parts))
		return false;
	*ret_name = parts[i].name;
	*ret_addr = parts[i].addr;
	*ret_size = parts[i].len;
	*ret_type = parts[i].type;
	return true;
}

/* PML4 0x1000, PDPTs 0x2000 (identity) and 0x7000 (high), PD 0x3000, one PT 0x4000; the high half
 * shares the PD, and its rights are taken away one level up. */
static void build_page_tables(uint8_t *mem)
{
	le64_write(mem + FAKE_PML4, 0x2000 | 0x27);
	le64_write(mem + FAKE_PML4 + 511 * 8, 0x7000 | 0x23 | X86_PTE_NX);
	le64_write(mem + 0x2000, 0x3000 | 0x27);
	le64_write(mem + 0x7000 + 510 * 8, 0x3000 | 0x23);
	le64_write(mem + 0x3000, 0x4000 | 0x27);
	le64_write(mem + 0x3000 + 8, 0x200000 | 0xe7);		/* data: 2 MiB, P RW US A D PS */
	le64_write(mem + 0x3000 + 16, FAKE_MMIO | 0xf7);	/* the device: also PCD */
	for (unsigned i = 0; i < 512; i++) /* page 0 stays away; code from 1 MiB on is read-only */
		le64_write(mem + 0x4000 + i * 8, i == 0 ? 0 : i << 12 | (i >= 0x100 ? 0x25 : 0x67));
}

static void build_gdt(uint8_t *mem)
{
	static const uint64_t gdt[] = {
		0, 0x00af9b000000ffff, 0x00cf93000000ffff, 0x00cf9b000000ffff,
		0x00008b0060000067, 0, /* TSS at 0x6000, busy */
	};

	for (unsigned i = 0; i < ARRAY_SIZE(gdt); i++)
		le64_write(mem + FAKE_GDT + i * 8, gdt[i]);
	le64_write(mem + FAKE_TSS + 0x24, 0x9f000); /* IST 1 */
}

static void build_idt(uint8_t *mem)
{
	for (unsigned v = 0; v < 34; v++) {
		uint8_t *gate = mem + FAKE_IDT + v * 16;

		if (v == 33) /* left empty on purpose: `info idt` has something to skip */
			continue;
		le16_write(gate, FAKE_ISR & 0xffff);
		le16_write(gate + 2, 8);
		gate[4] = v == 8 ? 1 : 0; /* double faults on their own stack */
		gate[5] = v == 3 ? 0xee : 0x8e;
		le16_write(gate + 6, FAKE_ISR >> 16);
	}
}

void fake_machine_memory(uint8_t *mem)
{
	build_page_tables(mem);
	build_gdt(mem);
	build_idt(mem);
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		memcpy(mem + parts[i].addr, parts[i].bytes, parts[i].len);
	fake_virtio_memory(mem);
}

static void set_segment(struct regs *r, unsigned seg, uint16_t sel, uint64_t base, uint32_t limit, uint32_t attr)
{
	regs_set(r, seg, sel);
	regs_set(r, seg + X86_SEG_BASE, base);
	regs_set(r, seg + X86_SEG_LIMIT, limit);
	regs_set(r, seg + X86_SEG_ATTR, attr);
}

void fake_machine_regs(unsigned vcpu, struct regs *r)
{
	static const uint8_t data_segments[] = { X86_SS, X86_DS, X86_ES, X86_FS, X86_GS };

	regs_init(r, &arch_x86_64);
	for (unsigned i = 0; i < X86_REG_COUNT; i++)
		regs_set(r, i, 0);
	regs_set(r, X86_RIP, vcpu == 0 ? FAKE_MAIN : FAKE_SECOND);
	regs_set(r, X86_RSP, vcpu == 0 ? FAKE_STACK0 : FAKE_STACK1);
	regs_set(r, X86_RFLAGS, 2);
	set_segment(r, X86_CS, 8, 0, 0xffffffff, 0xa09b);
	for (unsigned i = 0; i < ARRAY_SIZE(data_segments); i++)
		set_segment(r, data_segments[i], 0x10, 0, 0xffffffff, 0xc093);
	set_segment(r, X86_LDTR, 0, 0, 0, X86_ATTR_UNUSABLE);
	set_segment(r, X86_TR, 0x20, FAKE_TSS, 0x67, 0x8b);
	regs_set(r, X86_GDTR_BASE, FAKE_GDT);
	regs_set(r, X86_GDTR_LIMIT, 0x2f);
	regs_set(r, X86_IDTR_BASE, FAKE_IDT);
	regs_set(r, X86_IDTR_LIMIT, 34 * 16 - 1);
	regs_set(r, X86_CR0, 0x80050033);
	regs_set(r, X86_CR3, FAKE_PML4);
	regs_set(r, X86_CR4, 0x620);
	regs_set(r, X86_EFER, 0xd00);
	regs_set(r, X86_APIC_BASE, 0xfee00000 | X86_APIC_BASE_EN | (vcpu == 0 ? X86_APIC_BASE_BSP : 0));
	regs_set(r, X86_XCR0, 7);
	regs_set(r, X86_DR6, 0xffff0ff0);
	regs_set(r, X86_DR7, 0x400);
	regs_set(r, X86_PAT, 0x0007040600070406);
	regs_set(r, X86_FCW, 0x37f);
	regs_set(r, X86_MXCSR, 0x1f80);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/linux_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/x86_64.h"
#include "core/base/bits.h"
#include "core/base/text.h"
#include "tests/lib/btf_builder.h"

#define FILLERS 300
#define PERCPU_CURRENT 0x40
#define PERCPU_IRQ_STAT 0x50
#define PERCPU_STATS 0x60
#define TASK_SIZE 0x400

struct build {
	struct target *target;
	struct text note;
	uint8_t *names, *offsets;
	size_t names_len;
	uint32_t count;
	uint32_t markers[8];
};

static void put(struct build *b, uint64_t gpa, const void *data, size_t len)
{
	error_destroy(target_phys_write(b->target, gpa, data, len));
}

static void put64(struct build *b, uint64_t gpa, uint64_t v)
{
	uint8_t raw[8];

	le64_write(raw, v);
	put(b, gpa, raw, 8);
}

static void put32(struct build *b, uint64_t gpa, uint32_t v)
{
	uint8_t raw[4];

	le32_write(raw, v);
	put(b, gpa, raw, 4);
}

/* ---- symbols --------------------------------------------------------------------------------- */

/* Until Linux 6.14 on x86-64: what is not negative is a place in the per-CPU areas. */
static void add_name(struct build *b, const char *type_and_name, int32_t offset)
{
	size_t len = strlen(type_and_name);

	if (b->count % 256 == 0)
		b->markers[b->count / 256] = b->names_len;
	b->names[b->names_len++] = len;
	memcpy(b->names + b->names_len, type_and_name, len);
	b->names_len += len;
	le32_write(b->offsets + 4 * b->count++, offset);
}

static void add_symbol(struct build *b, const char *type_and_name, uint64_t gpa)
{
	add_name(b, type_and_name, -1 - (int32_t)(gpa - IMAGE_TEXT));
}

static void add_symbols(struct build *b, bool maple)
{
	char name[32];

	add_name(b, "Acurrent_task", PERCPU_CURRENT);
	add_name(b, "Airq_stat", PERCPU_IRQ_STAT);
	add_symbol(b, "T_stext", IMAGE_TEXT);
	add_symbol(b, "tdo_work", IMAGE_TEXT + 0x100);
	add_symbol(b, "tdo_inner", IMAGE_TEXT + 0x200);
	add_symbol(b, "Tasm_irq", IMAGE_TEXT + 0x300);
	add_symbol(b, "tthunk", IMAGE_TEXT + 0x400);
	add_symbol(b, "D__start_BTF", IMAGE_BTF);
	add_symbol(b, "Dinit_task", IMAGE_INIT_TASK);
	add_symbol(b, "dmodules", IMAGE_MODULE + 0xf00);
	add_symbol(b, maple ? "dsparse_irqs" : "dirq_desc_tree", IMAGE_IRQS);
	add_symbol(b, "D__per_cpu_offset", IMAGE_PERCPU + 0x2000);
	add_symbol(b, "Dnr_cpu_ids", IMAGE_PERCPU + 0x2100);
	add_symbol(b, "D__start_orc_unwind_ip", IMAGE_ORC);
	add_symbol(b, "D__stop_orc_unwind_ip", IMAGE_ORC + 6 * 4);
	add_symbol(b, "D__start_orc_unwind", IMAGE_ORC + 0x100);
	add_symbol(b, "D__stop_orc_unwind", IMAGE_ORC + 0x100 + 6 * 6);
	add_symbol(b, "Dlinux_banner", IMAGE_NOTE + 0x2000);
	for (unsigned i = 0; i < FILLERS; i++) {
		snprintf(name, sizeof(name), "dfiller_%u", i);
		add_symbol(b, name, IMAGE_PERCPU + 0x3000 + 8 * i);
	}
}

/* In the order of kernels since 6.4. Every token stands for itself. */
static void put_kallsyms(struct build *b)
{
	uint64_t at = IMAGE_KALLSYMS, markers, tokens, index, offsets;
	uint8_t table[600] = "first", idx[512];
	unsigned len = 6;

	for (unsigned i = 1; i < 256; i++, len += 2) {
		le16_write(idx + 2 * i, len);
		table[len] = i;
	}
	le16_write(idx, 0);
	markers = at + 8 + align_up(b->names_len, 8);
	tokens = markers + 8;
	index = tokens + align_up(len, 8);
	offsets = index + 512;
	put32(b, at, b->count);
	put(b, at + 8, b->names, b->names_len);
	put32(b, markers, b->markers[0]);
	put32(b, markers + 4, b->markers[1]);
	put(b, tokens, table, len);
	put(b, index, idx, sizeof(idx));
	put(b, offsets, b->offsets, 4ul * b->count);
	put64(b, offsets + align_up(4ul * b->count, 8), IMAGE_VA(IMAGE_TEXT));
	text_printf(&b->note, "SYMBOL(kallsyms_num_syms)=%llx\nSYMBOL(kallsyms_names)=%llx\n", IMAGE_VA(at),
		    IMAGE_VA(at + 8));
	text_printf(&b->note, "SYMBOL(kallsyms_token_table)=%llx\nSYMBOL(kallsyms_token_index)=%llx\n",
		    IMAGE_VA(tokens), IMAGE_VA(index));
	text_printf(&b->note, "SYMBOL(kallsyms_offsets)=%llx\nSYMBOL(kallsyms_relative_base)=%llx\n",
		    IMAGE_VA(offsets), IMAGE_VA(offsets + align_up(4ul * b->count, 8)));
}

static void put_note(struct build *b)
{
	uint8_t page[VMCOREINFO_LEN] = { 0 };

	memcpy(page, b->note.data, b->note.len < sizeof(page) ? b->note.len : sizeof(page) - 1);
	put(b, IMAGE_NOTE, page, sizeof(page));
	put(b, IMAGE_NOTE + 0x2000, "Linux version 6.1.0-image (me)", 31);
}

/* ---- types ----------------------------------------------------------------------------------- */

struct ids {
	uint32_t u32, s32, u64, s16, ch, list, voidp, name16, name56, pid_t;
};

static void task_types(struct btf_builder *t, const struct ids *id)
{
	uint32_t task_pointer;

	btf_build_struct(t, BTF_STRUCT, "signal_struct", 0x20, false);
	btf_build_member(t, "thread_head", id->list, 8);
	btf_build_struct(t, BTF_STRUCT, "task_struct", TASK_SIZE, false);
	btf_build_member(t, "__state", id->u32, 0);
	btf_build_member(t, "flags", id->u32, 4);
	btf_build_member(t, "cpu", id->u32, 8);
	btf_build_member(t, "exit_state", id->s32, 12);
	btf_build_member(t, "mm", id->voidp, 16);
	btf_build_member(t, "tasks", id->list, IMAGE_TASK_TASKS);
	btf_build_member(t, "pid", id->pid_t, 0x30);
	btf_build_member(t, "tgid", id->pid_t, 0x34);
	btf_build_member(t, "signal", id->voidp, 0x38);
	btf_build_member(t, "thread_node", id->list, 0x40);
	btf_build_member(t, "comm", id->name16, 0x50);
	task_pointer = t->next_id;
	btf_build_member(t, "real_parent", task_pointer, 0x60);
	btf_build_ref(t, BTF_PTR, NULL, task_pointer - 1);
}

static void module_types(struct btf_builder *t, const struct ids *id)
{
	uint32_t layout = btf_build_struct(t, BTF_STRUCT, "module_layout", 16, false), counter, arch;

	btf_build_member(t, "base", id->voidp, 0);
	btf_build_member(t, "size", id->u32, 8);
	counter = btf_build_struct(t, BTF_STRUCT, NULL, 4, false);
	btf_build_member(t, "counter", id->s32, 0);
	arch = btf_build_struct(t, BTF_STRUCT, "mod_arch_specific", 24, false);
	btf_build_member(t, "num_orcs", id->u32, 0);
	btf_build_member(t, "orc_unwind_ip", id->voidp, 8);
	btf_build_member(t, "orc_unwind", id->voidp, 16);
	btf_build_struct(t, BTF_STRUCT, "module", 0x200, false);
	btf_build_member(t, "state", id->u32, 0);
	btf_build_member(t, "list", id->list, 8);
	btf_build_member(t, "name", id->name56, 24);
	btf_build_member(t, "core_layout", layout, 0x60);
	btf_build_member(t, "init_layout", layout, 0x70);
	btf_build_member(t, "kallsyms", id->voidp, 0x80);
	btf_build_member(t, "refcnt", counter, 0x88);
	btf_build_member(t, "source_list", id->list, 0x90);
	btf_build_member(t, "arch", arch, 0xa0);
	btf_build_struct(t, BTF_STRUCT, "module_use", 0x30, false);
	btf_build_member(t, "source_list", id->list, 0);
	btf_build_member(t, "source", id->voidp, 0x20);
	btf_build_struct(t, BTF_STRUCT, "mod_kallsyms", 24, false);
	btf_build_member(t, "symtab", id->voidp, 0);
	btf_build_member(t, "num_symtab", id->u32, 8);
	btf_build_member(t, "strtab", id->voidp, 16);
}

static void irq_types(struct btf_builder *t, const struct ids *id, bool maple)
{
	uint32_t data = btf_build_struct(t, BTF_STRUCT, "irq_data", 24, false), slots, aslots, stat;

	btf_build_member(t, "irq", id->u32, 0);
	btf_build_member(t, "hwirq", id->u64, 8);
	btf_build_member(t, "chip", id->voidp, 16);
	btf_build_struct(t, BTF_STRUCT, "irq_desc", 0x80, false);
	btf_build_member(t, "irq_data", data, 0);
	btf_build_member(t, "kstat_irqs", id->voidp, 0x20);
	btf_build_member(t, "action", id->voidp, 0x28);
	btf_build_member(t, "name", id->voidp, 0x30);
	btf_build_struct(t, BTF_STRUCT, "irq_chip", 8, false);
	btf_build_member(t, "name", id->voidp, 0);
	btf_build_struct(t, BTF_STRUCT, "irqaction", 16, false);
	btf_build_member(t, "name", id->voidp, 0);
	btf_build_member(t, "next", id->voidp, 8);
	slots = btf_build_array(t, id->voidp, maple ? 16 : 64);
	aslots = btf_build_array(t, id->voidp, 10);
	if (maple) {
		btf_build_struct(t, BTF_STRUCT, "maple_tree", 16, false);
		btf_build_member(t, "ma_root", id->voidp, 8);
		btf_build_struct(t, BTF_STRUCT, "maple_range_64", 256, false);
		btf_build_member(t, "slot", slots, 0x80);
		btf_build_struct(t, BTF_STRUCT, "maple_arange_64", 256, false);
		btf_build_member(t, "slot", aslots, 0x50);
	} else {
		btf_build_struct(t, BTF_STRUCT, "xarray", 16, false);
		btf_build_member(t, "xa_head", id->voidp, 8);
		btf_build_struct(t, BTF_STRUCT, "xa_node", 576, false);
		btf_build_member(t, "slots", slots, 0x28);
	}
	stat = btf_build_struct(t, BTF_STRUCT, NULL, 8, false);
	btf_build_member(t, "__nmi_count", id->u32, 0);
	btf_build_member(t, "apic_timer_irqs", id->u32, 4);
	btf_build_ref(t, BTF_TYPEDEF, "irq_cpustat_t", stat);
}

/* As until 6.3: a bit for the end, types from 0. */
static void orc_types(struct btf_builder *t, const struct ids *id)
{
	static const char *const regs[] = { "r15", "r14", "r13", "r12", "bp", "bx", "r11", "r10", "r9", "r8",
					    "ax", "cx", "dx", "si", "di", "orig_ax", "ip", "cs", "flags", "sp",
					    "ss" };

	btf_build_struct(t, BTF_STRUCT, "orc_entry", 6, true);
	btf_build_member(t, "sp_offset", id->s16, 0);
	btf_build_member(t, "bp_offset", id->s16, 2);
	btf_build_bits(t, "sp_reg", id->u32, 32, 4);
	btf_build_bits(t, "bp_reg", id->u32, 36, 4);
	btf_build_bits(t, "type", id->u32, 40, 2);
	btf_build_bits(t, "end", id->u32, 42, 1);
	btf_build_struct(t, BTF_STRUCT, "pt_regs", 8 * ARRAY_SIZE(regs), false);
	for (unsigned i = 0; i < ARRAY_SIZE(regs); i++)
		btf_build_member(t, regs[i], id->u64, 8 * i);
}

static void put_btf(struct build *b, bool maple)
{
	struct btf_builder t;
	struct ids id;
	uint8_t *data;
	size_t len;

	btf_builder_init(&t, NULL);
	id.u32 = btf_build_int(&t, "unsigned int", 4, false);
	id.s32 = btf_build_int(&t, "int", 4, true);
	id.u64 = btf_build_int(&t, "long unsigned int", 8, false);
	id.s16 = btf_build_int(&t, "short int", 2, true);
	id.ch = btf_build_int(&t, "char", 1, true);
	id.voidp = btf_build_ref(&t, BTF_PTR, NULL, 0);
	id.list = btf_build_struct(&t, BTF_STRUCT, "list_head", 16, false);
	btf_build_member(&t, "next", id.voidp, 0);
	btf_build_member(&t, "prev", id.voidp, 8);
	id.name16 = btf_build_array(&t, id.ch, 16);
	id.name56 = btf_build_array(&t, id.ch, 56);
	id.pid_t = btf_build_ref(&t, BTF_TYPEDEF, "pid_t", id.s32);
	task_types(&t, &id);
	module_types(&t, &id);
	irq_types(&t, &id, maple);
	orc_types(&t, &id);
	data = btf_builder_finish(&t, &len);
	put(b, IMAGE_BTF, data, len);
	add_symbol(b, "D__stop_BTF", IMAGE_BTF + len);
	free(data);
	btf_builder_deinit(&t);
}

/* ---- objects --------------------------------------------------------------------------------- */

static void put_list(struct build *b, uint64_t head, const uint64_t *nodes, unsigned n)
{
	uint64_t at = head;

	for (unsigned i = 0; i <= n; i++) {
		uint64_t next = i < n ? nodes[i] : head;

		put64(b, at, IMAGE_VA(next));
		put64(b, next + 8, IMAGE_VA(at));
		at = next;
	}
}

static void put_task(struct build *b, uint64_t at, unsigned pid, unsigned tgid, uint32_t state, const char *comm)
{
	put32(b, at, state);
	put32(b, at + 4, pid == 2 ? 0x00200000 : 0);
	put32(b, at + 8, pid & 1);
	put64(b, at + 16, pid == 2 || pid == 0 ? 0 : 0x1000);
	put32(b, at + 0x30, pid);
	put32(b, at + 0x34, tgid);
	put64(b, at + 0x38, IMAGE_VA(IMAGE_SIGNALS + 0x100ul * tgid));
	put(b, at + 0x50, comm, strlen(comm) + 1);
	put64(b, at + 0x60, IMAGE_VA(IMAGE_INIT_TASK));
}

static void put_tasks(struct build *b)
{
	uint64_t one = IMAGE_TASKS, seven = one + TASK_SIZE, two = seven + TASK_SIZE;

	put_task(b, IMAGE_INIT_TASK, 0, 0, 0, "swapper/0");
	put_task(b, one, 1, 1, 1, "init");
	put_task(b, seven, 7, 1, 2, "thread\x1b[1m");
	put_task(b, two, 2, 2, 0x402, "kthreadd");
	put_list(b, IMAGE_INIT_TASK + IMAGE_TASK_TASKS,
		 (uint64_t[]){ one + IMAGE_TASK_TASKS, two + IMAGE_TASK_TASKS }, 2);
	put_list(b, IMAGE_SIGNALS + 0x100 + 8, (uint64_t[]){ one + 0x40, seven + 0x40 }, 2);
	put_list(b, IMAGE_SIGNALS + 0x200 + 8, (uint64_t[]){ two + 0x40 }, 1);
}

/* One module with two symbols: mod_work and a variable; used by itself, for want of another. */
static void put_module(struct build *b)
{
	uint64_t m = IMAGE_MODULE, syms = m + 0x400, use = m + 0x300;
	static const char strings[] = "\0mod_work\0mod_var";

	put_list(b, m + 0xf00, (uint64_t[]){ m + 8 }, 1);
	put(b, m + 24, "loop", 5);
	put64(b, m + 0x60, IMAGE_VA(IMAGE_MODULE_TEXT));
	put32(b, m + 0x68, 4096);
	put64(b, m + 0x80, IMAGE_VA(m + 0x200));
	put32(b, m + 0x88, 2);
	put_list(b, m + 0x90, (uint64_t[]){ use }, 1);
	put64(b, use + 0x20, IMAGE_VA(m));
	put64(b, m + 0x200, IMAGE_VA(syms));
	put32(b, m + 0x208, 3);
	put64(b, m + 0x210, IMAGE_VA(m + 0x600));
	put(b, m + 0x600, strings, sizeof(strings));
	for (unsigned i = 1; i < 3; i++) {
		put32(b, syms + 24 * i, i == 1 ? 1 : 10);
		put32(b, syms + 24 * i + 4, (i == 1 ? 2 : 1) | 1 << 16); /* FUNC, OBJECT; section 1 */
		put64(b, syms + 24 * i + 8, IMAGE_VA(IMAGE_MODULE_TEXT + (i - 1) * 0x800));
		put64(b, syms + 24 * i + 16, 0x20);
	}
	/* Its unwind table: one entry for all of mod_work. */
	put32(b, m + 0xa0, 1);
	put64(b, m + 0xa8, IMAGE_VA(m + 0x700));
	put64(b, m + 0xb0, IMAGE_VA(m + 0x710));
	put32(b, m + 0x700, IMAGE_MODULE_TEXT - (m + 0x700));
}

/* Two interrupts, of which the second shares its line. */
static void put_irqs(struct build *b, bool maple)
{
	uint64_t q = IMAGE_IRQS, node = q + 0x1000, desc = q + 0x2000;

	put(b, q + 0x200, "IO-APIC", 8);
	put(b, q + 0x210, "edge", 5);
	put(b, q + 0x220, "timer", 6);
	put(b, q + 0x230, "ttyS0", 6);
	put(b, q + 0x240, "acpi", 5);
	put64(b, q + 0x100, IMAGE_VA(q + 0x200)); /* the chip */
	for (unsigned i = 0; i < 2; i++) {
		uint64_t d = desc + 0x100 * i, action = q + 0x300 + 0x40 * i;

		put32(b, d, i * 4);
		put64(b, d + 8, i + 2);
		put64(b, d + 16, IMAGE_VA(q + 0x100));
		put64(b, d + 0x20, PERCPU_STATS + 8 * i);
		put64(b, d + 0x28, IMAGE_VA(action));
		put64(b, d + 0x30, IMAGE_VA(q + 0x210));
		put64(b, action, IMAGE_VA(q + (i ? 0x230 : 0x220)));
		put64(b, action + 8, i ? IMAGE_VA(action + 0x20) : 0);
		put64(b, action + 0x20, IMAGE_VA(q + 0x240));
		put64(b, node + (maple ? 0x80 : 0x28) + 8 * 4 * i, IMAGE_VA(desc + 0x100 * i));
	}
	/* A leaf of 16 slots (type 1), or a node of 64. */
	put64(b, q + 8, maple ? IMAGE_VA(node) | 1 << 3 | 2 : IMAGE_VA(node) + 2);
	for (unsigned cpu = 0; cpu < 2; cpu++) {
		put32(b, IMAGE_PERCPU + 0x1000 * cpu + PERCPU_STATS, 10 + cpu);
		put32(b, IMAGE_PERCPU + 0x1000 * cpu + PERCPU_STATS + 8, 5 * cpu);
		put32(b, IMAGE_PERCPU + 0x1000 * cpu + PERCPU_IRQ_STAT + 4, 100 + cpu);
	}
}

static void put_percpu(struct build *b)
{
	put32(b, IMAGE_PERCPU + 0x2100, 2);
	put64(b, IMAGE_PERCPU + 0x2000, IMAGE_VA(IMAGE_PERCPU));
	put64(b, IMAGE_PERCPU + 0x2008, IMAGE_VA(IMAGE_PERCPU + 0x1000));
	put64(b, IMAGE_PERCPU + PERCPU_CURRENT, IMAGE_VA(IMAGE_INIT_TASK));
	put64(b, IMAGE_PERCPU + 0x1000 + PERCPU_CURRENT, IMAGE_VA(IMAGE_TASKS));
}

/* sp_offset, bp_offset, then sp_reg, bp_reg, type, end. */
static void put_orc(struct build *b, unsigned i, uint64_t place, int16_t sp, int16_t bp, uint16_t bits)
{
	uint8_t raw[6];

	put32(b, IMAGE_ORC + 4 * i, (uint32_t)(place - (IMAGE_ORC + 4 * i)));
	le16_write(raw, sp);
	le16_write(raw + 2, bp);
	le16_write(raw + 4, bits);
	put(b, IMAGE_ORC + 0x100 + 6 * i, raw, sizeof(raw));
}

static void put_unwind(struct build *b)
{
	uint64_t s = IMAGE_STACK;

	put_orc(b, 0, IMAGE_TEXT, 0, 0, 1 << 10);			/* the end */
	put_orc(b, 1, IMAGE_TEXT + 0x100, 16, -16, 5 | 1 << 4);		/* do_work: rsp + 16, rbp saved */
	put_orc(b, 2, IMAGE_TEXT + 0x200, 24, 0, 5);			/* do_inner: rsp + 24 */
	put_orc(b, 3, IMAGE_TEXT + 0x300, 0, 0, 5 | 1 << 8);		/* asm_irq: all registers at rsp */
	put_orc(b, 4, IMAGE_TEXT + 0x400, 0, 0, 0);			/* thunk: not described */
	put_orc(b, 5, IMAGE_TEXT + 0x500, 0, 0, 1 << 10);
	put64(b, s + 16, IMAGE_VA(IMAGE_TEXT + 0x110));		/* do_inner's return address */
	put64(b, s + 24, 0x1234);				/* rbp of do_work's caller */
	put64(b, s + 32, IMAGE_VA(IMAGE_TEXT + 0x310));		/* do_work's */
	put64(b, s + 40 + 8 * 15, -1);				/* the interrupt's pt_regs */
	put64(b, s + 40 + 8 * 4, 0x777);
	put64(b, s + 40 + 8 * 16, FAKE_LEAF);
	put64(b, s + 40 + 8 * 17, 0x33);
	put64(b, s + 40 + 8 * 19, 0x80000);
}

void linux_image_build(struct target *t, bool maple)
{
	struct build b = { .target = t, .names = xcalloc(1, 16384), .offsets = xcalloc(1, 4096) };

	text_printf(&b.note, "OSRELEASE=6.1.0-image\nPAGESIZE=4096\nSYMBOL(swapper_pg_dir)=%llx\n",
		    IMAGE_VA(FAKE_PML4));
	text_printf(&b.note, "NUMBER(phys_base)=0\nKERNELOFFSET=0\nSYMBOL(_stext)=%llx\n", IMAGE_VA(IMAGE_TEXT));
	add_symbols(&b, maple);
	put_btf(&b, maple);
	put_kallsyms(&b);
	put_note(&b);
	put_tasks(&b);
	put_module(&b);
	put_irqs(&b, maple);
	put_percpu(&b);
	put_unwind(&b);
	free(b.names);
	free(b.offsets);
	text_deinit(&b.note);
}

void linux_image_regs(struct target *t, struct regs *ret)
{
	regs_init(ret, t->arch);
	error_destroy(target_regs_read(t, 1, REGS_ALL, ret, &(bool){ false }));
	regs_set(ret, X86_RIP, IMAGE_VA(IMAGE_TEXT + 0x210));
	regs_set(ret, X86_RSP, IMAGE_VA(IMAGE_STACK));
	regs_set(ret, X86_RBP, 0x5555);
	regs_set(ret, X86_CS, 0x10);
	regs_set(ret, X86_GS_BASE, IMAGE_VA(IMAGE_PERCPU + 0x1000));
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/symbols/linux_kernel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/arch.h"
#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"

#define BTF_LEN_MAX (64u << 20)
#define IMAGE_MAX (512u << 20)
#define PAGE 4096u
#define CHUNK (64u << 10)
#define GAP_MAX (16u << 20)
/* arch/x86/include/asm/page_64_types.h: __START_KERNEL_map. */
#define X86_KERNEL_MAP 0xffffffff80000000ull
#define RELEASE_PREFIX "Linux version "

/* ---- symbols and types ----------------------------------------------------------------------- */

bool linux_kernel_symbol(const struct linux_kernel *k, const char *name, uint64_t *ret)
{
	struct symbol sym;

	if (!symbols_by_name_in(k->syms, name, "", &sym))
		return false;
	*ret = sym.addr;
	return true;
}

struct error *linux_kernel_need_symbol(const struct linux_kernel *k, const char *name, uint64_t *ret)
{
	if (linux_kernel_symbol(k, name, ret))
		return NULL;
	return error_create(ERROR_UNSUPPORTED, "Linux %s has no symbol %s", k->guest.release, name);
}

static struct error *no_btf(const struct linux_kernel *k)
{
	return error_hint(error_create(ERROR_UNSUPPORTED, "Linux %s carries no type information (BTF)",
				       k->guest.release),
			  "a kernel built with CONFIG_DEBUG_INFO_BTF does");
}

struct error *linux_kernel_offset(const struct linux_kernel *k, const char *structure, const char *member,
				  uint64_t *ret)
{
	if (!k->btf)
		return no_btf(k);
	if (btf_offset(k->btf, structure, member, ret))
		return NULL;
	return error_create(ERROR_UNSUPPORTED, "Linux %s has no member %s in struct %s", k->guest.release,
			    member, structure);
}

/* The kernel keeps its own between two symbols. None is no error. */
static void load_btf(struct linux_kernel *k)
{
	_free_ uint8_t *data = NULL;
	struct error *err = NULL;
	uint64_t start, stop;
	struct btf *btf;

	k->btf_table = -1;
	if (!linux_kernel_symbol(k, "__start_BTF", &start) || !linux_kernel_symbol(k, "__stop_BTF", &stop) ||
	    stop <= start || stop - start > BTF_LEN_MAX)
		return;
	data = malloc(stop - start);
	if (!data)
		return;
	err = linux_guest_read(&k->guest, start, data, stop - start);
	if (!err)
		err = btf_create(data, stop - start, k->guest.target->arch->big_endian, NULL, &btf);
	if (!err) {
		k->btf_table = symbols_add_btf(k->syms, btf);
		k->btf = btf;
	}
	error_destroy(err);
}

/* Unwind tables: one of places, one of what to do there. */
static void load_orc(struct linux_kernel *k)
{
	uint64_t ips, ips_end, entries, entries_end;
	struct orc_table t;

	if (!k->btf || !orc_layout_find(k->btf, k->guest.target->arch, &k->orc.layout) ||
	    !linux_kernel_symbol(k, "__start_orc_unwind_ip", &ips) ||
	    !linux_kernel_symbol(k, "__stop_orc_unwind_ip", &ips_end) ||
	    !linux_kernel_symbol(k, "__start_orc_unwind", &entries) ||
	    !linux_kernel_symbol(k, "__stop_orc_unwind", &entries_end) || ips_end <= ips ||
	    (ips_end - ips) / 4 > UINT32_MAX ||
	    entries_end - entries != (ips_end - ips) / 4 * k->orc.layout.entry_size)
		return;
	t = (struct orc_table){ .ips = ips, .entries = entries, .count = (ips_end - ips) / 4 };
	vec_push(&k->orc.tables, t);
	symbols_set_orc(k->syms, &k->orc);
}

/* ---- life ------------------------------------------------------------------------------------ */

static struct linux_kernel *create(struct target *t, struct symbols *syms)
{
	struct linux_kernel *k = xcalloc(1, sizeof(*k));

	k->guest.target = t;
	k->syms = syms;
	k->btf_table = -1;
	return k;
}

void linux_kernel_destroy(struct linux_kernel *k)
{
	if (!k)
		return;
	symbols_set_orc(k->syms, NULL);
	linux_modules_drop(k);
	vec_free(&k->modules);
	vec_free(&k->orc.tables);
	if (k->btf_table >= 0)
		symbols_remove_btf(k->syms, k->btf_table);
	symbols_set_remove(k->syms, k->kallsyms.set);
	kallsyms_deinit(&k->kallsyms);
	free(k);
}

/* "Linux version 6.1.0-..." stands where it stood. */
bool linux_kernel_is_there(const struct linux_kernel *k)
{
	char text[sizeof(RELEASE_PREFIX) - 1];
	struct error *err;
	uint64_t banner;

	if (!linux_kernel_symbol(k, "linux_banner", &banner))
		return false;
	err = linux_guest_read(&k->guest, banner, text, sizeof(text));
	error_destroy(err);
	return !err && memcmp(text, RELEASE_PREFIX, sizeof(text)) == 0;
}

/* ---- before the note ------------------------------------------------------------------------- */

static bool maps_to(const struct linux_guest *g, uint64_t addr, uint64_t gpa)
{
	struct mmu_walk walk;
	struct error *err = target_walk(g->target, &g->regs, addr, &walk);

	error_destroy(err);
	return !err && walk.verdict == MMU_MAPPED && walk.gpa == gpa;
}

/*
 * The image as the kernel's page tables map it: up and down from @pc, as long as it lies in one piece of
 * physical memory. Parts that were given back after the start leave gaps.
 */
static bool image_range(const struct linux_guest *g, uint64_t pc, uint64_t *ret_addr, uint64_t *ret_gpa,
			uint64_t *ret_len)
{
	uint64_t page = align_down(pc, PAGE), lo = page, hi = page, gpa;
	struct mmu_walk walk;
	struct error *err = target_walk(g->target, &g->regs, page, &walk);

	error_destroy(err);
	if (err || walk.verdict != MMU_MAPPED)
		return false;
	gpa = walk.gpa;
	for (uint64_t off = PAGE; off <= gpa && off < IMAGE_MAX && lo - (page - off) <= GAP_MAX; off += PAGE)
		if (maps_to(g, page - off, gpa - off))
			lo = page - off;
	for (uint64_t off = PAGE; off < IMAGE_MAX && page + off > page && page + off - hi <= GAP_MAX; off += PAGE)
		if (maps_to(g, page + off, gpa + off))
			hi = page + off;
	*ret_addr = lo;
	*ret_gpa = gpa - (page - lo);
	*ret_len = hi - lo + PAGE;
	return true;
}

static bool place_by_image(const struct linux_guest *g, uint64_t pc, struct kallsyms_place *ret)
{
	uint64_t addr, gpa, len;
	uint8_t *data;

	if (!image_range(g, pc, &addr, &gpa, &len) || !(data = calloc(1, len)))
		return false;
	/* What is no memory between its parts stays zero. */
	for (uint64_t at = 0; at < len; at += CHUNK)
		error_destroy(target_phys_read(g->target, gpa + at, data + at, len - at < CHUNK ? len - at : CHUNK));
	bool found = kallsyms_place_by_scan(data, len, addr, ret);
	free(data);
	return found;
}

struct error *linux_kernel_load(struct target *t, struct symbols *syms, struct linux_kernel **ret)
{
	struct linux_kernel *k = create(t, syms);
	struct kallsyms_place place;
	uint64_t text;
	struct error *err = linux_guest_find(t, &k->guest);

	if (!err)
		err = kallsyms_place_by_note(&k->guest, &place);
	/* One whose note does not say (before 6.0) has the table all the same. */
	if (err && error_code(err) == ERROR_UNSUPPORTED && linux_guest_symbol(&k->guest, "_stext", &text) &&
	    place_by_image(&k->guest, text, &place)) {
		error_destroy(err);
		err = NULL;
	}
	if (!err)
		err = kallsyms_load(syms, &k->guest, &place, &k->kallsyms);
	if (err) {
		free(k);
		return err;
	}
	load_btf(k);
	load_orc(k);
	*ret = k;
	return NULL;
}

static void read_release(struct linux_guest *g, uint64_t banner)
{
	char text[128] = "";
	size_t len;

	error_destroy(linux_guest_read(g, banner, text, sizeof(text) - 1));
	if (strncmp(text, RELEASE_PREFIX, sizeof(RELEASE_PREFIX) - 1))
		return;
	len = strcspn(text + sizeof(RELEASE_PREFIX) - 1, " \n");
	text_sanitize(g->release, sizeof(g->release), text + sizeof(RELEASE_PREFIX) - 1, len);
}

struct error *linux_kernel_load_early(struct target *t, const struct regs *regs, struct symbols *syms,
				      struct linux_kernel **ret)
{
	struct linux_kernel *k = create(t, syms);
	uint64_t pc = regs_u64(regs, t->arch->reg_pc), banner;
	struct kallsyms_place place;
	struct error *err;

	k->guest.regs = *regs;
	k->by_scan = true;
	strcpy(k->guest.release, "(not yet known)");
	if (!place_by_image(&k->guest, pc, &place)) {
		free(k);
		return error_create(ERROR_NOT_FOUND, "no kernel with a symbol table (CONFIG_KALLSYMS) was found"
				    " around 0x%" PRIx64, pc);
	}
	err = kallsyms_load(syms, &k->guest, &place, &k->kallsyms);
	if (err) {
		free(k);
		return err;
	}
	if (linux_kernel_symbol(k, "linux_banner", &banner))
		read_release(&k->guest, banner);
	load_btf(k);
	load_orc(k);
	*ret = k;
	return NULL;
}

/*
 * Found early, its first page tables were those of the moment, which map little more than the image. Once the
 * kernel has its own, they serve; once it has written its note, that does.
 */
void linux_kernel_settle(struct linux_kernel *k)
{
	uint64_t tables, phys_base, banner, note = 0;
	struct linux_guest *g;
	struct reg_ref cr3;
	struct mmu_walk walk;
	uint8_t byte;

	if (!k->by_scan || !linux_kernel_symbol(k, "init_top_pgt", &tables) ||
	    !linux_kernel_symbol(k, "phys_base", &phys_base) || !linux_kernel_symbol(k, "linux_banner", &banner) ||
	    !reg_lookup(k->guest.regs.arch, "cr3", &cr3))
		return;
	g = xcalloc(1, sizeof(*g));
	*g = k->guest;
	struct error *err = linux_kernel_read_number(k, phys_base, 8, &phys_base);
	if (!err) {
		regs_set(&g->regs, cr3.reg, tables - X86_KERNEL_MAP + phys_base);
		err = linux_guest_read(g, banner, &byte, 1);
	}
	if (!err)
		k->guest.regs = g->regs;
	if (!err && linux_kernel_symbol(k, "vmcoreinfo_data", &note))
		err = linux_kernel_read_number(k, note, 8, &note);
	if (!err && note >> 63 && !(err = target_walk(k->guest.target, &k->guest.regs, note, &walk)) &&
	    walk.verdict == MMU_MAPPED)
		err = linux_guest_at(k->guest.target, walk.gpa, g);
	if (!err && g->note[0]) {
		k->guest = *g;
		k->by_scan = false;
	}
	error_destroy(err);
	free(g);
}

/* ---- memory ---------------------------------------------------------------------------------- */

struct error *linux_kernel_read_number(const struct linux_kernel *k, uint64_t addr, unsigned size,
				       uint64_t *ret)
{
	uint8_t raw[8];
	struct error *err;

	if (size == 0 || size > sizeof(raw))
		return error_create(ERROR_FAILED, "a number of %u bytes in Linux %s", size, k->guest.release);
	err = linux_guest_read(&k->guest, addr, raw, size);
	if (!err)
		*ret = bytes_read(raw, size, k->guest.target->arch->big_endian);
	return err;
}

struct error *linux_kernel_read_text(const struct linux_kernel *k, uint64_t addr, char *buf, size_t size)
{
	char raw[256];
	size_t len = size < sizeof(raw) ? size : sizeof(raw), done = 0;
	struct error *err = target_virt_read(k->guest.target, &k->guest.regs, addr, raw, len, &done);

	/* What lies behind its end may not be mapped. */
	if (err && done == 0)
		return err;
	error_destroy(err);
	text_sanitize(buf, size, raw, strnlen(raw, done));
	return NULL;
}

/* ---- per-CPU areas --------------------------------------------------------------------------- */

/* Since 6.15 places in the areas are linked as addresses. */
bool linux_kernel_percpu(const struct linux_kernel *k, const char *name, uint64_t *ret)
{
	return kallsyms_percpu(&k->kallsyms, name, ret) || linux_kernel_symbol(k, name, ret);
}

struct error *linux_kernel_percpu_base(const struct linux_kernel *k, unsigned cpu, uint64_t *ret)
{
	uint64_t table;
	struct error *err = linux_kernel_need_symbol(k, "__per_cpu_offset", &table);

	if (!err && cpu >= LINUX_CPUS_MAX)
		err = error_create(ERROR_NOT_FOUND, "there is no CPU %u", cpu);
	return err ? err : linux_kernel_read_number(k, table + 8ul * cpu, 8, ret);
}

struct error *linux_kernel_cpus(const struct linux_kernel *k, unsigned *ret)
{
	uint64_t at, n;
	struct error *err = linux_kernel_need_symbol(k, "nr_cpu_ids", &at);

	if (!err)
		err = linux_kernel_read_number(k, at, 4, &n);
	if (!err && (n == 0 || n > LINUX_CPUS_MAX))
		err = error_create(ERROR_FAILED, "Linux %s says it has %" PRIu64 " CPUs", k->guest.release, n);
	if (!err)
		*ret = n;
	return err;
}

struct error *linux_kernel_current_offset(const struct linux_kernel *k, uint64_t *ret)
{
	uint64_t member;
	struct error *err;

	if (linux_kernel_percpu(k, "current_task", ret))
		return NULL;
	if (!linux_kernel_percpu(k, "pcpu_hot", ret))
		return error_create(ERROR_UNSUPPORTED, "Linux %s does not say where its current task is",
				    k->guest.release);
	err = linux_kernel_offset(k, "pcpu_hot", "current_task", &member);
	if (!err)
		*ret += member;
	return err;
}

static bool reg_id(const struct regs *regs, const char *name, unsigned *ret)
{
	struct reg_ref ref;

	if (!reg_lookup(regs->arch, name, &ref))
		return false;
	*ret = ref.reg;
	return true;
}

/* x86-64: swapgs exchanges the two; the kernel's is an address of the upper half. */
bool linux_kernel_percpu_reg(const struct linux_kernel *k, const struct regs *regs, unsigned *ret_reg)
{
	static const char *const names[] = { "gs.base", "kernel_gs_base" };
	uint64_t cs = 0, v;
	unsigned id;

	if (reg_id(regs, "cs", &id))
		regs_get(regs, id, &cs);
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		/* User code may have put any address of its own half there; the kernel's is in the other one. */
		if ((cs & 3) && i == 0)
			continue;
		if (reg_id(regs, names[i], &id) && regs_get(regs, id, &v) && v >> 63) {
			*ret_reg = id;
			return true;
		}
	}
	return false;
}

struct error *linux_kernel_current(const struct linux_kernel *k, const struct regs *regs, uint64_t *ret)
{
	uint64_t offset;
	struct error *err = linux_kernel_current_offset(k, &offset);
	unsigned reg;

	if (err)
		return err;
	if (!linux_kernel_percpu_reg(k, regs, &reg))
		return error_hint(error_create(ERROR_STATE, "this vCPU has no per-CPU area yet"),
				  "the kernel sets one up while it starts");
	return linux_kernel_read_number(k, regs_u64(regs, reg) + offset, 8, ret);
}

bool linux_kernel_task_pointer(const struct linux_kernel *k, struct variable_type *ret)
{
	struct variable_type task;

	if (k->btf_table < 0 || !symbols_type_by_name(k->syms, "struct task_struct", &task))
		return false;
	*ret = (struct variable_type){ .kind = TYPE_POINTER, .size = 8, .depth = 1, .target = task.self,
				       .span = task.size, .self = symbols_pointer_to(k->syms, task.self) };
	return true;
}

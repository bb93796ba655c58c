/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Symbols and types of a guest kernel's modules: kernel/module/kallsyms.c keeps an ELF symbol table for
 * each, with addresses in place of values; kernel/bpf/btf.c a list of types, which continue the kernel's.
 */
#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/arch/arch.h"
#include "core/base/bits.h"
#include "core/base/text.h"
#include "core/symbols/linux_kernel.h"

#define SYMBOLS_MAX (1u << 17)
#define STRINGS_MAX (4u << 20)
#define NAME_TAIL 512u		/* the last name ends within so many bytes */
#define BTF_MAX (16u << 20)
#define MODULE_NAME_LEN 56
#define STATE_UNFORMED 3
#define ORCS_MAX (1u << 24)

enum { F_STATE, F_NAME, F_LIST, F_KALLSYMS, F_ORC_IPS, F_ORC, F_ORC_COUNT, F_COUNT };
enum { K_SYMTAB, K_NUM, K_STRTAB, K_COUNT };

struct walk {
	struct linux_kernel *k;
	struct linux_field f[F_COUNT], table[K_COUNT];
	bool changed;
};

/* ---- symbols --------------------------------------------------------------------------------- */

struct table {
	uint8_t *syms;
	char *strings;
	uint64_t n;
	size_t strings_len;
};

static void table_deinit(struct table *t)
{
	free(t->syms);
	free(t->strings);
}

static struct error *read_table(struct walk *w, uint64_t at, struct table *t)
{
	const struct linux_guest *g = &w->k->guest;
	uint64_t symtab, strtab, last = 0;
	struct error *err = linux_field_read(w->k, at, &w->table[K_SYMTAB], &symtab);

	if (!err)
		err = linux_field_read(w->k, at, &w->table[K_NUM], &t->n);
	if (!err)
		err = linux_field_read(w->k, at, &w->table[K_STRTAB], &strtab);
	if (err)
		return err;
	if (t->n > SYMBOLS_MAX)
		return error_create(ERROR_FAILED, "a module of Linux %s says it has %" PRIu64 " symbols",
				    g->release, t->n);
	t->syms = xcalloc(t->n + 1, sizeof(Elf64_Sym));
	err = linux_guest_read(g, symtab, t->syms, t->n * sizeof(Elf64_Sym));
	for (uint64_t i = 0; !err && i < t->n; i++) {
		uint32_t name = le32_read(t->syms + i * sizeof(Elf64_Sym));
		last = name > last ? name : last;
	}
	if (err || last >= STRINGS_MAX)
		return err ? err : error_create(ERROR_FAILED, "the names of a module of Linux %s are too long",
						g->release);
	t->strings = xcalloc(1, last + NAME_TAIL + 1);
	/* What lies behind the last name may not be mapped. */
	err = target_virt_read(g->target, &g->regs, strtab, t->strings, last + NAME_TAIL, &t->strings_len);
	if (err && t->strings_len <= last)
		return err;
	error_destroy(err);
	return NULL;
}

static void add_symbols(struct walk *w, struct linux_module *m, const struct table *t)
{
	m->set = symbols_set_create(w->k->syms, m->name);
	m->has_symbols = true;
	for (uint64_t i = 0; i < t->n; i++) {
		const uint8_t *sym = t->syms + i * sizeof(Elf64_Sym);
		uint64_t addr = le64_read(sym + offsetof(Elf64_Sym, st_value));
		uint64_t size = le64_read(sym + offsetof(Elf64_Sym, st_size));
		unsigned type = ELF64_ST_TYPE(sym[offsetof(Elf64_Sym, st_info)]);
		char name[NAME_TAIL];

		if (le16_read(sym + offsetof(Elf64_Sym, st_shndx)) == SHN_UNDEF || !(addr >> 63) ||
		    type == STT_SECTION || type == STT_FILE)
			continue;
		uint32_t at = le32_read(sym);
		text_sanitize(name, sizeof(name), t->strings + at, strnlen(t->strings + at, NAME_TAIL - 1));
		if (!*name)
			continue;
		symbols_set_add(w->k->syms, m->set, name, addr, size < STRINGS_MAX ? size : 0,
				type == STT_FUNC ? SYMBOL_FUNC : type == STT_OBJECT ? SYMBOL_OBJECT : SYMBOL_OTHER,
				false);
	}
}

/* A module without symbols is a module all the same. */
static void load_symbols(struct walk *w, struct linux_module *m)
{
	struct table t = { 0 };
	struct error *err = m->kallsyms ? read_table(w, m->kallsyms, &t) : NULL;

	if (!err && m->kallsyms)
		add_symbols(w, m, &t);
	error_destroy(err);
	table_deinit(&t);
}

/* ---- types ----------------------------------------------------------------------------------- */

struct btf_walk {
	struct linux_kernel *k;
	uint64_t module, btf, data, data_size; /* offsets */
};

static struct linux_module *module_at(struct linux_kernel *k, uint64_t addr)
{
	for (size_t i = 0; i < k->modules.len; i++)
		if (k->modules.data[i].addr == addr)
			return &k->modules.data[i];
	return NULL;
}

static struct error *take_btf(void *ctx, uint64_t entry)
{
	struct btf_walk *b = ctx;
	struct linux_kernel *k = b->k;
	struct linux_module *m;
	uint64_t module, btf, data, size;
	uint8_t *copy;
	struct btf *types;
	struct error *err = linux_kernel_read_number(k, entry + b->module, 8, &module);

	m = err ? NULL : module_at(k, module);
	if (!m || m->btf_table >= 0)
		return err;
	err = linux_kernel_read_number(k, entry + b->btf, 8, &btf);
	if (!err)
		err = linux_kernel_read_number(k, btf + b->data, 8, &data);
	if (!err)
		err = linux_kernel_read_number(k, btf + b->data_size, 4, &size);
	if (err || size == 0 || size > BTF_MAX)
		return err;
	copy = xcalloc(1, size);
	err = linux_guest_read(&k->guest, data, copy, size);
	if (!err)
		err = btf_create(copy, size, k->guest.target->arch->big_endian, k->btf, &types);
	free(copy);
	if (!err)
		m->btf_table = symbols_add_btf(k->syms, types);
	error_destroy(err); /* one module's types less */
	return NULL;
}

static void load_types(struct linux_kernel *k)
{
	struct btf_walk b = { .k = k };
	uint64_t head, list;

	if (!linux_kernel_symbol(k, "btf_modules", &head) || !btf_offset(k->btf, "btf_module", "list", &list) ||
	    !btf_offset(k->btf, "btf_module", "module", &b.module) ||
	    !btf_offset(k->btf, "btf_module", "btf", &b.btf) || !btf_offset(k->btf, "btf", "data", &b.data) ||
	    !btf_offset(k->btf, "btf", "data_size", &b.data_size))
		return;
	error_destroy(linux_list_each(k, head, list, LINUX_MODULES_MAX, take_btf, &b));
}

/* ---- unwind tables --------------------------------------------------------------------------- */

static void add_orc(struct walk *w, uint64_t module)
{
	struct orc_table t;
	uint64_t count;
	struct error *err = linux_field_read(w->k, module, &w->f[F_ORC_IPS], &t.ips);

	if (!err)
		err = linux_field_read(w->k, module, &w->f[F_ORC], &t.entries);
	if (!err)
		err = linux_field_read(w->k, module, &w->f[F_ORC_COUNT], &count);
	if (!err && t.ips && t.entries && count && count <= ORCS_MAX) {
		t.count = count;
		vec_push(&w->k->orc.tables, t);
	}
	error_destroy(err);
}

/* ---- the list -------------------------------------------------------------------------------- */

static void unload(struct linux_kernel *k, struct linux_module *m)
{
	if (m->has_symbols)
		symbols_set_remove(k->syms, m->set);
	if (m->btf_table >= 0)
		symbols_remove_btf(k->syms, m->btf_table);
	m->has_symbols = false;
	m->btf_table = -1;
}

static struct error *visit(void *ctx, uint64_t addr)
{
	struct walk *w = ctx;
	char name[MODULE_NAME_LEN + 1] = "";
	struct linux_module *m;
	uint64_t state, kallsyms;
	struct error *err = linux_field_read(w->k, addr, &w->f[F_STATE], &state);

	if (err || state == STATE_UNFORMED)
		return err;
	err = linux_field_read(w->k, addr, &w->f[F_KALLSYMS], &kallsyms);
	if (!err)
		err = linux_kernel_read_text(w->k, addr + w->f[F_NAME].offset, name, sizeof(name));
	if (err)
		return err;
	if (w->k->orc.tables.len)
		add_orc(w, addr);
	m = module_at(w->k, addr);
	if (m && !strcmp(m->name, name) && m->kallsyms == kallsyms) {
		m->seen = true;
		return NULL;
	}
	w->changed = true;
	if (!m) {
		vec_push(&w->k->modules, (struct linux_module){ .addr = addr, .btf_table = -1 });
		m = &w->k->modules.data[w->k->modules.len - 1];
	}
	unload(w->k, m);
	free(m->name);
	m->name = xstrdup(name);
	m->kallsyms = kallsyms;
	m->seen = true;
	load_symbols(w, m);
	return NULL;
}

static void drop(struct linux_kernel *k, size_t i)
{
	unload(k, &k->modules.data[i]);
	free(k->modules.data[i].name);
	vec_remove(&k->modules, i);
}

struct error *linux_modules_refresh(struct linux_kernel *k, bool *ret_changed)
{
	struct walk w = { .k = k, .f = {
		[F_STATE] = { "state" }, [F_NAME] = { "name" }, [F_LIST] = { "list" },
		[F_KALLSYMS] = { "kallsyms", .optional = true },
		[F_ORC_IPS] = { "arch.orc_unwind_ip", .optional = true },
		[F_ORC] = { "arch.orc_unwind", .optional = true },
		[F_ORC_COUNT] = { "arch.num_orcs", .optional = true } }, .table = {
		[K_SYMTAB] = { "symtab" }, [K_NUM] = { "num_symtab" }, [K_STRTAB] = { "strtab" } } };
	struct error *err = linux_fields_find(k, "module", w.f, F_COUNT);
	uint64_t head;

	*ret_changed = false;
	if (!err)
		err = linux_fields_find(k, "mod_kallsyms", w.table, K_COUNT);
	if (!err)
		err = linux_kernel_need_symbol(k, "modules", &head);
	if (err)
		return err;
	for (size_t i = 0; i < k->modules.len; i++)
		k->modules.data[i].seen = false;
	/* The kernel's own stays. */
	if (k->orc.tables.len)
		k->orc.tables.len = 1;
	err = linux_list_each(k, head, w.f[F_LIST].offset, LINUX_MODULES_MAX, visit, &w);
	for (size_t i = k->modules.len; i-- > 0;)
		if (!err && !k->modules.data[i].seen) {
			drop(k, i);
			w.changed = true;
		}
	if (w.changed)
		load_types(k);
	*ret_changed = w.changed;
	return err;
}

void linux_modules_drop(struct linux_kernel *k)
{
	while (k->modules.len)
		drop(k, k->modules.len - 1);
}

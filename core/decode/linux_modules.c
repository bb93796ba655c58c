/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>

#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/decode/linux_views.h"

#define USERS_MAX 256
#define MEM_TYPES 7		/* enum mod_mem_type, since 6.4; the first is the code */
#define STATE_UNFORMED 3

enum { F_STATE, F_NAME, F_LIST, F_REFCNT, F_USERS, F_CORE_BASE, F_CORE_SIZE, F_INIT_SIZE, F_MEM, F_COUNT };

struct modules {
	const struct linux_kernel *k;
	struct out *out;
	struct linux_field f[F_COUNT], base, size;	/* @base, @size: of struct module_memory */
	uint64_t mem_size;	/* bytes of one struct module_memory */
	struct linux_field source;			/* of struct module_use */
	uint64_t source_list;
	struct text users;
};

/* Where its code is, and how much memory all of it takes, as /proc/modules counts. */
static struct error *place(const struct modules *m, uint64_t addr, uint64_t *ret_base, uint64_t *ret_size)
{
	uint64_t size, init;
	struct error *err;

	if (!m->f[F_MEM].size) {
		err = linux_field_read(m->k, addr, &m->f[F_CORE_BASE], ret_base);
		if (!err)
			err = linux_field_read(m->k, addr, &m->f[F_CORE_SIZE], &size);
		if (!err)
			err = linux_field_read(m->k, addr, &m->f[F_INIT_SIZE], &init);
		*ret_size = err ? 0 : size + init;
		return err;
	}
	*ret_size = 0;
	err = linux_field_read(m->k, addr + m->f[F_MEM].offset, &m->base, ret_base);
	for (unsigned i = 0; !err && i < MEM_TYPES && (i + 1) * m->mem_size <= m->f[F_MEM].size; i++) {
		err = linux_field_read(m->k, addr + m->f[F_MEM].offset + i * m->mem_size, &m->size, &size);
		*ret_size += err ? 0 : size;
	}
	return err;
}

static struct error *visit_user(void *ctx, uint64_t use)
{
	struct modules *m = ctx;
	uint64_t source;
	char name[57];
	struct error *err = linux_field_read(m->k, use, &m->source, &source);

	if (!err)
		err = linux_kernel_read_text(m->k, source + m->f[F_NAME].offset, name, sizeof(name));
	if (!err)
		text_printf(&m->users, "%s%s", m->users.len ? "," : "", name);
	return err;
}

static struct error *visit(void *ctx, uint64_t addr)
{
	static const char *const states[] = { "live", "loading", "unloading", "unformed" };
	struct modules *m = ctx;
	uint64_t state, refs, base, size;
	struct error *err = linux_field_read(m->k, addr, &m->f[F_STATE], &state);
	char name[57];

	if (!err)
		err = linux_kernel_read_text(m->k, addr + m->f[F_NAME].offset, name, sizeof(name));
	if (!err)
		err = linux_field_read(m->k, addr, &m->f[F_REFCNT], &refs);
	if (!err)
		err = place(m, addr, &base, &size);
	text_clear(&m->users);
	if (!err && m->f[F_USERS].size)
		err = linux_list_each(m->k, addr + m->f[F_USERS].offset, m->source_list, USERS_MAX, visit_user, m);
	if (err || state == STATE_UNFORMED)
		return err;
	out_begin(m->out, "module");
	out_str(m->out, ROLE_SYMBOL, "name", 20, name);
	out_text(m->out, ROLE_TEXT, " ");
	out_hex(m->out, ROLE_ADDR, "base", 16, base);
	out_text(m->out, ROLE_TEXT, " ");
	out_dec(m->out, ROLE_NUMBER, "size", 9, size);
	out_text(m->out, ROLE_TEXT, " ");
	out_str(m->out, ROLE_TEXT, "state", 9, state < ARRAY_SIZE(states) ? states[state] : "?");
	out_text(m->out, ROLE_TEXT, " ");
	/* One reference is the module's own. */
	out_dec(m->out, ROLE_NUMBER, "refs", 4, refs ? refs - 1 : 0);
	out_text(m->out, ROLE_TEXT, " ");
	out_str(m->out, ROLE_TEXT, "users", 0, text_str(&m->users));
	out_hidden_hex(m->out, "addr", addr);
	out_end(m->out);
	return NULL;
}

static struct error *find_fields(struct modules *m)
{
	const struct linux_kernel *k = m->k;
	struct error *err = linux_fields_find(k, "module", m->f, F_COUNT);
	struct btf_type t;

	if (err)
		return err;
	if (m->f[F_MEM].size) {
		err = linux_fields_find(k, "module_memory", &m->base, 1);
		if (!err)
			err = linux_fields_find(k, "module_memory", &m->size, 1);
		if (!err && btf_find(k->btf, "module_memory", BTF_STRUCT, &t))
			m->mem_size = t.size;
		if (!err && m->mem_size == 0)
			err = error_create(ERROR_UNSUPPORTED, "Linux %s has a struct module_memory of no size",
					   k->guest.release);
	} else if (!m->f[F_CORE_BASE].size || !m->f[F_CORE_SIZE].size) {
		err = error_create(ERROR_UNSUPPORTED, "Linux %s does not say where a module's memory is",
				   k->guest.release);
	}
	if (!err && m->f[F_USERS].size)
		err = linux_fields_find(k, "module_use", &m->source, 1);
	if (!err && m->f[F_USERS].size)
		err = linux_kernel_offset(k, "module_use", "source_list", &m->source_list);
	return err;
}

struct error *linux_modules_show(const struct linux_kernel *k, struct out *out)
{
	struct modules m = { .k = k, .out = out, .f = {
		[F_STATE] = { "state" }, [F_NAME] = { "name" }, [F_LIST] = { "list" },
		[F_REFCNT] = { "refcnt.counter", .optional = true },
		[F_USERS] = { "source_list", .optional = true },
		[F_CORE_BASE] = { "core_layout.base", .optional = true },
		[F_CORE_SIZE] = { "core_layout.size", .optional = true },
		[F_INIT_SIZE] = { "init_layout.size", .optional = true },
		[F_MEM] = { "mem", .optional = true } },
		.base = { "base" }, .size = { "size" }, .source = { "source" } };
	uint64_t head;
	struct error *err = find_fields(&m);

	if (!err)
		err = linux_kernel_need_symbol(k, "modules", &head);
	if (err)
		return err;
	out_text(out, ROLE_HEADING, "NAME                 BASE                    SIZE STATE     REFS USED BY");
	out_nl(out);
	err = linux_list_each(k, head, m.f[F_LIST].offset, LINUX_MODULES_MAX, visit, &m);
	text_deinit(&m.users);
	return err;
}

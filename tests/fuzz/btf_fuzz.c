/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Type information (BTF) as a guest may make it up: the input says which types a kernel's table and a module's
 * that continues it are made of, with any reference to any type, and then changes bytes of them. What is
 * accepted is looked at in every way; its values are the input too.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/symbols/btf.h"
#include "core/symbols/orc.h"
#include "core/symbols/vars.h"
#include "tests/lib/btf_builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Types looked at: the first ones refer to any. */
#define TYPES_MAX 200

struct bytes {
	const uint8_t *data;
	size_t len;
};

static bool read_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	const struct bytes *b = ctx;

	if (gva > b->len || len > b->len - gva)
		return false;
	memcpy(buf, b->data + gva, len);
	return true;
}

static void look_at(const struct symbols *syms, unsigned table, uint32_t first, uint32_t count,
		    const struct mem_reader *mem)
{
	struct variable_type type;
	struct type_member member;
	char buf[300];

	for (uint32_t id = first; id < count && id - first < TYPES_MAX; id++) {
		type_handle handle = 1ull << 63 | (uint64_t)table << 32 | id;

		symbols_type_describe(syms, handle, &type);
		symbols_type_is_number(syms, handle);
		symbols_type_name(syms, handle, buf, sizeof(buf));
		symbols_type_format(syms, handle, id % 64, true, id & 1, mem, buf, sizeof(buf));
		symbols_type_format(syms, handle, id, false, false, mem, buf, sizeof(buf));
		symbols_type_member(syms, handle, "a", &member);
		free(symbols_type_layout(syms, handle));
	}
}

static unsigned take(struct bytes *in)
{
	unsigned v = in->len ? *in->data : 0;

	in->data += in->len > 0;
	in->len -= in->len > 0;
	return v;
}

/* One type of kind @kind; its references are small ids, known or not. */
static void build_one(struct btf_builder *b, struct bytes *in, unsigned kind)
{
	static const char *const names[] = { "", "a", "b", "task_struct", "orc_entry", "sp_offset", "type", "pt_regs" };
	const char *name = names[take(in) % ARRAY_SIZE(names)];
	unsigned to = take(in), n = take(in);

	switch (kind) {
	case BTF_INT: btf_build_int(b, name, to, n & 1); break;
	case BTF_ARRAY: btf_build_array(b, to, n > 250 ? 0xffffffff : n); break;
	case BTF_ENUM:
		btf_build_enum(b, name, to);
		for (unsigned i = 0; i < n % 4; i++)
			btf_build_enumerator(b, "a", (int8_t)take(in));
		break;
	case BTF_STRUCT:
	case BTF_UNION:
		btf_build_struct(b, kind, name, to, n & 1);
		for (unsigned i = 0; i < n / 2 % 8; i++) {
			const char *member = names[take(in) % ARRAY_SIZE(names)];
			unsigned type = take(in), bit = take(in) * 8;

			btf_build_bits(b, member, type, bit + take(in) % 8, n & 1 ? take(in) % 70 : 0);
		}
		break;
	case BTF_FWD: btf_build_fwd(b, name); break;
	default: btf_build_ref(b, kind, name, to); break;
	}
}

static uint8_t *build(struct btf_builder *b, const struct btf_builder *base, struct bytes *in, size_t *ret_len)
{
	static const uint8_t kinds[] = { BTF_INT, BTF_PTR, BTF_ARRAY, BTF_STRUCT, BTF_UNION, BTF_ENUM, BTF_FWD,
					 BTF_TYPEDEF, BTF_VOLATILE, BTF_CONST, BTF_RESTRICT, BTF_TYPE_TAG };
	unsigned n = take(in) % 32;
	uint8_t *data;

	btf_builder_init(b, base);
	while (n--)
		build_one(b, in, kinds[take(in) % ARRAY_SIZE(kinds)]);
	data = btf_builder_finish(b, ret_len);
	for (unsigned changes = take(in) % 4; changes--;) {
		size_t at = (take(in) << 8 | take(in)) % *ret_len;

		data[at] = take(in);
	}
	return data;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes bytes = { data, size }, in = bytes;
	struct mem_reader mem = { .ctx = &bytes, .virt = read_virt };
	struct btf_builder kernel_types, module_types;
	struct orc_layout layout;
	struct symbols *syms = symbols_create();
	struct btf *kernel = NULL, *module;
	struct variable_type type;
	uint64_t offset;
	size_t len;
	uint8_t *raw = build(&kernel_types, NULL, &in, &len);
	struct error *err = btf_create(raw, len, false, NULL, &kernel);

	free(raw);
	error_destroy(err);
	if (!err) {
		symbols_add_btf(syms, kernel);
		look_at(syms, 0, 1, btf_count(kernel), &mem);
		btf_offset(kernel, "task_struct", "a.b.type", &offset);
		orc_layout_find(kernel, arch_by_name("x86_64"), &layout);
		symbols_type_by_name(syms, "struct a", &type);
		raw = build(&module_types, &kernel_types, &in, &len);
		err = btf_create(raw, len, false, kernel, &module);
		if (!err)
			look_at(syms, symbols_add_btf(syms, module), btf_count(kernel), btf_count(module), &mem);
		error_destroy(err);
		free(raw);
		btf_builder_deinit(&module_types);
	}
	btf_builder_deinit(&kernel_types);
	symbols_destroy(syms);
	return 0;
}

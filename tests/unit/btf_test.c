/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BTF made by code: found, described, named, shown as values; and what becomes of tables that lie. */
#include "tests/lib/test.h"

#include "core/base/bits.h"
#include "core/symbols/btf.h"
#include "core/symbols/vars.h"
#include "tests/lib/btf_builder.h"

struct types {
	struct btf_builder b;
	uint32_t u32, s64, ch, node, unit, state, fwd_pointer;
};

/*
 * struct node { struct node *next; int count; enum state s; union { u32 a; char b[8]; };
 *		 unsigned low:3, high:5; char name[8]; struct other *o; u32 grid[2][3]; };
 */
static void build(struct types *t)
{
	struct btf_builder *b = &t->b;
	uint32_t pointer, inner, text, grid;

	btf_builder_init(b, NULL);
	t->u32 = btf_build_int(b, "unsigned int", 4, false);
	t->s64 = btf_build_int(b, "long int", 8, true);
	t->ch = btf_build_int(b, "char", 1, true);
	pointer = btf_build_ref(b, BTF_PTR, NULL, 4 + 1); /* the structure comes next */
	t->node = btf_build_struct(b, BTF_STRUCT, "node", 72, true);
	inner = t->node + 1;
	t->state = inner + 1;
	text = t->state + 1;
	t->fwd_pointer = text + 2;
	grid = t->fwd_pointer + 2;
	btf_build_member(b, "next", pointer, 0);
	btf_build_member(b, "count", t->s64, 8);
	btf_build_member(b, "s", t->state, 16);
	btf_build_member(b, NULL, inner, 20);
	btf_build_bits(b, "low", t->u32, 24 * 8, 3);
	btf_build_bits(b, "high", t->u32, 24 * 8 + 3, 5);
	btf_build_member(b, "name", text, 28);
	btf_build_member(b, "o", t->fwd_pointer, 40);
	btf_build_member(b, "grid", grid, 48);
	assert_int_equal(btf_build_struct(b, BTF_UNION, NULL, 4, false), inner);
	btf_build_member(b, "a", t->u32, 0);
	btf_build_member(b, "b", text, 0);
	assert_int_equal(btf_build_enum(b, "state", 4), t->state);
	btf_build_enumerator(b, "IDLE", 0);
	btf_build_enumerator(b, "BROKEN", -1);
	assert_int_equal(btf_build_array(b, t->ch, 8), text);
	btf_build_fwd(b, "other");
	assert_int_equal(btf_build_ref(b, BTF_PTR, NULL, text + 1), t->fwd_pointer);
	btf_build_array(b, t->u32, 3);
	assert_int_equal(btf_build_array(b, t->fwd_pointer + 1, 2), grid);
	btf_build_ref(b, BTF_TYPEDEF, "node_t", t->node);
	btf_build_ref(b, BTF_CONST, NULL, t->ch);
}

static struct btf *make(const struct types *t)
{
	size_t len;
	_free_ uint8_t *data = btf_builder_finish(&t->b, &len);
	struct btf *btf;

	assert_ok(btf_create(data, len, false, NULL, &btf));
	return btf;
}

static void test_lookup(void **state)
{
	struct types t;
	struct btf_member m;
	struct btf_type type;
	struct btf *btf;
	uint64_t v;

	build(&t);
	btf = make(&t);
	assert_true(btf_find(btf, "node", BTF_STRUCT, &type));
	assert_int_equal(type.id, t.node);
	assert_int_equal(type.size, 72);
	assert_false(btf_find(btf, "node", BTF_UNION, &type));
	assert_false(btf_find(btf, "nod", 0, &type));
	assert_true(btf_find(btf, "node_t", 0, &type));
	assert_true(btf_peel(btf, type.id, &type));
	assert_int_equal(type.id, t.node);
	assert_true(btf_offset(btf, "node", "count", &v));
	assert_int_equal(v, 8);
	assert_true(btf_offset(btf, "node", "b", &v));	/* of the unnamed union */
	assert_int_equal(v, 20);
	assert_false(btf_offset(btf, "node", "low", &v)); /* a bit field has no place in bytes */
	assert_false(btf_offset(btf, "node", "nothing", &v));
	assert_false(btf_offset(btf, "node", "", &v));
	assert_false(btf_offset(btf, "node", "count.x", &v));
	assert_true(btf_find_member(btf, t.node, "high", &m));
	assert_int_equal(m.bit_offset, 24 * 8 + 3);
	assert_int_equal(m.bits, 5);
	assert_true(btf_get(btf, t.state, &type));
	assert_string_equal(btf_enumerator(btf, &type, 1, &v), "BROKEN");
	assert_int_equal(v, UINT64_MAX);
	assert_int_equal(btf_size(btf, t.node, 8), 72);
	assert_int_equal(btf_size(btf, t.fwd_pointer + 2, 8), 24);
	assert_false(btf_get(btf, btf_count(btf), &type));
	btf_destroy(btf);
	btf_builder_deinit(&t.b);
}

static uint8_t memory[72];

static bool read_memory(void *ctx, uint64_t gva, void *buf, size_t len)
{
	if (gva < 0x1000 || gva + len > 0x1000 + sizeof(memory))
		return false;
	memcpy(buf, memory + gva - 0x1000, len);
	return true;
}

static void test_values(void **state)
{
	struct mem_reader mem = { .virt = read_memory };
	struct symbols *syms = symbols_create();
	struct variable_type type, other;
	struct type_member member;
	struct types t;
	char buf[1024];
	_free_ char *layout = NULL;
	unsigned table;

	build(&t);
	table = symbols_add_btf(syms, make(&t));
	le64_write(memory, 0x1000);
	le64_write(memory + 8, (uint64_t)-5);
	le32_write(memory + 16, (uint32_t)-1);
	le32_write(memory + 20, 7);
	le32_write(memory + 24, 0xfa);
	memcpy(memory + 28, "two\n", 5);
	assert_true(symbols_type_by_name(syms, "struct node", &type));
	assert_int_equal(type.kind, TYPE_STRUCT);
	assert_string_equal(symbols_type_format(syms, type.self, 0x1000, true, false, &mem, buf, sizeof(buf)),
			    "{next = 0x1000, count = -5, s = BROKEN (4294967295), {a = 7, b = {7, 0, 0, 0, -6, 0, 0, 0}}, low = 2, "
			    "high = 31, name = \"two\\x0a\", o = 0x0, grid = 0x1030 {...}}");
	assert_string_equal(symbols_type_format(syms, type.self, 0x1008, true, false, &mem, buf, 35),
			    "{next = 0xfffffffffffffffb, count ");
	assert_string_equal(symbols_type_name(syms, type.self, buf, sizeof(buf)), "struct node");
	assert_true(symbols_type_member(syms, type.self, "high", &member));
	assert_int_equal(member.bit_shift, 3);
	assert_int_equal(member.offset, 24);
	assert_true(symbols_type_member(syms, type.self, "next", &member));
	assert_int_equal(member.type.kind, TYPE_POINTER);
	assert_int_equal(member.type.target, type.self);
	assert_int_equal(member.type.span, 72);
	assert_string_equal(symbols_type_name(syms, member.type.self, buf, sizeof(buf)), "struct node *");
	assert_true(symbols_type_member(syms, type.self, "grid", &member));
	assert_string_equal(symbols_type_name(syms, member.type.self, buf, sizeof(buf)), "unsigned int [2][3]");
	assert_true(symbols_type_by_name(syms, "node_t", &other));
	assert_int_equal(other.size, 72);
	assert_false(symbols_type_by_name(syms, "union node", &other));
	assert_true(symbols_type_by_name(syms, "enum state", &other));
	assert_true(symbols_pointer_to(syms, type.self) != 0);
	layout = symbols_type_layout(syms, type.self);
	assert_non_null(strstr(layout, "  +0x14    union:\n  +0x14      unsigned int a\n"));
	assert_non_null(strstr(layout, "  +0x18    unsigned int high : 5 (bits 3 to 7)\n"));
	/* Handles of what is gone name nothing. */
	symbols_remove_btf(syms, table);
	assert_false(symbols_type_describe(syms, type.self, &other));
	assert_string_equal(symbols_type_format(syms, type.self, 0x1000, true, false, &mem, buf, sizeof(buf)),
			    "<no type>");
	assert_string_equal(symbols_type_name(syms, type.self, buf, sizeof(buf)), "?");
	btf_builder_deinit(&t.b);
	symbols_destroy(syms);
}

/* A module's table continues the kernel's. */
static void test_split(void **state)
{
	struct btf *base, *btf;
	struct btf_builder b;
	struct types t;
	struct btf_type type;
	uint64_t v;
	uint32_t id;
	size_t len;

	build(&t);
	base = make(&t);
	btf_builder_init(&b, &t.b);
	id = btf_build_struct(&b, BTF_STRUCT, "extra", 80, false);
	btf_build_member(&b, "n", t.node, 8);
	_free_ uint8_t *data = btf_builder_finish(&b, &len);
	assert_ok(btf_create(data, len, false, base, &btf));
	assert_int_equal(id, btf_count(base));
	assert_true(btf_offset(btf, "extra", "n.count", &v));
	assert_int_equal(v, 16);
	assert_true(btf_find(btf, "node", BTF_STRUCT, &type));
	assert_false(btf_find(base, "extra", 0, &type));
	btf_destroy(btf);
	btf_destroy(base);
	btf_builder_deinit(&b);
	btf_builder_deinit(&t.b);
}

/* Every way through a type ends, whatever it refers to. */
static void look_at_all(struct btf *btf)
{
	struct mem_reader mem = { .virt = read_memory };
	struct symbols *syms = symbols_create();
	uint32_t count = btf_count(btf);
	struct variable_type type;
	struct btf_member m;
	char buf[200];

	symbols_add_btf(syms, btf);
	for (uint32_t id = 1; id < count; id++) {
		type_handle handle = 1ull << 63 | id;

		symbols_type_describe(syms, handle, &type);
		symbols_type_name(syms, handle, buf, sizeof(buf));
		symbols_type_format(syms, handle, 0x1000, true, false, &mem, buf, sizeof(buf));
		free(symbols_type_format_lines(syms, handle, 0x1000, true, false, &mem));
		free(symbols_type_layout(syms, handle));
		btf_find_member(btf, id, "nobody", &m);
	}
	symbols_destroy(syms);
}

static void test_loops(void **state)
{
	struct btf_builder b;
	struct btf *btf;
	size_t len;

	btf_builder_init(&b, NULL);
	btf_build_ref(&b, BTF_TYPEDEF, "self", 1);
	btf_build_ref(&b, BTF_PTR, NULL, 2);
	btf_build_array(&b, 3, 0xffffffff);
	btf_build_struct(&b, BTF_STRUCT, "nested", 8, false);
	for (unsigned i = 0; i < 64; i++)
		btf_build_member(&b, NULL, 4, 0); /* holds itself, unnamed, many times */
	btf_build_ref(&b, BTF_CONST, NULL, 6);
	btf_build_ref(&b, BTF_VOLATILE, NULL, 5);
	_free_ uint8_t *data = btf_builder_finish(&b, &len);
	assert_ok(btf_create(data, len, false, NULL, &btf));
	look_at_all(btf);
	btf_builder_deinit(&b);
}

static void test_lies(void **state)
{
	struct types t;
	size_t len;
	struct btf *btf;

	build(&t);
	_free_ uint8_t *data = btf_builder_finish(&t.b, &len);
	for (size_t n = 0; n < len; n++) {
		struct error *err = btf_create(data, n, false, NULL, &btf);

		assert_non_null(err);
		error_destroy(err);
	}
	/* Each word is made too big, one after the other: refused, or harmless. */
	for (size_t at = 0; at + 4 <= len; at += 4) {
		uint32_t was = le32_read(data + at);

		le32_write(data + at, 0xfffffff0);
		struct error *err = btf_create(data, len, false, NULL, &btf);
		if (!err)
			look_at_all(btf);
		error_destroy(err);
		le32_write(data + at, was);
	}
	data[2] = 9;
	assert_error(btf_create(data, len, false, NULL, &btf), ERROR_FAILED, "no header of version 1");
	btf_builder_deinit(&t.b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lookup), cmocka_unit_test(test_values), cmocka_unit_test(test_split),
		cmocka_unit_test(test_loops), cmocka_unit_test(test_lies),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prototype check against two kernels' BTF: what moved is found, what is gone is said, nothing is guessed. */
#include "tests/lib/test.h"

#include <bpf/btf.h>

#include "probes/prototype.h"
#include "probes/types.h"

#define EXPECTED "void kvm_sched_yield(struct kvm_vcpu *vcpu, unsigned long dest_id)"

struct kernel {
	struct btf *btf;
	int s32, u64, kvm, vcpu, kvm_ptr, vcpu_ptr;
};

static void begin(struct kernel *k)
{
	k->btf = btf__new_empty();
	assert_non_null(k->btf);
	k->s32 = btf__add_int(k->btf, "int", 4, BTF_INT_SIGNED);
	k->u64 = btf__add_int(k->btf, "long unsigned int", 8, 0);
	k->kvm = btf__add_struct(k->btf, "kvm", 8);
	btf__add_field(k->btf, "users", k->s32, 32, 0);
	k->vcpu = btf__add_struct(k->btf, "kvm_vcpu", 8);
	k->kvm_ptr = btf__add_ptr(k->btf, k->kvm);
	k->vcpu_ptr = btf__add_ptr(k->btf, btf__add_const(k->btf, k->vcpu));
}

/* Of "name TYPE name TYPE ..." the function's BTF id. */
static uint32_t function(struct kernel *k, const char *name, unsigned n, const char *const *names, const int *types)
{
	int proto = btf__add_func_proto(k->btf, 0);

	for (unsigned i = 0; i < n; i++)
		assert_int_equal(btf__add_func_param(k->btf, names[i], types[i]), 0);
	return (uint32_t)btf__add_func(k->btf, name, BTF_FUNC_GLOBAL, proto);
}

static void check(struct kernel *k, uint32_t id, const char *expected, bool drift, const uint8_t *at, const char *text)
{
	_cleanup_(text_deinit) struct text t = { 0 };
	struct prototype want, have;
	struct prototype_match match;

	assert_true(prototype_parse(expected, &want));
	assert_true(prototype_from_btf(k->btf, id, &have));
	prototype_match(&want, &have, &match);
	assert_int_equal(match.drift, drift);
	for (unsigned i = 0; i < want.nparams; i++)
		assert_int_equal(match.at[i], at[i]);
	prototype_sentence(&t, &want, &have, &match);
	if (text)
		assert_string_equal(text_str(&t), text);
}

static void test_same(void **state)
{
	struct kernel k;
	uint32_t id;

	begin(&k);
	id = function(&k, "kvm_sched_yield", 2, (const char *[]){ "vcpu", "dest_id" }, (int[]){ k.vcpu_ptr, k.u64 });
	check(&k, id, EXPECTED, false, (uint8_t[]){ 0, 1 }, NULL);
	/* Only renamed: no drift. */
	check(&k, id, "void kvm_sched_yield(struct kvm_vcpu *v, u64 apic_id)", false, (uint8_t[]){ 0, 1 }, NULL);
	btf__free(k.btf);
}

static void test_gone(void **state)
{
	struct kernel k;
	uint32_t id;

	begin(&k);
	id = function(&k, "kvm_sched_yield", 2, (const char *[]){ "kvm", "dest_id" }, (int[]){ k.kvm_ptr, k.u64 });
	check(&k, id, EXPECTED, true, (uint8_t[]){ PROTOTYPE_GONE, 1 },
	      "kvm_sched_yield: expected (struct kvm_vcpu* vcpu, u64 dest_id), this kernel has (struct kvm* kvm, "
	      "u64 dest_id): vcpu is gone");
	btf__free(k.btf);
}

static void test_moved(void **state)
{
	struct kernel k;
	uint32_t id;

	begin(&k);
	id = function(&k, "f", 3, (const char *[]){ "run", "vcpu", "dest_id" },
		      (int[]){ k.kvm_ptr, k.vcpu_ptr, k.s32 });
	check(&k, id, "int f(struct kvm_vcpu *vcpu, unsigned long dest_id)", true, (uint8_t[]){ 1, 2 },
	      "f: expected (struct kvm_vcpu* vcpu, u64 dest_id), this kernel has (struct kvm* run, struct kvm_vcpu* "
	      "vcpu, s32 dest_id): vcpu is parameter 2, dest_id is parameter 3");
	/* A pointer under another name is found by its type when only one has it. */
	check(&k, id, "int f(struct kvm_vcpu *v)", true, (uint8_t[]){ 1 }, NULL);
	btf__free(k.btf);
}

static void test_parse(void **state)
{
	struct prototype p;

	assert_true(prototype_parse("static const struct kvm_vcpu *get(void)", &p));
	assert_string_equal(p.function, "get");
	assert_int_equal(p.nparams, 0);
	assert_true(prototype_parse("bool f(const u64 __user_ptr, unsigned long long n, void **out)", &p));
	assert_string_equal(p.params[0].type, "u64");
	assert_string_equal(p.params[1].type, "u64");
	assert_string_equal(p.params[2].type, "void**");
	assert_string_equal(p.params[2].name, "out");
	assert_false(prototype_parse("no prototype", &p));
	assert_false(prototype_parse("f(int a", &p));
	assert_false(prototype_parse("(int a)", &p));
	assert_false(prototype_parse("f(,)", &p));
}

/* A tracepoint's format gives a type that programs are relocated by. */
static void test_format(void **state)
{
	static const char text[] = "name: kvm_guest_exit\nID: 7\nformat:\n"
		"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\n"
		"\tfield:int vcpu_id;\toffset:8;\tsize:4;\tsigned:1;\n"
		"\tfield:unsigned long pc;\toffset:16;\tsize:8;\tsigned:0;\n"
		"\tfield:u8 insn[15];\toffset:24;\tsize:15;\tsigned:0;\n\nprint fmt: \"%d\"\n";
	struct btf *btf = btf__new_empty();
	const struct btf_type *t;
	int id;

	assert_true(kernel_types_add_format(btf, "kvm_guest_exit", text));
	id = btf__find_by_name_kind(btf, "trace_event_raw_kvm_guest_exit", BTF_KIND_STRUCT);
	assert_true(id > 0);
	t = btf__type_by_id(btf, (uint32_t)id);
	assert_int_equal(t->size, 39);
	assert_int_equal(btf_vlen(t), 4);
	assert_string_equal(btf__name_by_offset(btf, btf_members(t)[2].name_off), "pc");
	assert_int_equal(btf_member_bit_offset(t, 2), 128);
	assert_string_equal(btf__name_by_offset(btf, btf_members(t)[3].name_off), "insn");
	assert_false(kernel_types_add_format(btf, "other", "field:broken"));
	assert_false(kernel_types_add_format(btf, "none", ""));
	btf__free(btf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same), cmocka_unit_test(test_gone), cmocka_unit_test(test_moved),
		cmocka_unit_test(test_parse), cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

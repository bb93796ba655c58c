/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The line of libbpf's output that says why: the verifier's last word, never advice that misleads. */
#include "tests/lib/test.h"

#include "probes/log.h"

static void check(const char *said, const char *reason)
{
	struct text t = { 0 };
	char *got;

	text_puts(&t, said);
	got = log_reason(&t);
	assert_string_equal(got, reason);
	free(got);
	text_deinit(&t);
}

static void test_reasons(void **state)
{
	check("", "");
	check("libbpf: prog 'x': failed to attach: No such file\n", "prog 'x': failed to attach: No such file");
	check("libbpf: prog 'x': BPF program load failed: Permission denied\n"
	      "libbpf: prog 'x': -- BEGIN PROG LOAD LOG --\n0: R1=ctx(off=0,imm=0) R10=fp0\n; int x(void *ctx)\n"
	      "dereference of modified ctx ptr R1 off=24 disallowed\n"
	      "processed 2 insns (limit 1000000)\n-- END PROG LOAD LOG --\nlibbpf: failed to load object 'x'\n",
	      "dereference of modified ctx ptr R1 off=24 disallowed");
	check("libbpf: prog 'x': -- BEGIN PROG LOAD LOG --\n<invalid CO-RE relocation>\nfailed to resolve CO-RE relocation "
	      "<byte_off> [70] struct kvm_vcpu.arch.regs.nip (0:5:1:1 @ offset 304)\nprocessed 5 insns\n"
	      "-- END PROG LOAD LOG --\n", "the kernel's types lack struct kvm_vcpu.arch.regs.nip");
	check("libbpf: Error in bpf_object__probe_loading():Operation not permitted(1). Couldn't load trivial BPF "
	      "program. Make sure your kernel supports BPF (CONFIG_BPF_SYSCALL=y) and/or that RLIMIT_MEMLOCK is set "
	      "to big enough value.\nlibbpf: failed to load object 'exits'\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_reasons) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

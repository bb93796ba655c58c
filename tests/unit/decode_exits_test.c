/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exit names against the numbers in the system's kernel headers. */
#include "tests/lib/test.h"

#include "core/decode/exits.h"

/* Debian puts headers of an architecture below its name. */
#ifdef __x86_64__
#define ASM_DIR "/usr/include/x86_64-linux-gnu/asm"
#else
#define ASM_DIR "/usr/include/asm"
#endif

/* Every "#define PREFIX_NAME number" in @path whose name one of our tables has must have its number
 * there. @name_of gives our name for a number. Returns how many agreed. */
static unsigned compare(const char *path, const char *prefix, const char *(*name_of)(uint64_t),
			uint64_t limit)
{
	_fclose_ FILE *f = fopen(path, "r");
	char line[256], name[128], value[64];
	unsigned agreed = 0;

	while (f && fgets(line, sizeof(line), f)) {
		const char *ours;
		uint64_t number;

		if (sscanf(line, "#define %127s %63s", name, value) != 2 || strncmp(name, prefix, strlen(prefix)))
			continue;
		number = strtoull(value, NULL, 0);
		for (uint64_t n = 0; n < limit; n++) {
			ours = name_of(n);
			if (!ours || strcmp(ours, name + strlen(prefix)))
				continue;
			if (n != number)
				fail_msg("%s is %llu, the table says %llu", name, (long long)number, (long long)n);
			agreed++;
		}
	}
	return agreed;
}

static const char *kvm_name(uint64_t n) { return kvm_exit_name(n); }
static const char *vmx_name(uint64_t n) { return vmx_exit_name(n); }

static void against_headers(void **state)
{
	unsigned kvm = compare("/usr/include/linux/kvm.h", "KVM_EXIT_", kvm_name, 64);
	unsigned vmx = compare(ASM_DIR "/vmx.h", "EXIT_REASON_", vmx_name, 128);
	unsigned svm = compare(ASM_DIR "/svm.h", "SVM_EXIT_", svm_exit_name, 0x500);

	print_message("kvm %u, vmx %u, svm %u names agree\n", kvm, vmx, svm);
	if (!kvm) {
		print_message("no kernel headers\n");
		skip();
	}
	assert_true(kvm > 30);
	/* The headers may be of another architecture or elsewhere: then there was nothing to compare. */
	assert_true(vmx == 0 || vmx > 50);
	assert_true(svm == 0 || svm > 60);
}

static void spot_checks(void **state)
{
	assert_string_equal(kvm_exit_name(2), "IO");
	assert_string_equal(kvm_exit_name(17), "INTERNAL_ERROR");
	assert_null(kvm_exit_name(999));
	assert_string_equal(vmx_exit_name(48), "EPT_VIOLATION");
	assert_string_equal(vmx_exit_name(0x80000021), "INVALID_STATE");
	assert_null(vmx_exit_name(5));
	assert_string_equal(svm_exit_name(0x4e), "EXCP_PF");
	assert_string_equal(svm_exit_name(0x400), "NPF");
	assert_string_equal(svm_exit_name(~0ULL), "INVALID");
	assert_null(svm_exit_name(0x900));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(against_headers),
		cmocka_unit_test(spot_checks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

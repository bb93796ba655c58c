/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Options of `vmscope run`: what they set, and what is refused with which words. */
#include "tests/lib/test.h"

#include "ui/run_options.h"

static struct error *parse(struct run_options *o, const char *line)
{
	static char buf[1024]; /* options borrow their arguments */
	char *argv[32], *save, *word;
	int argc = 0;

	snprintf(buf, sizeof(buf), "run %s", line);
	for (word = strtok_r(buf, " ", &save); word; word = strtok_r(NULL, " ", &save))
		argv[argc++] = word;
	argv[argc] = NULL;
	run_options_init(o);
	return run_options_parse(o, argc, argv);
}

static void refuse(const char *line, const char *part)
{
	struct run_options o;

	assert_error(parse(&o, line), ERROR_USAGE, part);
	run_options_deinit(&o);
}

static void test_guest(void **state)
{
	struct run_options o;

	assert_ok(parse(&o, "--mem 512M --smp=3 --irqchip split --console stdio --kvm /dev/other -S image.elf"));
	assert_string_equal(o.name, "image.elf");
	assert_int_equal(o.guest.mem_bytes, 512u << 20);
	assert_int_equal(o.guest.vcpus, 3);
	assert_int_equal(o.guest.irqchip, IRQCHIP_SPLIT);
	assert_int_equal(o.guest.console, CONSOLE_STDIO);
	assert_string_equal(o.guest.kvm_path, "/dev/other");
	assert_true(o.stopped);
	run_options_deinit(&o);

	assert_ok(parse(&o, "--flat 0x1000 --mode prot32 code.bin"));
	assert_true(o.guest.flat);
	assert_int_equal(o.guest.flat_addr, 0x1000);
	assert_int_equal(o.guest.flat_mode, FLAT_PROT32);
	run_options_deinit(&o);

	assert_ok(parse(&o, "--kernel bzImage --initrd I --append console=ttyS0 --module a --module b --cpuid 1,ecx=0"));
	assert_null(o.name);
	assert_string_equal(o.guest.kernel, "bzImage");
	assert_int_equal(o.guest.modules.len, 2);
	assert_string_equal(o.guest.modules.data[1], "b");
	assert_int_equal(o.guest.cpuid.len, 1);
	run_options_deinit(&o);
}

/* Scripts keep the order in which they were given, before and after the guest. */
static void test_script(void **state)
{
	struct run_options o;

	assert_ok(parse(&o, "-x one demo --batch file -x two --json --color --exit-from-guest"));
	assert_int_equal(o.script.len, 3);
	assert_false(o.script.data[0].is_file);
	assert_string_equal(o.script.data[0].text, "one");
	assert_true(o.script.data[1].is_file);
	assert_string_equal(o.script.data[2].text, "two");
	assert_true(o.json && o.exit_from_guest);
	assert_int_equal(o.color, COLOR_ALWAYS);
	run_options_deinit(&o);

	assert_ok(parse(&o, "--color=never -- --strange-name"));
	assert_string_equal(o.name, "--strange-name");
	assert_int_equal(o.color, COLOR_NEVER);
	run_options_deinit(&o);

	assert_ok(parse(&o, "--help"));
	assert_true(o.help);
	run_options_deinit(&o);
}

static void test_refused(void **state)
{
	refuse("", "no GUEST");
	refuse("a b", "'b' is one too many");
	refuse("--kernel k guest", "not both");
	refuse("--smp 0 demo", "1 to 64");
	refuse("--smp 65 demo", "1 to 64");
	refuse("--mem 0 demo", "needs memory");
	refuse("--irqchip none demo", "kernel, split, off");
	refuse("--console x demo", "panel, stdio, none");
	refuse("--mode long demo", "--flat");
	refuse("--color=pink demo", "auto, always, never");
	refuse("--mem", "--mem needs an argument: SIZE");
	refuse("-x", "--execute needs an argument");
	refuse("--json=yes demo", "takes no argument");
	refuse("--nonsense demo", "unknown or ambiguous option '--nonsense'");
}

/* The usage names every option. */
static void test_usage(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	run_options_print(f);
	fclose(f);
#define OPT(group, name, ...) assert_non_null(strstr(text, "--" name));
#include "ui/run_options.def"
#undef OPT
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_guest),
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/run_options.h"

#include <getopt.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"

typedef struct error *(*setter_fn)(struct run_options *o, const char *arg);

struct option_desc {
	const char *group, *name;
	char short_name;
	const char *arg;	/* NULL: takes none */
	setter_fn set;
	const char *help;
};

/* The position of @arg in @names (up to NULL). */
static struct error *choose(const char *what, const char *arg, const char *const *names, int *ret)
{
	_cleanup_(text_deinit) struct text list = {0};

	for (int i = 0; names[i]; i++) {
		if (!strcmp(names[i], arg)) {
			*ret = i;
			return NULL;
		}
		text_printf(&list, "%s%s", i ? ", " : "", names[i]);
	}
	return error_create(ERROR_USAGE, "%s '%s': give one of %s", what, arg, text_str(&list));
}

/* What a parser says of @option's value, as wrong usage: it does not know that it reads a command line. */
static struct error *bad_value(const char *option, struct error *error)
{
	struct error *usage = error_create(ERROR_USAGE, "%s: %s", option, error_message(error));

	error_destroy(error);
	return usage;
}

#define STRING_SETTER(fn, member) \
static struct error *fn(struct run_options *o, const char *arg) { o->member = arg; return NULL; }
#define FLAG_SETTER(fn, member) \
static struct error *fn(struct run_options *o, const char *arg) { o->member = true; return NULL; }
#define LIST_SETTER(fn, member) \
static struct error *fn(struct run_options *o, const char *arg) { vec_push(&o->member, arg); return NULL; }

STRING_SETTER(set_kernel, guest.kernel)
STRING_SETTER(set_initrd, guest.initrd)
STRING_SETTER(set_append, guest.append)
STRING_SETTER(set_kvm, guest.kvm_path)
LIST_SETTER(set_module, guest.modules)
LIST_SETTER(set_cpuid, guest.cpuid)
LIST_SETTER(set_virtio_opt, guest.virtio_opts)
LIST_SETTER(set_symbols, symbols)
FLAG_SETTER(set_json, json)
FLAG_SETTER(set_plain, plain)
FLAG_SETTER(set_ascii, ascii)
FLAG_SETTER(set_exit_from_guest, exit_from_guest)
FLAG_SETTER(set_norc, norc)
FLAG_SETTER(set_stopped, stopped)
FLAG_SETTER(set_help, help)

/* Options that add a virtio device: guest/ reads their text. */
#define VIRTIO_SETTER(fn, option) \
static struct error *fn(struct run_options *o, const char *arg) \
{ \
	vec_push(&o->guest.virtio, (struct guest_virtio){ option, arg ? arg : "" }); \
	return NULL; \
}

VIRTIO_SETTER(set_disk, "disk")
VIRTIO_SETTER(set_net, "net")
VIRTIO_SETTER(set_rng, "rng")
VIRTIO_SETTER(set_balloon, "balloon")
VIRTIO_SETTER(set_virtio_console, "console")

static struct error *set_mem(struct run_options *o, const char *arg)
{
	struct error *error = parse_size(arg, &o->guest.mem_bytes);

	if (error)
		return bad_value("--mem", error);
	if (!o->guest.mem_bytes)
		return error_create(ERROR_USAGE, "--mem 0: a guest needs memory, as 64M");
	return NULL;
}

static struct error *set_smp(struct run_options *o, const char *arg)
{
	uint64_t n = 0;
	struct error *error = parse_u64(arg, &n);

	if (error)
		return bad_value("--smp", error);
	if (n < 1 || n > GUEST_VCPUS_MAX)
		return error_create(ERROR_USAGE, "--smp %s: give 1 to %d vCPUs", arg, GUEST_VCPUS_MAX);
	o->guest.vcpus = n;
	return NULL;
}

static struct error *set_smt(struct run_options *o, const char *arg)
{
	uint64_t n;
	struct error *error = parse_u64(arg, &n);

	if (error)
		return bad_value("--smt", error);
	if (n != 1 && n != 2 && n != 4 && n != 8)
		return error_create(ERROR_USAGE, "--smt %s: a core has 1, 2, 4 or 8 threads", arg);
	o->guest.smt = n;
	return NULL;
}

static struct error *set_irqchip(struct run_options *o, const char *arg)
{
	static const char *const names[] = { "kernel", "split", "off", NULL };
	int i;
	struct error *error = choose("--irqchip", arg, names, &i);

	if (!error)
		o->guest.irqchip = (enum irqchip_mode)i;
	return error;
}

static struct error *set_console(struct run_options *o, const char *arg)
{
	static const char *const names[] = { "panel", "stdio", "none", "panel,virtio", "stdio,virtio", NULL };
	static const enum console_mode modes[] = { CONSOLE_PANEL, CONSOLE_STDIO, CONSOLE_NONE, CONSOLE_PANEL,
						   CONSOLE_STDIO };
	int i;
	struct error *error = choose("--console", arg, names, &i);

	if (error)
		return error;
	o->guest.console = modes[i];
	o->guest.console_virtio = i > 2;
	if (i > 2)
		vec_push(&o->guest.virtio, (struct guest_virtio){ "console", "" });
	return NULL;
}

static struct error *set_flat(struct run_options *o, const char *arg)
{
	struct error *error = parse_u64(arg, &o->guest.flat_addr);

	o->guest.flat = true;
	return error ? bad_value("--flat", error) : NULL;
}

static struct error *set_mode(struct run_options *o, const char *arg)
{
	static const char *const names[] = { "real", "prot32", "long", "ppc64le", "ppc64be", NULL };
	int i;
	struct error *error = choose("--mode", arg, names, &i);

	if (!error)
		o->guest.flat_mode = (enum flat_mode)i;
	o->mode_given = true;
	return error;
}

static struct error *set_batch(struct run_options *o, const char *arg)
{
	vec_push(&o->script, (struct script_item){ .is_file = true, .text = arg });
	return NULL;
}

static struct error *set_execute(struct run_options *o, const char *arg)
{
	vec_push(&o->script, (struct script_item){ .text = arg });
	return NULL;
}

static struct error *set_color(struct run_options *o, const char *arg)
{
	static const char *const names[] = { "auto", "always", "never", NULL };
	int i;
	struct error *error = choose("--color", arg ? arg : "always", names, &i);

	if (!error)
		o->color = (enum color_mode)i;
	return error;
}

static const struct option_desc table[] = {
#define OPT(group, name, short_name, arg, set, help) { group, name, short_name, arg, set, help },
#include "ui/run_options.def"
#undef OPT
};

void run_options_init(struct run_options *options)
{
	memset(options, 0, sizeof(*options));
	guest_config_init(&options->guest);
}

void run_options_deinit(struct run_options *options)
{
	guest_config_deinit(&options->guest);
	vec_free(&options->script);
	vec_free(&options->symbols);
}

/* What GUEST, --kernel and the flat options say together. */
static struct error *check(struct run_options *o, int argc, char **argv, int first)
{
	if (argc - first > 1)
		return error_create(ERROR_USAGE, "one GUEST at a time: '%s' is one too many", argv[first + 1]);
	o->name = first < argc ? argv[first] : NULL;
	if (o->name && o->guest.kernel)
		return error_create(ERROR_USAGE, "give GUEST or --kernel, not both ('%s' and '%s')",
				    o->name, o->guest.kernel);
	if (!o->name && !o->guest.kernel)
		return error_hint(error_create(ERROR_USAGE, "no GUEST given"), "try: vmscope run demo");
	if (o->guest.initrd && !o->guest.kernel && !o->name)
		return error_create(ERROR_USAGE, "--initrd needs a kernel: give --kernel FILE");
	if (o->mode_given && !o->guest.flat)
		return error_create(ERROR_USAGE, "--mode is for flat binaries: add --flat ADDR");
	if (o->plain && o->ascii)
		o->ascii = false; /* plain mode draws nothing anyway */
	return NULL;
}

/* The error for what getopt_long() refused. */
static struct error *refused(int c, char **argv)
{
	const char *word = argv[optind - 1];

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (c == ':' && (optopt == 256 + (int)i ||
				 (table[i].short_name && optopt == table[i].short_name)))
			return error_create(ERROR_USAGE, "--%s needs an argument: %s", table[i].name,
					    table[i].arg);
	if (c == '?' && optopt >= 256)
		return error_create(ERROR_USAGE, "'%s' takes no argument", word);
	return error_hint(error_create(ERROR_USAGE, "unknown or ambiguous option '%s'", word),
			  "`vmscope help run` lists them");
}

struct error *run_options_parse(struct run_options *options, int argc, char **argv)
{
	struct option longs[ARRAY_SIZE(table) + 1] = {0};
	char shorts[3 * ARRAY_SIZE(table) + 2] = ":"; /* report missing arguments as ':' */
	size_t n = 1;
	int c;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		longs[i].name = table[i].name;
		longs[i].has_arg = !table[i].arg ? no_argument :
				   table[i].arg[0] == '[' ? optional_argument : required_argument;
		longs[i].val = 256 + (int)i;
		if (!table[i].short_name)
			continue;
		shorts[n++] = table[i].short_name;
		if (table[i].arg)
			shorts[n++] = ':';
	}
	optind = 0; /* starts over: tests parse more than once */
	opterr = 0;
	while ((c = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct option_desc *desc = NULL;
		struct error *error;

		for (size_t i = 0; i < ARRAY_SIZE(table); i++)
			if (c == 256 + (int)i || (table[i].short_name && c == table[i].short_name))
				desc = &table[i];
		error = desc ? desc->set(options, optarg) : refused(c, argv);
		if (error)
			return error;
	}
	return options->help ? NULL : check(options, argc, argv, optind);
}

void run_options_print(FILE *to)
{
	const char *group = "";

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct option_desc *d = &table[i];
		int width;

		if (strcmp(group, d->group)) {
			group = d->group;
			fprintf(to, "\n%s\n", group);
		}
		width = fprintf(to, d->short_name ? "  -%c, " : "      ", d->short_name);
		if (d->arg && d->arg[0] == '[')
			width += fprintf(to, "--%s[=%.*s]", d->name, (int)strlen(d->arg) - 2, d->arg + 1);
		else
			width += fprintf(to, "--%s%s%s", d->name, d->arg ? " " : "", d->arg ? d->arg : "");
		if (width > 30)
			width = fprintf(to, "\n") - 1;
		fprintf(to, "%*s%s\n", 32 - width, "", d->help);
	}
}

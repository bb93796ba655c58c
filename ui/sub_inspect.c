/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope inspect OBJECT [ARG...] -f FILE`: one look at a recording or a file, as text, and out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/decode/virtio/qemu.h"
#include "core/session/play.h"
#include "core/target/image.h"
#include "ui/app.h"
#include "ui/signals.h"

#define IMAGE_MAX (256ull << 20)

struct inspect {
	const char *file, *at, *qmp;
	bool json, help;
	struct text words;	/* object and arguments */
};

static void print_options(FILE *to)
{
	fprintf(to, "\nOptions:\n"
		"  -f FILE      what to look at: a recording, or an ELF file\n"
		"  --qmp PATH   the QMP socket of a QEMU that runs: its memory and virtio devices\n"
		"  --at PLACE   of a recording: as by `goto PLACE` (end, where it starts to look;\n"
		"               a time, start, next shutdown, ...)\n"
		"  --json       one JSON object a line\n");
}

static struct error *parse(struct inspect *p, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool takes = !strcmp(word, "-f") || !strcmp(word, "--at") || !strcmp(word, "--qmp");

		if (takes && i + 1 == argc)
			return error_create(ERROR_USAGE, "option %s wants a value", word);
		if (!strcmp(word, "-f"))
			p->file = argv[++i];
		else if (!strcmp(word, "--qmp"))
			p->qmp = argv[++i];
		else if (takes)
			p->at = argv[++i];
		else if (!strcmp(word, "--json"))
			p->json = true;
		else if (!strcmp(word, "--help") || !strcmp(word, "-h"))
			p->help = true;
		else if (*word == '-')
			return error_create(ERROR_USAGE, "inspect does not know '%s'", word);
		else
			text_printf(&p->words, "%s%s", p->words.len ? " " : "", word);
	}
	if (p->help)
		return NULL;
	if (!p->words.len)
		return error_hint(error_create(ERROR_USAGE, "inspect wants to know what to show"),
				  "try: vmscope inspect virtio -f a.vms");
	if (!p->file && !p->qmp)
		return error_hint(error_create(ERROR_USAGE, "inspect wants to know what to look at"),
				  "-f FILE names a recording (`vmscope record -o FILE run GUEST`) or an ELF file, "
				  "--qmp PATH a QEMU's socket");
	if (p->qmp && (p->file || p->at))
		return error_create(ERROR_USAGE, "--qmp looks at a QEMU as it is now: not with -f or --at");
	return NULL;
}

/* ---- what is looked at ------------------------------------------------------------------------------ */

/* Recordings start with their magic; everything else must be an ELF file, whose loader says so. */
static bool is_recording(FILE *f)
{
	char magic[4] = "";
	bool is = fread(magic, 1, 4, f) == 4 && memcmp(magic, "\177ELF", 4);

	rewind(f);
	return is;
}

static struct error *open_image(struct session *s, const char *path, FILE *f)
{
	_free_ uint8_t *data = NULL;
	struct target *target;
	struct error *error;
	size_t count;
	struct stat st;

	if (fstat(fileno(f), &st) < 0 || st.st_size <= 0 || (uint64_t)st.st_size > IMAGE_MAX)
		return error_create(ERROR_FAILED, "'%s' is no file of a size that can be looked at", path);
	data = malloc(st.st_size);
	if (!data)
		return error_create(ERROR_NOMEM, "no memory for the %lld bytes of '%s'", (long long)st.st_size, path);
	if (fread(data, 1, st.st_size, f) != (size_t)st.st_size)
		return error_create(ERROR_FAILED, "cannot read all of '%s'", path);
	error = image_target_create(path, data, st.st_size, &target);
	if (!error)
		error = session_set_target(s, target);
	return error ? error : symbols_load_elf(s->symbols, path, 0, &count);
}

static struct error *open_qemu(struct inspect *p, struct session *s)
{
	struct target *target;
	struct error *error = qemu_target_create(p->qmp, &target);

	return error ? error : session_set_target(s, target);
}

static struct error *open_file(struct inspect *p, struct session *s, struct out *out)
{
	_fclose_ FILE *f = fopen(p->file, "rb");
	_free_ char *line = NULL;
	struct error *error;

	if (!f)
		return error_errno(errno, "cannot open '%s'", p->file);
	if (!is_recording(f))
		return p->at ? error_create(ERROR_USAGE, "--at is for recordings, '%s' is none", p->file) :
			       open_image(s, p->file, f);
	s->quiet_stop = true;
	error = session_play(s, p->file);
	if (error)
		return error;
	if (!symbols_count(s->symbols))
		session_play_symbols(s);
	line = xasprintf("goto %s", p->at ? p->at : "end");
	return command_run(s, line, out);
}

/* `info OBJECT` when there is such a command, else OBJECT as a command of its own (virtq, vtop, x). */
static struct error *look(struct inspect *p, struct session *s, struct out *out)
{
	_free_ char *info = xasprintf("info %s", text_str(&p->words));
	const struct command *command;
	const char *rest;
	struct error *error = command_find(s, info, &command, &rest);

	if (!error && strcmp(command->name, "info"))
		return command_run(s, info, out);
	error_destroy(error);
	return command_run(s, text_str(&p->words), out);
}

static struct error *run(struct app *app, int argc, char **argv)
{
	struct session *session = NULL;
	struct inspect p = { 0 };
	struct out *out = NULL;
	struct error *error = parse(&p, argc, argv);

	if (!error && p.help) {
		subcommand_usage(subcommand_find("inspect"), stdout);
	} else if (!error) {
		signals_block();
		out = p.json ? out_create_json(stdout) : out_create_plain(stdout, false);
		error = session_create(&session);
		if (!error) {
			session->talk = out_create_plain(stderr, false); /* damage of a recording */
			commands_register_core(session);
			app->backend->register_commands(session);
			error = p.qmp ? open_qemu(&p, session) : open_file(&p, session, out);
		}
		if (!error)
			error = look(&p, session, out);
		if (!error)
			app->exit_status = session->exit_status;
	}
	session_destroy(session);
	out_destroy(out);
	text_deinit(&p.words);
	return error;
}

const struct subcommand subcommand_inspect = {
	.name = "inspect",
	.args = "[OPTION...] OBJECT [ARG...]",
	.summary = "show one thing of a recording, a file or a QEMU as text: virtio, lapic, ...",
	.options = print_options,
	.run = run,
	.help =
"OBJECT is what `info` can show at the prompt (virtio, lapic, idt, registers, ...)\n"
"or a command that only looks, such as virtq, vtop or x. `vmscope inspect info -f\n"
"FILE` lists them. Of a QEMU (7.2 or later, not stopped by it) only virtio devices\n"
"and memory can be seen; what its monitor does not tell is said.\n"
"\n"
"Examples:\n"
"  vmscope inspect virtio -f a.vms\n"
"  vmscope inspect virtq blk0 0 history -f a.vms --at 0.5s --json\n"
"  vmscope inspect virtq net0 0 --qmp /run/vm.qmp\n"
"  vmscope inspect address 0xffffffff81000000 -f vmlinux\n",
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope attach PID`: the probes on a VM that somebody else runs (QEMU, another vmscope), from outside. */
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "ui/app.h"
#include "ui/batch.h"
#include "ui/plain.h"

struct attach {
	struct run_options options;	/* only its script and output options are used */
	const char *pid;
};

static void print_options(FILE *to)
{
	fprintf(to, "\nOptions:\n"
		"  -x COMMAND     run this command of the prompt, then the next; ends without a prompt\n"
		"  --batch FILE   run the commands in FILE (- for standard input)\n"
		"  --json         one JSON object a line\n");
}

static struct error *parse(struct attach *a, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool script = !strcmp(word, "-x") || !strcmp(word, "--batch");

		if (script && i + 1 == argc)
			return error_create(ERROR_USAGE, "option %s wants a value", word);
		if (script)
			vec_push(&a->options.script, (struct script_item){
				.is_file = word[1] == '-', .text = argv[++i],
			});
		else if (!strcmp(word, "--json"))
			a->options.json = true;
		else if (!strcmp(word, "--help") || !strcmp(word, "-h"))
			a->options.help = true;
		else if (*word == '-' || a->pid)
			return error_create(ERROR_USAGE, "attach does not know '%s'", word);
		else
			a->pid = word;
	}
	if (!a->pid && !a->options.help)
		return error_hint(error_create(ERROR_USAGE, "attach wants the PID of a process that runs a VM"),
				  "try: vmscope attach $(pidof qemu-system-x86_64)");
	return NULL;
}

static struct error *start(struct app *app, struct attach *a, struct session *s, struct out *out)
{
	_free_ char *scope = xasprintf("probe scope %s", a->pid);
	struct error *error = command_run(s, scope, out);

	/* Without a script what everybody wants to see first is on. */
	if (!error && !a->options.script.len && !app->record)
		error = command_run(s, "probe on exits", out);
	if (!error)
		error = app_record_start(app, s, out);
	return error;
}

static struct error *run_session(struct app *app, struct attach *a, struct session *s, struct out *out)
{
	struct line_mode lm;
	struct error *error;

	s->talk = a->options.json ? out_create_json(stdout) : out_create_plain(stdout, false);
	commands_register_core(s);
	app->backend->register_commands(s);
	error = start(app, a, s, out);
	if (error)
		return error;
	error = line_mode_init(&lm, s, out, LINE_CONSOLE_LINES, a->options.json);
	if (!error && a->options.script.len)
		error = batch_run(&lm, &a->options);
	else if (!error)
		error = plain_run(&lm);
	line_mode_deinit(&lm);
	app->exit_status = lm.ended_by ? 128 + lm.ended_by : s->exit_status;
	return error;
}

static struct error *run(struct app *app, int argc, char **argv)
{
	struct session *session = NULL;
	struct attach a = { 0 };
	struct out *out = NULL;
	struct error *error;

	run_options_init(&a.options);
	error = parse(&a, argc, argv);
	if (!error && a.options.help) {
		subcommand_usage(subcommand_find("attach"), stdout);
	} else if (!error) {
		signals_block();
		out = a.options.json ? out_create_json(stdout) : out_create_plain(stdout, false);
		error = session_create(&session);
		if (!error)
			error = run_session(app, &a, session, out);
	}
	session_destroy(session);
	out_destroy(out);
	run_options_deinit(&a.options);
	return error;
}

const struct subcommand subcommand_attach = {
	.name = "attach",
	.args = "[OPTION...] PID",
	.summary = "watch another program's VM by the kernel's probes",
	.options = print_options,
	.run = run,
	.help =
"The VM is only watched, never stopped: its process notices nothing. Without -x or\n"
"--batch the probe `exits` is on, and a prompt asks what to show.\n"
"\n"
"Examples:\n"
"  vmscope attach 1234\n"
"  vmscope attach -x 'probe on exits' -x 'wait 5s' -x 'info probe' 1234\n",
};

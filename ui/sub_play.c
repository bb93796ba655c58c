/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope play FILE`: a recording in the same session, screen and prompt as a guest. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/session/play.h"
#include "ui/app.h"
#include "ui/batch.h"
#include "ui/plain.h"
#include "ui/term.h"
#include "ui/tui.h"

struct play {
	struct run_options options;	/* only its script, symbol and output options are used */
	const char *path;
};

static void print_options(FILE *to)
{
	fprintf(to, "\nOptions:\n"
		"  -x COMMAND      run this command of the prompt, then the next; ends without a prompt\n"
		"  --batch FILE    run the commands in FILE (- for standard input)\n"
		"  --symbols FILE  symbols and lines of this ELF file; may be repeated\n"
		"  --plain         line mode: no full screen\n"
		"  --ascii         draw with ASCII characters only\n"
		"  --json          one JSON object a line\n");
}

static struct error *parse(struct play *p, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *word = argv[i];
		bool takes = !strcmp(word, "-x") || !strcmp(word, "--batch") || !strcmp(word, "--symbols");

		if (takes && i + 1 == argc)
			return error_create(ERROR_USAGE, "option %s wants a value", word);
		if (!strcmp(word, "--symbols"))
			vec_push(&p->options.symbols, argv[++i]);
		else if (takes)
			vec_push(&p->options.script, (struct script_item){
				.is_file = word[1] == '-', .text = argv[++i],
			});
		else if (!strcmp(word, "--json"))
			p->options.json = true;
		else if (!strcmp(word, "--plain"))
			p->options.plain = true;
		else if (!strcmp(word, "--ascii"))
			p->options.ascii = true;
		else if (!strcmp(word, "--help") || !strcmp(word, "-h"))
			p->options.help = true;
		else if (*word == '-' || p->path)
			return error_create(ERROR_USAGE, "play does not know '%s'", word);
		else
			p->path = word;
	}
	if (!p->path && !p->options.help)
		return error_hint(error_create(ERROR_USAGE, "play wants a recording"),
				  "`vmscope record -o FILE run GUEST` makes one");
	return NULL;
}

static bool use_screen(const struct run_options *o)
{
	return !o->plain && !o->json && !o->script.len && isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
	       term_usable();
}

static bool use_color(void)
{
	const char *name = getenv("TERM"), *no_color = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && name && strcmp(name, "dumb");
}

/* The demo's symbols and lines are in the program; others' are given, or the recorded ones are used. */
static struct error *load_symbols(struct app *app, struct play *p, struct session *s)
{
	unsigned vcpus;
	struct error *error = NULL;
	const void *data;
	size_t len, count;

	if (s->target && !strcmp(s->target->title, "demo") && app->backend->demo_image(&data, &len, &vcpus))
		error = symbols_load_elf_mem(s->symbols, "demo", data, len, 0, &count);
	if (!error && symbols_count(s->symbols) && !session_play_fits(s)) {
		symbols_destroy(s->symbols);
		s->symbols = symbols_create();
	}
	for (size_t i = 0; i < p->options.symbols.len && !error; i++)
		error = symbols_load_elf(s->symbols, p->options.symbols.data[i], 0, &count);
	if (!error && !symbols_count(s->symbols))
		session_play_symbols(s);
	return error;
}

static struct error *run_lines(struct app *app, struct play *p, struct session *s, struct out *out)
{
	struct line_mode lm;
	struct error *error = line_mode_init(&lm, s, out, LINE_CONSOLE_NONE, p->options.json);

	if (!error && p->options.script.len)
		error = batch_run(&lm, &p->options);
	else if (!error)
		error = plain_run(&lm);
	line_mode_deinit(&lm);
	app->exit_status = lm.ended_by ? 128 + lm.ended_by : s->exit_status;
	return error;
}

static struct error *run_session(struct app *app, struct play *p, struct session *s, struct out *out)
{
	bool screen = use_screen(&p->options);
	struct error *error;

	s->talk = p->options.json ? out_create_json(stdout) : out_create_plain(stdout, use_color());
	commands_register_core(s);
	app->backend->register_commands(s);
	error = session_play(s, p->path);
	if (!error)
		error = load_symbols(app, p, s);
	if (error)
		return error;
	if (!screen)
		return run_lines(app, p, s, out);
	return tui_run(s, &(struct tui_options){
		.color = use_color(), .ascii = p->options.ascii, .title = p->path, .console = true,
		.ret_status = &app->exit_status,
	});
}

static struct error *run(struct app *app, int argc, char **argv)
{
	struct session *session = NULL;
	struct play p = { 0 };
	struct out *out = NULL;
	struct error *error;

	run_options_init(&p.options);
	error = parse(&p, argc, argv);
	if (!error && p.options.help) {
		subcommand_usage(subcommand_find("play"), stdout);
	} else if (!error) {
		signals_block();
		out = p.options.json ? out_create_json(stdout) : out_create_plain(stdout, use_color());
		error = session_create(&session);
		if (!error)
			error = run_session(app, &p, session, out);
	}
	session_destroy(session);
	out_destroy(out);
	run_options_deinit(&p.options);
	return error;
}

const struct subcommand subcommand_play = {
	.name = "play",
	.args = "[OPTION...] FILE",
	.summary = "open a recording: the machine and what happened, forwards and backwards",
	.options = print_options,
	.run = run,
	.help =
"The same panels, prompt and commands as with a guest; the machine is the one of\n"
"the time it stands at. `continue` and `reverse-continue` go to the next and the\n"
"last stop, `goto` anywhere, `help goto` says how. It plays on any machine.\n"
"\n"
"Examples:\n"
"  vmscope play a.vms\n"
"  vmscope play -x 'goto next shutdown' -x 'info registers' a.vms\n",
};

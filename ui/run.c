/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope run`: options to a session with a guest, then a script, a prompt or the screen. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/target/image.h"
#include "guest/guest.h"
#include "ui/app.h"
#include "ui/batch.h"
#include "ui/history.h"
#include "ui/plain.h"
#include "ui/report.h"
#include "ui/run_options.h"
#include "ui/term.h"
#include "ui/tui.h"

#define IMAGE_MAX (1ll << 30)

/* What `run` in the prompt needs to start again; session->owner. */
struct run {
	struct app *app;
	struct run_options options;
	struct session *session;
	struct out *out;	/* of batch and plain mode */
	struct error *no_guest;	/* why no guest can run here: only the image is opened */
};

static bool use_color(const struct run_options *o)
{
	const char *term = getenv("TERM"), *no_color = getenv("NO_COLOR");

	if (o->color != COLOR_AUTO)
		return o->color == COLOR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term && strcmp(term, "dumb");
}

static bool use_screen(const struct run_options *o)
{
	return !o->plain && !o->json && !o->script.len && o->guest.console != CONSOLE_STDIO &&
	       isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && term_usable();
}

static struct error *restart(struct session *session)
{
	struct run *run = session->owner;
	struct target *target;
	struct error *error = run->app->backend->create(&run->options.guest, &target);

	return error ? error : session_set_target(session, target);
}

static bool is_elf(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char magic[4];

	return fd >= 0 && read(fd, magic, 4) == 4 && !memcmp(magic, "\177ELF", 4);
}

/* Fills in the demo or the path; symbols of the image itself when it has any. */
static struct error *load_symbols(struct run *run)
{
	struct run_options *o = &run->options;
	struct guest_config *g = &o->guest;
	const char *path = g->image ? g->image : g->kernel;
	struct error *error = NULL;
	size_t count;

	if (g->image_data)
		error = symbols_load_elf_mem(run->session->symbols, "demo", g->image_data, g->image_len, 0,
					     &count);
	else if (is_elf(path))
		error = symbols_load_elf(run->session->symbols, path, 0, &count);
	for (size_t i = 0; i < o->symbols.len && !error; i++)
		error = symbols_load_elf(run->session->symbols, o->symbols.data[i], 0, &count);
	return error;
}

static struct error *choose_image(struct run *run)
{
	struct guest_config *g = &run->options.guest;
	unsigned vcpus = 0;

	if (!run->options.name)
		return NULL;
	/* A file of that name is meant as ./demo. */
	if (strcmp(run->options.name, "demo")) {
		g->image = run->options.name;
		return NULL;
	}
	if (!run->app->backend->demo_image(&g->image_data, &g->image_len, &vcpus))
		return error_create(ERROR_UNSUPPORTED, "there is no demo guest for this machine's architecture");
	g->image_name = "demo";
	if (!g->vcpus)
		g->vcpus = vcpus;
	return NULL;
}

/* The image as something to look at: nothing runs, but its code, data and symbols are there. */
static struct error *open_image(struct run *run)
{
	const struct guest_config *g = &run->options.guest;
	const char *path = g->image ? g->image : g->kernel;
	struct target *target;
	struct error *error;
	struct stat st;
	void *data;

	if (g->image_data) {
		error = image_target_create("demo", g->image_data, g->image_len, &target);
		return error ? error : session_set_target(run->session, target);
	}
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st))
		return error_errno(errno, "cannot open '%s'", path);
	if (!S_ISREG(st.st_mode) || st.st_size > IMAGE_MAX)
		return error_create(ERROR_FAILED, "'%s' is not a file of at most 1 GiB", path);
	data = mmap(NULL, st.st_size ? (size_t)st.st_size : 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return error_errno(errno, "cannot read '%s'", path);
	error = image_target_create(path, data, (size_t)st.st_size, &target);
	munmap(data, st.st_size ? (size_t)st.st_size : 1);
	return error ? error : session_set_target(run->session, target);
}

/*
 * The guest. Where guests can not run, what can be opened is, at an interactive prompt; a script has
 * nothing to work on and fails.
 */
static struct error *create_guest(struct run *run)
{
	struct target *target;
	struct error *error = run->app->backend->create(&run->options.guest, &target);

	if (!error)
		return session_set_target(run->session, target);
	if (error_code(error) != ERROR_UNSUPPORTED || run->options.script.len)
		return error;
	report_error("vmscope", error);
	run->no_guest = error;
	error = open_image(run);
	if (error)
		report_error("vmscope", error);
	error_destroy(error);
	fprintf(stderr, "vmscope: nothing can run; %s can be looked at\n",
		run->session->target ? "code, data and symbols" : "symbols");
	return NULL;
}

static enum line_console line_console(const struct run *run)
{
	switch (run->options.guest.console) {
	case CONSOLE_STDIO:
		return LINE_CONSOLE_STDIO;
	case CONSOLE_NONE:
		return LINE_CONSOLE_NONE;
	case CONSOLE_PANEL:
		break;
	}
	return LINE_CONSOLE_LINES;
}

/* The init file when there is one and it is wanted; NULL otherwise. */
static char *init_file(const struct run *run)
{
	_free_ char *path = run->options.norc ? NULL : config_file_path();

	return path && !access(path, R_OK) ? take_ptr(path) : NULL;
}

/* Its lines, before anything else; a mistake there is told and does not stop the run. */
static void source_init_file(struct run *run)
{
	_free_ char *path = init_file(run);
	_fclose_ FILE *file = path ? fopen(path, "re") : NULL;
	struct line_mode lm;
	struct error *error;

	if (!file)
		return;
	error = line_mode_init(&lm, run->session, run->out, line_console(run), run->options.json);
	if (!error)
		error = line_mode_source(&lm, file, path);
	line_mode_deinit(&lm);
	if (lm.ended_by)
		run->app->exit_status = 128 + lm.ended_by;
	else if (error)
		report_error("vmscope", error);
	error_destroy(error);
}

static struct error *run_lines(struct run *run)
{
	const struct run_options *o = &run->options;
	struct line_mode lm;
	struct error *error = line_mode_init(&lm, run->session, run->out, line_console(run), o->json);

	if (!error && o->script.len) {
		error = batch_run(&lm, o);
	} else if (!error) {
		/* With the console on stdio the user expects a machine that runs, as from QEMU; Ctrl-] ends
		 * that with the prompt. */
		if (o->guest.console == CONSOLE_STDIO && !o->stopped && run->session->target)
			error = line_mode_execute(&lm, "continue");
		error_catch(&error, ERROR_CANCELLED);
		if (!error && o->guest.console == CONSOLE_STDIO && !o->stopped &&
		    (!isatty(STDIN_FILENO) || (run->session->target &&
					       target_state(run->session->target) == TARGET_ENDED)))
			run->session->quit = true;
		if (!error && !run->session->quit)
			error = plain_run(&lm);
	}
	line_mode_deinit(&lm);
	if (!lm.ended_by)
		return error;
	run->app->exit_status = 128 + lm.ended_by;
	error_destroy(error); /* of what was cut off */
	return NULL;
}

static struct error *run_screen(struct run *run, bool color)
{
	const struct run_options *o = &run->options;
	_free_ char *init = init_file(run);

	return tui_run(run->session, &(struct tui_options){
		.color = color,
		.ascii = o->ascii,
		.no_guest = run->no_guest ? error_message(run->no_guest) : NULL,
		.title = o->name ? o->name : o->guest.kernel,
		.init_file = init,
		.console = o->guest.console != CONSOLE_NONE,
		.ret_status = &run->app->exit_status,
	});
}

static struct error *run_session(struct run *run)
{
	const struct run_options *o = &run->options;
	struct session *s = run->session;
	bool screen = use_screen(o), color = use_color(o);
	struct error *error;

	s->owner = run;
	s->restart = restart;
	s->exit_from_guest = o->exit_from_guest;
	run->out = o->json ? out_create_json(stdout) : out_create_plain(stdout, color);
	out_destroy(s->talk);
	s->talk = o->json ? out_create_json(stdout) : out_create_plain(stdout, color);
	commands_register_core(s);
	run->app->backend->register_commands(s);
	error = choose_image(run);
	if (!error)
		error = load_symbols(run);
	if (!error)
		error = create_guest(run);
	if (!error)
		error = app_record_start(run->app, s, run->out);
	if (error)
		return error;
	if (screen)
		return run_screen(run, color);
	source_init_file(run);
	return s->quit ? NULL : run_lines(run);
}

static struct error *run_main(struct app *app, int argc, char **argv)
{
	struct run run = { .app = app };
	struct error *error;

	run_options_init(&run.options);
	error = run_options_parse(&run.options, argc, argv);
	if (!error && run.options.help) {
		subcommand_usage(subcommand_find("run"), stdout);
	} else if (!error) {
		signals_block(); /* before the vCPU threads */
		error = session_create(&run.session);
		if (!error)
			error = run_session(&run);
		if (!error && run.session && !app->exit_status)
			app->exit_status = run.session->exit_status;
	}
	/* The guest's threads end before its configuration does. */
	session_destroy(run.session);
	out_destroy(run.out);
	error_destroy(run.no_guest);
	run_options_deinit(&run.options);
	return error;
}

const struct subcommand subcommand_run = {
	.name = "run",
	.args = "[OPTION...] GUEST",
	.summary = "run a guest by KVM under the debugger",
	.options = run_options_print,
	.run = run_main,
	.help =
"GUEST is an ELF, multiboot or bzImage file (recognised by its content), a flat\n"
"binary with --flat, or `demo`, the guest that comes with vmscope.\n"
"\n"
"Every guest starts stopped before its first instruction, except with\n"
"`--console stdio` and no script: that runs at once, unless -S is given; the\n"
"terminal then is the guest's, and Ctrl-] stops it and gives the prompt.\n"
"\n"
"Exit status: 0 done, 1 failed, 2 wrong usage, 3 not possible on this machine\n"
"(`vmscope doctor` says why), 128+N ended by signal N; with --exit-from-guest\n"
"what the guest gave, 4 when it crashed instead.\n"
"\n"
"Examples:\n"
"  vmscope run demo\n"
"  vmscope run -x 'break main' -x continue -x 'info registers' GUEST.elf\n"
"  vmscope run --json -x 'stepi 1000' -x 'info registers' demo\n"
"  vmscope run --kernel bzImage --append console=ttyS0 --smp 2 --console stdio\n"
"  vmscope run --exit-from-guest -x continue GUEST.elf\n",
};

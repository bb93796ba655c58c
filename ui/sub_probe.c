/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope probe FILE`: a probe file over a guest, a process that runs VMs, or the whole host. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/record/target_recording.h"
#include "core/script/script.h"
#include "core/session/play.h"
#include "ui/app.h"
#include "ui/line_mode.h"

struct probe_cli {
	const char *file, *text, *pid, *recording;
	struct script_options options;
	uint64_t duration_ns;	/* 0: until Ctrl-C, or the program's exit */
	bool all, json, explain, dump, help;
	char **guest;		/* behind -- run */
	int nguest;
};

static void print_options(FILE *to)
{
	fprintf(to, "\nOptions:\n"
		"  -e PROGRAM       the program itself instead of a file\n"
		"  -p PID           the VMs of this process; -a: those of every process (the default)\n"
		"  -i RECORDING     over what was recorded: the answer it would have given then\n"
		"  -- run ARG...    a guest of our own: `vmscope run`'s options; it is started at once\n"
		"  --duration TIME  end after TIME (10s, 500ms)\n"
		"  --explain        tell what serves each clause and where its parts run, then end\n"
		"  --dump           the programs made for the kernel as listings, then end\n"
		"  --dry-run        check and attach everything, then end\n"
		"  --partial        leave out clauses whose events can not be had here\n"
		"  --unsafe         `run` may use commands that change things\n"
		"  --json           one JSON object a line\n");
}

static struct error *parse_word(struct probe_cli *c, int argc, char **argv, int *i)
{
	const char *word = argv[*i];
	const char *value = *i + 1 < argc ? argv[*i + 1] : NULL;
	bool takes = !strcmp(word, "-e") || !strcmp(word, "-p") || !strcmp(word, "-i") ||
		     !strcmp(word, "--duration");

	if (takes && !value)
		return error_create(ERROR_USAGE, "option %s wants a value", word);
	*i += takes;
	if (!strcmp(word, "-e"))
		c->text = value;
	else if (!strcmp(word, "-p"))
		c->pid = value;
	else if (!strcmp(word, "-i"))
		c->recording = value;
	else if (!strcmp(word, "--duration"))
		return parse_time_ns(value, &c->duration_ns);
	else if (!strcmp(word, "-a"))
		c->all = true;
	else if (!strcmp(word, "--json"))
		c->json = true;
	else if (!strcmp(word, "--explain"))
		c->explain = c->options.dry_run = true;
	else if (!strcmp(word, "--dump"))
		c->dump = c->options.dry_run = true;
	else if (!strcmp(word, "--dry-run"))
		c->options.dry_run = true;
	else if (!strcmp(word, "--partial"))
		c->options.partial = true;
	else if (!strcmp(word, "--unsafe"))
		c->options.unsafe = true;
	else if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		c->help = true;
	else if (*word == '-' || c->file)
		return error_create(ERROR_USAGE, "probe does not know '%s'", word);
	else
		c->file = word;
	return NULL;
}

static struct error *parse(struct probe_cli *c, int argc, char **argv)
{
	struct error *error = NULL;

	for (int i = 1; i < argc && !error; i++) {
		if (strcmp(argv[i], "--") != 0) {
			error = parse_word(c, argc, argv, &i);
			continue;
		}
		if (i + 1 == argc || strcmp(argv[i + 1], "run") != 0)
			return error_create(ERROR_USAGE, "behind -- stands `run` and its options");
		c->guest = argv + i + 2;
		c->nguest = argc - i - 2;
		break;
	}
	if (error || c->help)
		return error;
	if (!c->file == !c->text)
		return error_hint(error_create(ERROR_USAGE, "probe wants one FILE or -e PROGRAM"),
				  "try: vmscope probe -e 'vm:io { @[port] = count() }' -- run demo");
	if ((c->pid != NULL) + (c->recording != NULL) + c->all + (c->guest != NULL) > 1)
		return error_create(ERROR_USAGE, "only one of -p, -i, -a and -- run");
	return NULL;
}

/* ---- a guest of our own -------------------------------------------------------------------------- */

/* The program as a file that only this process has, named -e in messages. */
static struct error *text_to_file(const char *text, int *ret_fd)
{
	size_t len = strlen(text);
	int fd = memfd_create("-e", 0);

	if (fd < 0 || write(fd, text, len) != (ssize_t)len) {
		int err = errno;
		if (fd >= 0)
			close(fd);
		return error_errno(err, "cannot keep the program");
	}
	*ret_fd = fd;
	return NULL;
}

static struct error *run_guest(struct app *app, struct probe_cli *c)
{
	VEC(char *) argv = { 0 };
	struct error *error = NULL;
	int fd = -1;

	if (c->text)
		error = text_to_file(c->text, &fd);
	if (error)
		return error;
	_free_ char *own = c->text ? xasprintf("/proc/self/fd/%d", fd) : NULL;
	_free_ char *load = xasprintf("probe load \"%s\"%s%s", own ? own : c->file,
				      c->options.partial ? " partial" : "", c->options.unsafe ? " unsafe" : "");
	_free_ char *wait = c->duration_ns ? xasprintf("wait %lluns", (unsigned long long)c->duration_ns) : NULL;
	const char *const go[] = { "continue", NULL }, *const timed[] = { "continue &", wait, NULL };
	const char *const explain[] = { "probe explain", NULL }, *const none[] = { NULL };
	const char *const *then = c->explain ? explain : c->options.dry_run ? none : wait ? timed : go;

	vec_push(&argv, (char *)"run");
	if (c->json)
		vec_push(&argv, (char *)"--json");
	vec_push(&argv, (char *)"-x");
	vec_push(&argv, load);
	for (; *then; then++) {
		vec_push(&argv, (char *)"-x");
		vec_push(&argv, (char *)*then);
	}
	for (int i = 0; i < c->nguest; i++)
		vec_push(&argv, c->guest[i]);
	error = subcommand_find("run")->run(app, argv.len, argv.data);
	vec_free(&argv);
	if (fd >= 0)
		close(fd);
	return error;
}

/* ---- what others run ----------------------------------------------------------------------------- */

static struct error *listen(struct probe_cli *c, struct session *s, struct script *script)
{
	uint64_t end = c->duration_ns ? clock_now_ns() + c->duration_ns : UINT64_MAX;
	struct error *error = NULL;

	while (!error && !script_has_exited(script) && clock_now_ns() < end) {
		uint64_t left = end - clock_now_ns();
		error = session_sleep(s, left < 50000000 ? left : 50000000);
	}
	/* Ctrl-C is how one ends it. */
	error_catch(&error, ERROR_CANCELLED);
	return error;
}

/* Every event of the recording, in order. */
static void replay(struct session *s, struct script *script)
{
	struct recording *rec = recording_target_recording(s->target);

	for (uint64_t n = 0; n < recording_count(rec) && !script_has_exited(script); n++) {
		const struct event *event = recording_event(rec, n);
		const struct schema *schema = event ? event_store_schema(s->events, event->schema) : NULL;
		if (schema)
			script_feed(script, event, schema);
	}
}

/* Where the events come from; the scope of the host's probes. */
static struct error *open_source(struct probe_cli *c, struct session *s)
{
	if (c->recording) {
		c->options.replay = s->quiet_stop = true;
		return session_play(s, c->recording);
	}
	_free_ char *scope = xasprintf("probe scope %s", c->pid ? c->pid : "all");
	struct out *quiet = out_create_capture();
	struct error *error = command_run(s, scope, quiet);
	out_destroy(quiet);
	return error;
}

static struct error *run_session(struct app *app, struct probe_cli *c, struct session *s, struct out *out)
{
	struct script *script = NULL;
	struct program *program;
	struct line_mode lm;
	struct error *error;

	s->talk = c->json ? out_create_json(stdout) : out_create_plain(stdout, false);
	commands_register_core(s);
	app->backend->register_commands(s);
	error = c->text ? program_parse("-e", c->text, &program) : program_load(c->file, &program);
	if (error)
		return error;
	error = open_source(c, s);
	if (error) {
		program_destroy(program);
		return error;
	}
	error = line_mode_init(&lm, s, out, LINE_CONSOLE_NONE, c->json);
	if (!error)
		error = script_load(s, program, &c->options, NULL, &script);
	else
		program_destroy(program);
	if (!error && c->explain)
		script_explain(script, out);
	else if (!error && c->dump)
		script_dump(script, out);
	else if (!error && c->recording)
		replay(s, script);
	else if (!error && !c->options.dry_run)
		error = listen(c, s, script);
	script_unload(s, script);
	line_mode_deinit(&lm);
	app->exit_status = lm.ended_by ? 128 + lm.ended_by : s->exit_status;
	return error;
}

static struct error *run(struct app *app, int argc, char **argv)
{
	struct session *session = NULL;
	struct probe_cli c = { 0 };
	struct out *out = NULL;
	struct error *error = parse(&c, argc, argv);

	if (error)
		return error;
	if (c.help) {
		subcommand_usage(subcommand_find("probe"), stdout);
		return NULL;
	}
	if (c.guest)
		return run_guest(app, &c);
	signals_block();
	out = c.json ? out_create_json(stdout) : out_create_plain(stdout, false);
	error = session_create(&session);
	if (!error)
		error = run_session(app, &c, session, out);
	session_destroy(session);
	out_destroy(out);
	return error;
}

const struct subcommand subcommand_probe = {
	.name = "probe",
	.args = "[OPTION...] FILE|-e PROGRAM [-- run OPTION... GUEST]",
	.summary = "answer a question written as a probe file",
	.options = print_options,
	.run = run,
	.help =
"A program says at which events, under which condition, what is done. Maps are\n"
"shown at the end (Ctrl-C, the guest's end, `exit`). `vmscope probes` lists events.\n"
"\n"
"Examples:\n"
"  vmscope probe -e 'vm:io { @[port] = count() }' -- run demo\n"
"  vmscope probe -e 'guest:break work_round { @[arg0] = count() }' --duration 1s -- run demo\n"
"  vmscope probe scripts/probes/exits.probe -p 1234\n",
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `vmscope record -o FILE ... run|attach ...`: those subcommands, recorded from their start. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "ui/app.h"

struct error *app_record_start(struct app *app, struct session *s, struct out *out)
{
	const struct app_record *r = app->record;
	struct error *error = NULL;

	if (!r)
		return NULL;
	for (size_t i = 0; i < r->probes.len && !error; i++) {
		_free_ char *line = xasprintf("probe on %s events", r->probes.data[i]);

		error = command_run(s, line, out);
	}
	if (error)
		return error;
	session_poll(s); /* why it stands belongs to the first snapshot */
	return session_record_start(s, &r->options);
}

static void print_options(FILE *to)
{
	fprintf(to, "\nOptions, before the word run or attach:\n"
		"  -o FILE           the recording; must not exist\n"
		"  --force           or is overwritten\n"
		"  --ring SIZE       flight recorder: keep the last SIZE in memory; `record save` writes it\n"
		"  --probe NAME      this probe's events too; may be repeated\n"
		"  --mem MODE        none, touched (what changes, and what vCPUs stand on; the default) or all\n"
		"  --max-size SIZE   take no more when the file has grown to SIZE\n"
		"  --duration TIME   end the recording after TIME, as 10s\n");
}

static struct error *parse_mem(const char *word, enum record_mem *ret)
{
	static const char *const names[] = { "none", "touched", "all" };

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], word))
			continue;
		*ret = (enum record_mem)i;
		return NULL;
	}
	return error_create(ERROR_USAGE, "--mem %s: give none, touched or all", word);
}

static struct error *parse_option(struct app_record *r, const char *word, const char *value)
{
	if (!strcmp(word, "-o"))
		return r->options.path = value, NULL;
	if (!strcmp(word, "--probe")) {
		vec_push(&r->probes, value);
		return NULL;
	}
	if (!strcmp(word, "--mem"))
		return parse_mem(value, &r->options.mem);
	if (!strcmp(word, "--ring"))
		return parse_size(value, &r->options.ring_bytes);
	if (!strcmp(word, "--max-size"))
		return parse_size(value, &r->options.max_bytes);
	return parse_time_ns(value, &r->options.duration_ns);
}

/* Up to the word of the subcommand, whose place is *@ret. */
static struct error *parse(struct app_record *r, int argc, char **argv, int *ret)
{
	static const char *const valued[] = { "-o", "--probe", "--mem", "--ring", "--max-size", "--duration" };

	for (int i = 1; i < argc; i++) {
		bool takes = false;

		for (unsigned k = 0; k < ARRAY_SIZE(valued); k++)
			takes |= !strcmp(argv[i], valued[k]);
		if (!strcmp(argv[i], "run") || !strcmp(argv[i], "attach")) {
			*ret = i;
			if (!r->options.path == !r->options.ring_bytes)
				return error_create(ERROR_USAGE, "record wants either -o FILE or --ring SIZE");
			return NULL;
		}
		if (!strcmp(argv[i], "--force")) {
			r->options.overwrite = true;
		} else if (takes && i + 1 < argc) {
			struct error *error = parse_option(r, argv[i], argv[i + 1]);

			if (error)
				return error_prefix(error, "%s", argv[i]);
			i++;
		} else if (takes) {
			return error_create(ERROR_USAGE, "option %s wants a value", argv[i]);
		} else {
			return error_create(ERROR_USAGE, "record does not know '%s'", argv[i]);
		}
	}
	return error_hint(error_create(ERROR_USAGE, "record what?"),
			  "try: vmscope record -o a.vms run demo, or ... attach PID");
}

static struct error *run(struct app *app, int argc, char **argv)
{
	struct app_record record = { .options.mem = RECORD_MEM_TOUCHED };
	struct error *error;
	int at = 0;

	if (argc > 1 && (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))) {
		subcommand_usage(subcommand_find("record"), stdout);
		return NULL;
	}
	error = parse(&record, argc, argv, &at);
	if (!error) {
		app->record = &record;
		error = subcommand_find(argv[at])->run(app, argc - at, argv + at);
		app->record = NULL;
	}
	vec_free(&record.probes);
	return error;
}

const struct subcommand subcommand_record = {
	.name = "record",
	.args = "-o FILE [OPTION...] run|attach ...",
	.summary = "record what `run` or `attach` does into a file",
	.options = print_options,
	.run = run,
	.help =
"Recorded are all events, the machine at each stop (registers, interrupt\n"
"controllers, devices, memory), the console, symbols and notes. The guest never\n"
"waits for the recorder: what it can not keep up with is counted, shown and noted\n"
"in the file. A file that was not closed (SIGKILL, disk full) reads to its end.\n"
"\n"
"Examples:\n"
"  vmscope record -o a.vms --mem all run -x 'break work_round' -x continue demo\n"
"  vmscope record -o b.vms --probe exits attach -x 'wait 10s' 1234\n"
"  vmscope play a.vms; vmscope report a.vms\n",
};

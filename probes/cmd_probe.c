/* SPDX-License-Identifier: GPL-3.0-or-later */
/* probe list, probe on, probe off, probe scope, info probe. */
#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "probes/set.h"
#include "probes/show.h"

static void complete_probe(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	const struct probe *probe;

	for (unsigned i = 0; (probe = probe_at(i)); i++) {
		struct completion c = { probe->name, probe->summary };

		if (!strncmp(probe->name, prefix, strlen(prefix)))
			fn(ctx, &c);
	}
}

/* "NAME" or "NAME:ARG"; @ret_arg is borrowed from @name. */
static struct error *find(const char *name, const struct probe **ret, const char **ret_arg)
{
	const char *colon = strchr(name, ':');
	_free_ char *bare = colon ? xstrndup(name, (size_t)(colon - name)) : xstrdup(name);

	/* A PMU event's name asks for samples. */
	*ret = probe_find(colon && !strcmp(bare, "pmu") ? "profile" : bare);
	*ret_arg = colon ? colon + 1 : NULL;
	if (*ret)
		return NULL;
	return error_hint(error_create(ERROR_NOT_FOUND, "there is no probe '%s'", name),
			  "`probe list` shows them and what serves each here");
}

/* ---- what serves ---------------------------------------------------------------------------------- */

static void show_part(struct out *out, const struct probe_run *run, unsigned i)
{
	const struct probe_part *part = &run->probe->parts[i];
	const struct probe_rung *rung = run->chosen[i] < 0 ? NULL : &part->rungs[run->chosen[i]];
	unsigned told = 0;

	out_begin(out, "part");
	out_text(out, ROLE_TEXT, "    ");
	out_str(out, ROLE_LABEL, "part", 10, part->name);
	if (rung) {
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_GOOD, "rung", 8, rung->kind);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_TEXT, "place", 0, rung->place);
	} else {
		out_text(out, ROLE_WARN, " none    ");
		out_text(out, ROLE_TEXT, " not seen here: %s", part->shows);
		out_hidden_str(out, "rung", "none");
	}
	out_hidden_str(out, "shows", part->shows);
	out_list(out, "refused");
	for (unsigned k = 0; k < PROBE_RUNGS_MAX; k++) {
		const struct error *error = run->tries[i][k].error;

		if (!error)
			continue;
		if (!told++)
			out_nl(out);
		out_begin(out, "refused");
		out_text(out, ROLE_DIM, "               refused: ");
		out_str(out, ROLE_DIM, "rung", 0, part->rungs[k].kind);
		out_text(out, ROLE_DIM, " ");
		out_str(out, ROLE_DIM, "place", 0, part->rungs[k].place);
		out_text(out, ROLE_DIM, ": ");
		out_str(out, ROLE_DIM, "why", 0, error_message(error));
		out_end(out);
	}
	out_list_end(out);
	out_end(out);
}

static void show_list(struct out *out, const char *name, enum role role, const char *word, char **list, size_t n)
{
	out_list(out, name);
	for (size_t i = 0; i < n; i++) {
		out_begin(out, name);
		out_text(out, role, "    %s: ", word);
		out_str(out, role, "text", 0, list[i]);
		out_end(out);
	}
	out_list_end(out);
}

/* Where this kernel is not what the probe was written against. */
static void show_differences(struct out *out, const struct probe_run *run)
{
	show_list(out, "drift", ROLE_WARN, "prototype", run->drift.data, run->drift.len);
	show_list(out, "left_out", ROLE_DIM, "left out", run->left_out.data, run->left_out.len);
}

static void show_probe(struct out *out, const struct probe *probe, const struct probe_run *run, bool on,
		       const struct error *error)
{
	char buf[32];

	out_begin(out, "probe");
	out_str(out, ROLE_MNEMONIC, "name", 10, probe->name);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, on ? ROLE_GOOD : error ? ROLE_ERROR : ROLE_TEXT, "state", 8, on ? "on" : error ? "not here" : "off");
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "summary", 0, probe->summary);
	if (error) {
		out_nl(out);
		out_text(out, ROLE_TEXT, "    ");
		out_str(out, ROLE_ERROR, "error", 0, error_message(error));
		if (error_hint_text(error)) {
			out_nl(out);
			out_text(out, ROLE_TEXT, "    ");
			out_str(out, ROLE_COMMENT, "fix", 0, error_hint_text(error));
		}
	}
	out_nl(out);
	out_list(out, "parts");
	for (unsigned i = 0; run && probe_fits(probe) && probe->parts[i].name; i++)
		show_part(out, run, i);
	out_list_end(out);
	if (run)
		show_differences(out, run);
	if (run && !error) {
		out_text(out, ROLE_DIM, "    attached in %s", format_time_ns(buf, sizeof(buf), run->attach_ns));
		out_hidden_dec(out, "attach_ns", run->attach_ns);
	}
	out_end(out);
}

static struct error *list_run(struct session *s, const struct args *args, struct out *out)
{
	struct probe_set *set = probe_set_of(s);
	const struct probe *probe;
	unsigned served = 0;

	for (unsigned i = 0; (probe = probe_at(i)); i++) {
		struct probe_options options = { .tgid = getpid(), .host = probe_set_host(set) };
		struct probe_run *run = probe_set_run(set, probe), *tried = NULL;
		_error_ struct error *error = NULL;

		/* A probe that is off is tried for real: only attaching tells. */
		if (!run) {
			const struct probe_schemas *schemas = NULL;

			error = probe_set_schemas(set, probe, &schemas);
			if (!error)
				error = probe_run_create(probe, &options, schemas, s->events, &tried);
		}
		show_probe(out, probe, run ? run : tried, run, error);
		served += !error;
		probe_run_destroy(tried);
	}
	/* `vmscope probes` tells scripts: 3 is "not possible here". */
	if (!served && !s->target)
		s->exit_status = 3;
	return NULL;
}

const struct command cmd_probe_list = {
	.name = "probe list",
	.group = "probes",
	.summary = "list the built-in probes, and by what each is served on this kernel",
	.help = "Each part of a probe has ways (rungs) it can be served by, best first; those of a probe\n"
		"that is off are tried by loading and attaching, and what the kernel refuses is told.",
	.examples = (const char *const[]){ "probe list", NULL },
	.run = list_run,
};

/* ---- on and off ---------------------------------------------------------------------------------- */

static struct error *on_run(struct session *s, const struct args *args, struct out *out)
{
	struct probe_set *set = probe_set_of(s);
	const struct probe *probe;
	const char *arg;
	struct error *error = find(args->value[0].text, &probe, &arg);

	if (!error)
		error = args->value[2].given && args->value[3].given ? probe_set_on_if(set, probe, arg, args->value[3].text) :
					       probe_set_on(set, probe, arg, args->value[1].given);
	if (error)
		return error;
	show_probe(out, probe, probe_set_run(set, probe), true, NULL);
	return NULL;
}

const struct command cmd_probe_on = {
	.name = "probe on",
	.group = "probes",
	.summary = "attach probe NAME to the host's kernel",
	.help = "Sums are kept in the kernel and shown by `info probe NAME`. With `events` each hit\n"
		"also becomes an event (`info events`, `events filter NAME.*`). Losses are counted and\n"
		"told in place. With `if COND` only those events for which it holds leave the kernel:\n"
		"comparisons of fields with numbers, joined by &&.",
	.examples = (const char *const[]){ "probe on exits; continue; info probe exits", "probe on exits events",
					   "probe on exits if run_ns > 20us", "probe on profile:999", "probe on pmu:cycles:100000", NULL },
	.args = { { .type = ARG_WORD, .name = "NAME[:ARG]", .complete = complete_probe },
		  { .type = ARG_KEYWORD, .name = "events", .optional = true },
		  { .type = ARG_KEYWORD, .name = "if", .optional = true },
		  { .type = ARG_REST, .name = "COND", .optional = true } },
	.run = on_run,
};

static struct error *off_run(struct session *s, const struct args *args, struct out *out)
{
	const struct probe *probe;
	const char *arg;
	struct error *error = find(args->value[0].text, &probe, &arg);

	return error ? error : probe_set_off(probe_set_of(s), probe);
}

const struct command cmd_probe_off = {
	.name = "probe off",
	.group = "probes",
	.summary = "detach probe NAME; its sums are gone, its events stay",
	.examples = (const char *const[]){ "probe on exits; probe off exits", NULL },
	.args = { { .type = ARG_WORD, .name = "NAME", .complete = complete_probe } },
	.run = off_run,
};

/* ---- scope --------------------------------------------------------------------------------------- */

/* False also when its descriptors may not be read. */
static bool runs_a_vm(pid_t pid)
{
	_free_ char *path = xasprintf("/proc/%d/fd", (int)pid);
	DIR *dir = opendir(path);
	bool found = false;
	struct dirent *e;
	char link[64];

	while (dir && !found && (e = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), e->d_name, link, sizeof(link) - 1);

		link[n > 0 ? n : 0] = 0;
		found = !strcmp(link, "anon_inode:kvm-vm");
	}
	if (dir)
		closedir(dir);
	return found;
}

static struct error *scope_run(struct session *s, const struct args *args, struct out *out)
{
	struct probe_set *set = probe_set_of(s);
	const char *word = args->value[0].text;
	uint64_t pid = 0;
	pid_t scope;

	if (args->value[0].given && !strcmp(word, "guest")) {
		probe_set_scope(set, getpid());
	} else if (args->value[0].given && !strcmp(word, "all")) {
		probe_set_scope(set, 0);
	} else if (args->value[0].given) {
		_error_ struct error *error = parse_u64(word, &pid);
		_free_ char *path = xasprintf("/proc/%" PRIu64, pid);

		if (error || !pid || pid > INT32_MAX)
			return error_create(ERROR_USAGE, "'%s' is no process: use guest, all, or a pid", word);
		if (access(path, F_OK))
			return error_create(ERROR_NOT_FOUND, "there is no process %" PRIu64, pid);
		probe_set_scope(set, (pid_t)pid);
	}
	scope = probe_set_get_scope(set);
	out_begin(out, "scope");
	if (scope == getpid())
		out_text(out, ROLE_TEXT, "probes see the guest of this session");
	else if (scope)
		out_text(out, ROLE_TEXT, "probes see process %d", (int)scope);
	else
		out_text(out, ROLE_TEXT, "probes see every process");
	out_hidden_dec(out, "pid", (uint64_t)scope);
	out_end(out);
	if (scope && scope != getpid() && !runs_a_vm(scope))
		out_message(out, ROLE_WARN, "process %d has no VM that can be seen", (int)scope);
	return NULL;
}

const struct command cmd_probe_scope = {
	.name = "probe scope",
	.group = "probes",
	.summary = "say or set whose activity probes see: guest (the default), all, or a process",
	.help = "The choice is compiled into a probe's programs when it is turned on.",
	.examples = (const char *const[]){ "probe scope", "probe scope all", "probe scope guest", NULL },
	.args = { { .type = ARG_WORD, .name = "guest|all|PID", .optional = true } },
	.run = scope_run,
};

/* ---- info probe ---------------------------------------------------------------------------------- */

static struct error *info_run(struct session *s, const struct args *args, struct out *out)
{
	struct probe_set *set = probe_set_of(s);
	const struct probe *probe;
	const char *arg;
	struct error *error = NULL;
	struct probe_run *run;
	unsigned n = 0;

	session_poll(s);
	if (args->value[0].given) {
		error = find(args->value[0].text, &probe, &arg);
		if (error)
			return error;
		run = probe_set_run(set, probe);
		if (!run)
			return error_hint(error_create(ERROR_STATE, "probe %s is not on", probe->name),
					  "probe on %s", probe->name);
		if (!args->value[1].given)
			return probe_show(run, out);
		if (!strcmp(args->value[1].text, "hist"))
			return probe_show_hist(run, out);
		if (!probe->detail)
			return error_create(ERROR_USAGE, "probe %s has nothing more to tell", probe->name);
		return probe->detail(run, args->value[1].text, out);
	}
	for (unsigned i = 0; (probe = probe_at(i)) && !error; i++) {
		run = probe_set_run(set, probe);
		if (run && ++n)
			error = probe_show(run, out);
	}
	if (!n)
		out_message(out, ROLE_TEXT, "no probe is on: `probe on NAME`; `probe list` shows them");
	return error;
}

const struct command cmd_info_probe = {
	.name = "info probe",
	.group = "probes",
	.summary = "show what probe NAME (or every one that is on) has seen",
	.help = "`info probe NAME hist` draws its histograms. Some probes have a closer look:\n"
		"`info probe exits reason IO`.",
	.examples = (const char *const[]){ "probe on exits; continue; info probe exits", NULL },
	.args = { { .type = ARG_WORD, .name = "NAME", .optional = true, .complete = complete_probe },
		  { .type = ARG_REST, .name = "WHAT", .optional = true } },
	.run = info_run,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* goto, reverse-continue, reverse-stepi, bookmark, note, info bookmarks, info recording. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/command/command.h"
#include "core/record/target_recording.h"
#include "core/session/filter.h"
#include "core/session/notes.h"
#include "core/session/record.h"

/* ---- goto ---------------------------------------------------------------------------------------- */

struct find {
	struct session_filter *filter;	/* NULL: what tells of something wrong */
};

static bool is_finding(const struct event *event, const struct schema *schema)
{
	static const char *const words[] = { "violation", "finding", "drop", "shutdown", "internal", "fail" };

	for (unsigned i = 0; i < ARRAY_SIZE(words); i++)
		if (strstr(schema->name, words[i]))
			return true;
	return false;
}

static bool find_match(void *ctx, const struct event *event, const struct schema *schema)
{
	struct find *find = ctx;

	return find->filter ? session_filter_match(find->filter, event, schema) : is_finding(event, schema);
}

static void find_done(void *ctx)
{
	struct find *find = ctx;

	session_filter_destroy(find->filter);
	free(find);
}

static struct error *go_find(struct session *s, const char *text, bool back)
{
	struct find *find = xcalloc(1, sizeof(*find));
	struct travel travel = {
		.kind = TRAVEL_FIND, .back = back, .match = find_match, .done = find_done, .ctx = find,
	};
	struct error *error = NULL;

	if (*text && strcmp(text, "finding"))
		error = session_filter_create(s, text, &find->filter);
	if (!error)
		error = session_travel(s, &travel);
	if (error)
		find_done(find);
	return error;
}

static const char *skip_word(const char *p, const char *word)
{
	size_t len = strlen(word);

	if (strncmp(p, word, len) || (p[len] && p[len] != ' '))
		return NULL;
	return p + len + strspn(p + len, " ");
}

static struct error *go_event(struct session *s, const char *text)
{
	struct travel travel = { .kind = TRAVEL_EVENT };
	struct error *error;

	if (*text == '+' || *text == '-') {
		travel.kind = TRAVEL_NEXT;
		travel.back = *text == '-';
		text++;
	}
	error = parse_u64(text, &travel.n);
	return error ? error : session_travel(s, &travel);
}

/* "+1.25", "1.25" (seconds, as events show them), or with a unit: "1250ms". */
static struct error *parse_when(const struct session *s, const char *text, uint64_t *ret)
{
	const char *p = text + (*text == '+');
	uint64_t ns = 0;
	char *end;

	if (strpbrk(p, "um") || (strchr(p, 's') && strchr(p, 'n'))) {
		struct error *error = parse_time_ns(p, &ns);

		if (error)
			return error;
	} else {
		unsigned long long sec = strtoull(p, &end, 10);
		uint64_t digit = 100000000;

		if (end == p && *end != '.')
			return error_hint(error_create(ERROR_USAGE, "'%s' is no time", text),
					  "times are as events show them (1.25 or +1.250000000), or with a unit (1250ms)");
		ns = sec * 1000000000u;
		if (*end == '.')
			for (end++; *end >= '0' && *end <= '9'; end++, digit /= 10)
				ns += (uint64_t)(*end - '0') * digit;
		if (*end && strcmp(end, "s"))
			return error_create(ERROR_USAGE, "'%s' is no time", text);
	}
	*ret = s->start_ns + ns;
	return NULL;
}

static struct error *goto_run(struct session *s, const struct args *args, struct out *out)
{
	struct travel travel = { .kind = TRAVEL_TIME };
	const char *text = args->rest, *rest;
	struct error *error;

	if ((rest = skip_word(text, "event")))
		return go_event(s, rest);
	if ((rest = skip_word(text, "next")))
		return go_find(s, rest, false);
	if ((rest = skip_word(text, "prev")))
		return go_find(s, rest, true);
	if ((rest = skip_word(text, "start")) || (rest = skip_word(text, "end"))) {
		travel.time_ns = *text == 's' ? 0 : UINT64_MAX;
		return session_travel(s, &travel);
	}
	if ((rest = skip_word(text, "bookmark"))) {
		const struct session_note *note = session_note_find(s, rest);

		if (!note)
			return error_hint(error_create(ERROR_NOT_FOUND, "there is no bookmark '%s'", rest),
					  "`info bookmarks` lists them");
		travel.time_ns = note->time_ns;
		return session_travel(s, &travel);
	}
	error = parse_when(s, text, &travel.time_ns);
	return error ? error : session_travel(s, &travel);
}

const struct command cmd_goto = {
	.name = "goto",
	.group = "recording",
	.summary = "go to another time of a recording",
	.help = "goto 1.25            the time events show; also 1250ms\n"
		"goto event 512       right after that event; +1 and -1: one on, one back\n"
		"goto next io if port == 0x3f8     the next event a filter takes; prev: the last\n"
		"goto next finding    the next loss, violation, crash\n"
		"goto start, goto end, goto bookmark NAME\n"
		"`continue` and `reverse-continue` go to the next and the last recorded stop, or to where a\n"
		"breakpoint, watchpoint or catchpoint would have stopped.",
	.args = { { .type = ARG_REST, .name = "WHERE" } },
	.needs = NEED_TARGET,
	.repeats = true,
	.run = goto_run,
};

/* ---- back ---------------------------------------------------------------------------------------- */

static struct error *reverse_continue_run(struct session *s, const struct args *args, struct out *out)
{
	struct travel travel = { .kind = TRAVEL_STOP, .back = true, .vcpu = s->vcpu };

	return session_travel(s, &travel);
}

const struct command cmd_reverse_continue = {
	.name = "reverse-continue",
	.aliases = (const char *const[]){ "rc", NULL },
	.group = "recording",
	.summary = "go back to the last stop, breakpoint or condition",
	.needs = NEED_TARGET,
	.repeats = true,
	.run = reverse_continue_run,
};

static struct error *reverse_stepi_run(struct session *s, const struct args *args, struct out *out)
{
	struct travel travel = {
		.kind = TRAVEL_STEP, .back = true, .vcpu = s->vcpu,
		.n = args->value[0].given ? args->value[0].number : 1,
	};

	if (!travel.n)
		return error_create(ERROR_USAGE, "0 steps back do nothing: give 1 or more");
	return session_travel(s, &travel);
}

const struct command cmd_reverse_stepi = {
	.name = "reverse-stepi",
	.aliases = (const char *const[]){ "rsi", NULL },
	.group = "recording",
	.summary = "go back N instructions (in a recording without steps: N events)",
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET,
	.repeats = true,
	.run = reverse_stepi_run,
};

/* ---- notes --------------------------------------------------------------------------------------- */

static struct error *bookmark_run(struct session *s, const struct args *args, struct out *out)
{
	return session_note_add(s, args->value[0].text, args->value[1].given ? args->value[1].text : "");
}

const struct command cmd_bookmark = {
	.name = "bookmark",
	.group = "recording",
	.summary = "name this moment, in the recording that is made or played",
	.examples = (const char *const[]){ "record ring 1M; bookmark here before the loop", NULL },
	.args = { { .type = ARG_WORD, .name = "NAME" },
		  { .type = ARG_REST, .name = "TEXT", .optional = true } },
	.run = bookmark_run,
};

static struct error *note_run(struct session *s, const struct args *args, struct out *out)
{
	return session_note_add(s, "", args->value[0].text);
}

const struct command cmd_note = {
	.name = "note",
	.group = "recording",
	.summary = "write a line of text to this moment of the recording",
	.examples = (const char *const[]){ "record ring 1M; note it hangs here", NULL },
	.args = { { .type = ARG_REST, .name = "TEXT" } },
	.run = note_run,
};

static void print_time(struct out *out, const struct session *s, const char *name, uint64_t t)
{
	uint64_t delta = t < s->start_ns ? s->start_ns - t : t - s->start_ns;

	out_hidden_dec(out, name, t);
	out_text(out, ROLE_NUMBER, "%c%" PRIu64 ".%09" PRIu64, t < s->start_ns ? '-' : '+', delta / 1000000000,
		 delta % 1000000000);
}

static struct error *info_bookmarks_run(struct session *s, const struct args *args, struct out *out)
{
	const struct session_note *note;
	size_t i;

	for (i = 0; (note = session_note_at(s, i)); i++) {
		out_begin(out, *note->name ? "bookmark" : "note");
		print_time(out, s, "time_ns", note->time_ns);
		out_text(out, ROLE_TEXT, "  ");
		if (*note->name)
			out_str(out, ROLE_LABEL, "name", 0, note->name);
		out_text(out, ROLE_TEXT, "%s", *note->name && *note->text ? ": " : "");
		out_str(out, ROLE_TEXT, "text", 0, note->text);
		out_end(out);
	}
	if (!i)
		out_message(out, ROLE_TEXT, "no bookmarks and no notes");
	return NULL;
}

const struct command cmd_info_bookmarks = {
	.name = "info bookmarks",
	.aliases = (const char *const[]){ "info notes", NULL },
	.group = "recording",
	.summary = "list bookmarks and notes, oldest first",
	.examples = (const char *const[]){ "info bookmarks", NULL },
	.run = info_bookmarks_run,
};

/* ---- info recording ------------------------------------------------------------------------------ */

static void row(struct out *out, const char *label, const char *name, const char *value)
{
	out_text(out, ROLE_LABEL, "%-10s ", label);
	out_str(out, ROLE_TEXT, name, 0, value);
	out_nl(out);
}

static struct error *info_recording_run(struct session *s, const struct args *args, struct out *out)
{
	static const char *const keys[] = { "title", "arch", "target", "program", "host", "kernel", "cpu" };
	struct recording *rec = recording_target_recording(s->target);
	struct recording_position at;
	char buf[256];

	if (!rec)
		return error_hint(error_create(ERROR_STATE, "this is no recording"), "`record` says what is recorded");
	recording_target_position(s->target, &at);
	out_begin(out, "played");
	row(out, "file", "path", rec->path);
	for (unsigned i = 0; i < ARRAY_SIZE(keys); i++)
		if (recording_meta(rec, keys[i], buf, sizeof(buf)))
			row(out, keys[i], keys[i], buf);
	out_text(out, ROLE_LABEL, "%-10s ", "events");
	out_dec(out, ROLE_NUMBER, "events", 0, recording_count(rec));
	out_text(out, ROLE_TEXT, ", lost ");
	out_dec(out, recording_lost(rec) ? ROLE_WARN : ROLE_NUMBER, "lost", 0, recording_lost(rec));
	out_nl(out);
	out_text(out, ROLE_LABEL, "%-10s ", "from");
	print_time(out, s, "first_ns", recording_first_time(rec));
	out_text(out, ROLE_TEXT, " to ");
	print_time(out, s, "last_ns", recording_last_time(rec));
	out_nl(out);
	out_text(out, ROLE_LABEL, "%-10s ", "now");
	print_time(out, s, "time_ns", at.time_ns);
	out_text(out, ROLE_TEXT, ", ");
	out_dec(out, ROLE_NUMBER, "n", 0, at.n);
	out_text(out, ROLE_TEXT, " events and ");
	out_dec(out, ROLE_NUMBER, "snapshot", 0, at.snapshot);
	out_text(out, ROLE_TEXT, " of ");
	out_dec(out, ROLE_NUMBER, "snapshots", 0, at.snapshots);
	out_text(out, ROLE_TEXT, " snapshots are over");
	if (at.snapshot_ns && at.snapshot_ns < at.time_ns)
		out_text(out, ROLE_WARN, "; registers and memory are of T-%s",
			 format_time_ns(buf, sizeof(buf), at.time_ns - at.snapshot_ns));
	out_nl(out);
	out_text(out, ROLE_LABEL, "%-10s ", "sound");
	out_bool(out, rec->hurt ? ROLE_WARN : ROLE_GOOD, "sound", "yes", "no", !rec->hurt);
	if (rec->hurt)
		out_text(out, ROLE_WARN, ": %s", rec->damage);
	else if (!rec->has_index)
		out_text(out, ROLE_WARN, ", but it was not closed");
	out_end(out);
	return NULL;
}

const struct command cmd_info_recording = {
	.name = "info recording",
	.group = "recording",
	.summary = "say what is played, and where in it this is",
	.needs = NEED_TARGET,
	.run = info_recording_run,
};

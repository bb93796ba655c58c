/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a live session shows at a moment is what playback shows of it, text for text; ways through time. */
#include "tests/lib/test.h"

#include <unistd.h>

#include "core/base/text.h"
#include "core/command/command.h"
#include "core/record/target_recording.h"
#include "core/session/play.h"
#include "core/session/record.h"
#include "tests/lib/fake_target.h"

static const char *const views[] = {
	"info registers all", "backtrace", "x/6i $pc", "x/16xb $rsp", "info lapic", "info ioapic", "info pic",
	"info idt", "info gdt", "info vcpus", "info mtree", "info exits", "info events 30", "info console",
	"vtop $rsp", "x/s message", "xp/8xg 0x1000", "x/4xg counter", "info pit", "info routes",
};

struct fixture {
	struct session *s;
	struct out *out;
	char *path;
};

static void command(struct fixture *f, const char *line)
{
	struct error *error = command_run(f->s, line, f->out);

	if (error)
		print_error("%s: %s\n", line, error_message(error));
	assert_null(error);
}

static void init(struct fixture *f, const char *name)
{
	const char *dir = getenv("TMPDIR");

	*f = (struct fixture){ .path = xasprintf("%s/play_%s_%d.vms", dir ? dir : "/tmp", name, (int)getpid()) };
	f->out = out_create_capture();
	assert_ok(session_create(&f->s));
	f->s->talk = out_create_capture();
	f->s->wait = true;
	f->s->start_ns = FAKE_TIME0;
	commands_register_core(f->s);
}

static void deinit(struct fixture *f)
{
	session_destroy(f->s);
	out_destroy(f->out);
	free(f->path);
}

/* All views as one text. What can not be shown is shown as why. */
static char *show(struct fixture *f)
{
	struct text t = { 0 };

	out_capture_clear(f->out);
	for (unsigned i = 0; i < ARRAY_SIZE(views); i++) {
		struct error *error = command_run(f->s, views[i], f->out);

		out_message(f->out, ROLE_TEXT, "--- %s%s%s", views[i], error ? ": " : "",
			    error ? error_message(error) : "");
		error_destroy(error);
	}
	char *all = out_capture_string(f->out);

	text_puts(&t, all);
	free(all);
	out_capture_clear(f->out);
	return text_take(&t);
}

/* What is marked as changed (and the columns after it) depends on where one came from. */
static void unmark(char *s)
{
	char *to = s;

	for (; *s; s++)
		if (*s != '*' && *s != ' ')
			*to++ = *s;
	*to = 0;
}

/* Line by line, so that a difference can be read. */
static void same_text(const char *got, const char *want)
{
	unsigned line = 1;

	while (*got || *want) {
		size_t a = strcspn(got, "\n"), b = strcspn(want, "\n");

		if (a != b || memcmp(got, want, a)) {
			print_error("line %u: played '%.*s', live '%.*s'\n", line, (int)a, got, (int)b, want);
			fail();
		}
		got += a + (got[a] != 0);
		want += b + (want[b] != 0);
		line++;
	}
}

static void start_live(struct fixture *f, const char *name)
{
	struct target *target;

	init(f, name);
	fake_target_symbols(f->s->symbols);
	assert_ok(fake_target_create(&target));
	assert_ok(session_set_target(f->s, target));
	session_poll(f->s);
}

static void start_play(struct fixture *f, const char *path)
{
	init(f, "unused");
	assert_ok(session_play(f->s, path));
	session_play_symbols(f->s);
	session_poll(f->s);
}

static void test_same_text(void **state)
{
	static const char *const steps[] = {
		"break leaf; continue", "stepi 3", "finish", "set *(u64 *)counter = 77; stepi", "delete; continue",
	};
	char *live[ARRAY_SIZE(steps) + 1], *played;
	struct fixture f, p;

	start_live(&f, "same");
	assert_ok(session_record_start(f.s, &(struct session_record_options){
		.path = f.path, .overwrite = true, .mem = RECORD_MEM_ALL }));
	live[0] = show(&f);
	for (unsigned i = 0; i < ARRAY_SIZE(steps); i++) {
		command(&f, steps[i]);
		live[i + 1] = show(&f);
	}
	assert_ok(session_record_stop(f.s));
	start_play(&p, f.path);
	/* Forwards, and all the way back. */
	for (unsigned i = 0; i <= ARRAY_SIZE(steps); i++) {
		if (i)
			command(&p, "continue");
		played = show(&p);
		same_text(played, live[i]);
		free(played);
	}
	for (unsigned i = ARRAY_SIZE(steps); i-- > 0;) {
		command(&p, "reverse-continue");
		played = show(&p);
		unmark(played);
		unmark(live[i]);
		same_text(played, live[i]);
		free(played);
	}
	for (unsigned i = 0; i <= ARRAY_SIZE(steps); i++)
		free(live[i]);
	unlink(f.path);
	deinit(&p);
	deinit(&f);
}

static struct recording_position at(struct fixture *f)
{
	struct recording_position pos;

	assert_true(recording_target_position(f->s->target, &pos));
	return pos;
}

static void test_ways(void **state)
{
	struct fixture f, p;
	uint64_t count;

	start_live(&f, "ways");
	assert_ok(session_record_start(f.s, &(struct session_record_options){
		.path = f.path, .overwrite = true, .mem = RECORD_MEM_TOUCHED }));
	command(&f, "break leaf");
	command(&f, "continue");
	command(&f, "bookmark first the first leaf");
	command(&f, "continue");
	command(&f, "delete");
	command(&f, "continue");
	assert_ok(session_record_stop(f.s));
	start_play(&p, f.path);
	count = recording_count(recording_target_recording(p.s->target));
	assert_true(count > 5);
	command(&p, "goto event 2");
	assert_int_equal(at(&p).n, 3);
	command(&p, "goto event +1");
	assert_int_equal(at(&p).n, 4);
	command(&p, "goto event -2");
	assert_int_equal(at(&p).n, 2);
	assert_int_equal(event_store_end(p.s->events), 2);
	command(&p, "goto end");
	assert_int_equal(at(&p).n, count);
	assert_int_equal(event_store_end(p.s->events), count);
	command(&p, "goto prev console");
	assert_true(at(&p).n <= count);
	command(&p, "goto start");
	assert_int_equal(event_store_end(p.s->events), at(&p).n);
	command(&p, "goto bookmark first");
	assert_int_equal(p.s->last_stop.pc, FAKE_LEAF);
	/* A breakpoint is a place to look for; a catchpoint an event. */
	command(&p, "goto start");
	command(&p, "break leaf");
	command(&p, "continue");
	assert_int_equal(p.s->last_stop.reason, STOP_BREAK);
	assert_int_equal(p.s->last_stop.pc, FAKE_LEAF);
	command(&p, "continue");
	assert_int_equal(p.s->last_stop.reason, STOP_BREAK);
	command(&p, "continue");
	assert_int_equal(p.s->last_stop.reason, STOP_TRAVEL);
	assert_non_null(strstr(p.s->last_stop.text, "the end of the recording"));
	command(&p, "reverse-continue");
	assert_int_equal(p.s->last_stop.reason, STOP_BREAK);
	command(&p, "delete");
	command(&p, "goto start");
	command(&p, "catch io if write");
	command(&p, "continue");
	assert_int_equal(p.s->last_stop.reason, STOP_CATCH);
	/* Watched memory: it is another from one recorded stop to the next. */
	command(&p, "delete");
	command(&p, "goto start");
	command(&p, "watch *(u64 *)counter");
	command(&p, "continue");
	assert_int_equal(p.s->last_stop.reason, STOP_WATCH);
	assert_true(p.s->last_stop.watch_new != p.s->last_stop.watch_old);
	command(&p, "delete");
	/* A note goes behind the file; who opens it next sees it. */
	command(&p, "goto event 1");
	command(&p, "bookmark second");
	deinit(&p);
	start_play(&p, f.path);
	command(&p, "goto bookmark second");
	assert_int_equal(at(&p).n, 2);
	assert_error(command_run(p.s, "goto event 100000", p.out), ERROR_NOT_FOUND, "numbered 0 to");
	assert_error(command_run(p.s, "goto bookmark none", p.out), ERROR_NOT_FOUND, "no bookmark");
	assert_error(command_run(p.s, "goto yesterday", p.out), ERROR_USAGE, "no time");
	assert_error(command_run(p.s, "set $rax = 1", p.out), ERROR_UNSUPPORTED, "not supported by a recording");
	assert_error(command_run(f.s, "reverse-continue", p.out), ERROR_UNSUPPORTED, "another time");
	unlink(f.path);
	deinit(&p);
	deinit(&f);
}

/* The flight recorder's file has the machine as it was when it was saved. */
static void test_ring(void **state)
{
	struct fixture f, p;
	char *live, *played;

	start_live(&f, "ring");
	assert_ok(session_record_start(f.s, &(struct session_record_options){ .ring_bytes = 1 << 20 }));
	command(&f, "break leaf");
	command(&f, "continue");
	command(&f, "delete");
	live = show(&f);
	assert_ok(session_record_save(f.s, f.path, true));
	assert_ok(session_record_stop(f.s));
	start_play(&p, f.path);
	command(&p, "goto end");
	played = show(&p);
	unmark(played);
	unmark(live);
	same_text(played, live);
	free(live);
	free(played);
	unlink(f.path);
	deinit(&p);
	deinit(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same_text), cmocka_unit_test(test_ways), cmocka_unit_test(test_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

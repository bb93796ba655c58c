/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wires terminal, session and screen to the one loop, and runs it. */
#include "ui/tui.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/session/report.h"
#include "ui/run_control.h"
#include "ui/screen.h"
#include "ui/signals.h"
#include "ui/term.h"
#include "ui/tui_commands.h"

#define ESCAPE_NS (25ULL * 1000 * 1000)	/* after that, Escape was a key of its own */
#define RATE_NS 500000000ULL		/* events per second are measured over this */
#define HELD_MAX 4096			/* bytes typed while a command is on the stack */

struct tui {
	struct screen screen;
	struct session *session;
	struct key_decoder keys;
	struct session_listener listener;
	struct signals signals;
	struct loop_source *input, *escape_timer, *grace_timer, *rate_timer;
	unsigned char held[HELD_MAX];
	size_t nheld;
	int ended_by;
	bool hung_up;
	uint64_t events_seen;
};

/* ---- what the session tells ----------------------------------------------------------------------------- */

static void update_rate(struct tui *t, bool start)
{
	struct screen *s = &t->screen;
	uint64_t now = clock_now_ns(), events = event_store_end(s->session->events);

	if (!start && now > s->rate_ns)
		s->rate = (events - s->rate_events) * 1000000000ULL / (now - s->rate_ns);
	s->rate_ns = now;
	s->rate_events = events;
}

static void on_stopped(void *ctx, const struct stop_report *report)
{
	struct tui *t = ctx;

	for (unsigned i = 0; i < PANEL_COUNT; i++) {
		struct panel *p = &t->screen.panel[i];

		if (p->ops->stopped)
			p->ops->stopped(p, report);
	}
	error_destroy(loop_timer_set(t->rate_timer, 0, 0));
	run_control_stopped(&t->screen);
	screen_session_changed(&t->screen);
}

static void on_resumed(void *ctx)
{
	struct tui *t = ctx;

	update_rate(t, true);
	t->screen.rate = 0;
	t->screen.interrupt_ns = 0;
	error_destroy(loop_timer_set(t->rate_timer, RATE_NS, RATE_NS));
	screen_session_changed(&t->screen);
}

static void on_changed(void *ctx)
{
	screen_session_changed(&((struct tui *)ctx)->screen);
}

static void on_console(void *ctx, unsigned port, const void *data, size_t len)
{
	struct panel *p = &((struct tui *)ctx)->screen.panel[PANEL_console];

	p->ops->console(p, port, data, len);
}

/* Another time is looked at: what these panels collected is of the one before. The console is fed anew. */
static void on_rewound(void *ctx)
{
	static const enum panel_id ids[] = { PANEL_console, PANEL_events };
	struct tui *t = ctx;

	for (unsigned i = 0; i < ARRAY_SIZE(ids); i++) {
		struct panel *p = &t->screen.panel[ids[i]];

		p->ops->deinit(p);
		memset(p->state, 0, p->ops->state_size);
		p->ops->init(p);
		p->stale = true;
		panel_touch(p);
	}
}

static void on_rate(void *ctx, uint32_t events)
{
	struct tui *t = ctx;

	update_rate(t, false);
	t->screen.panel[PANEL_vcpus].stale = true;
	panel_touch(&t->screen.panel[PANEL_vcpus]);
	screen_touch(&t->screen);
}

/* New events mark their panel; nothing else looks at the store. */
static void look_at_events(struct tui *t)
{
	uint64_t end = event_store_end(t->session->events);
	struct panel *p = &t->screen.panel[PANEL_events];

	if (end == t->events_seen)
		return;
	t->events_seen = end;
	p->stale = true;
	panel_touch(p);
}

/* ---- keys -------------------------------------------------------------------------------------------------- */

/* A command is on the stack, or a step is under way: only Ctrl-C counts now, the rest comes after it. */
static void hold(struct tui *t, const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (data[i] == K_CTRL('c'))
			run_control_interrupt(&t->screen);
		else if (t->nheld < HELD_MAX)
			t->held[t->nheld++] = data[i];
	}
	if (t->nheld && screen_in_grace(&t->screen))
		error_destroy(loop_timer_set(t->grace_timer, GRACE_NS, 0));
}

static void feed(struct tui *t, const unsigned char *data, size_t len, bool flush)
{
	struct key key;

	while (keys_decode(&t->keys, &data, &len, flush, &key)) {
		screen_key(&t->screen, &key);
		if (t->session->quit)
			return;
		if (t->screen.suspend) {
			t->screen.suspend = false;
			term_suspend();
			screen_touch_all(&t->screen);
		}
		if (len && screen_in_grace(&t->screen)) {
			hold(t, data, len);
			return;
		}
	}
	error_destroy(loop_timer_set(t->escape_timer, keys_pending(&t->keys) ? ESCAPE_NS : 0, 0));
}

static void on_escape_timer(void *ctx, uint32_t events)
{
	feed(ctx, NULL, 0, true);
}

/* Only wakes the loop: it feeds what was held. */
static void on_grace_timer(void *ctx, uint32_t events) {}

static void on_input(void *ctx, uint32_t events)
{
	struct tui *t = ctx;
	unsigned char buf[1024];
	ssize_t n = read(STDIN_FILENO, buf, sizeof(buf));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) { /* the terminal is gone */
		t->hung_up = true;
		t->session->quit = true;
		loop_remove(t->input);
		t->input = NULL;
		return;
	}
	if (t->screen.busy || t->nheld || screen_in_grace(&t->screen))
		hold(t, buf, (size_t)n);
	else
		feed(t, buf, (size_t)n, false);
}

static void feed_held(struct tui *t)
{
	unsigned char buf[HELD_MAX];
	size_t n = t->nheld;

	if (!n || t->session->quit || screen_in_grace(&t->screen))
		return;
	memcpy(buf, t->held, n);
	t->nheld = 0;
	feed(t, buf, n, false);
}

static void on_signal(void *ctx, uint32_t signo)
{
	struct tui *t = ctx;

	switch (signo) {
	case SIGWINCH:
		if (term_resize())
			screen_resized(&t->screen);
		break;
	case SIGINT:
		run_control_interrupt(&t->screen);
		break;
	case SIGTSTP:
		term_suspend();
		screen_touch_all(&t->screen);
		break;
	case SIGCONT:
		term_resize();
		term_redraw();
		screen_resized(&t->screen);
		break;
	default:
		t->ended_by = (int)signo;
		t->session->quit = true;
		break;
	}
}

/* ---- the prompt ---------------------------------------------------------------------------------------------- */

static void on_command(void *ctx, const char *line)
{
	screen_command(&((struct tui *)ctx)->screen, line, true);
}

static void on_prompt_end(void *ctx)
{
	screen_quit(&((struct tui *)ctx)->screen);
}

static void on_prompt_changed(void *ctx)
{
	screen_touch(&((struct tui *)ctx)->screen);
}

static void on_matches(void *ctx, char **matches, size_t n)
{
	struct screen *s = &((struct tui *)ctx)->screen;
	struct out *content = out_create_capture();
	size_t width = 4, columns, rows;

	for (size_t i = 0; i < n; i++)
		if (strlen(matches[i]) + 2 > width)
			width = strlen(matches[i]) + 2;
	columns = s->w > 8 && (size_t)s->w - 6 > width ? ((size_t)s->w - 6) / width : 1;
	rows = (n + columns - 1) / columns;
	for (size_t y = 0; y < rows; y++) {
		for (size_t i = y; i < n; i += rows)
			out_text(content, ROLE_TEXT, "%-*s", i + rows < n ? (int)width : 0, matches[i]);
		out_nl(content);
	}
	screen_show_popup(s, popup_create(&s->theme, content, "completions", NULL, POPUP_BOTTOM));
}

/* ---- life ------------------------------------------------------------------------------------------------------ */

static struct error *attach(struct tui *t)
{
	struct loop *loop = t->session->loop;
	struct error *error = signals_attach(&t->signals, loop, on_signal, t);

	if (!error)
		error = loop_add_fd(loop, STDIN_FILENO, EPOLLIN, on_input, t, &t->input);
	if (!error)
		error = loop_add_timer(loop, 0, 0, on_escape_timer, t, &t->escape_timer);
	if (!error)
		error = loop_add_timer(loop, 0, 0, on_grace_timer, t, &t->grace_timer);
	if (!error)
		error = loop_add_timer(loop, 0, 0, on_rate, t, &t->rate_timer);
	if (error)
		return error;
	t->listener = (struct session_listener){
		.ctx = t, .stopped = on_stopped, .resumed = on_resumed, .changed = on_changed,
		.console = on_console, .rewound = on_rewound,
	};
	session_add_listener(t->session, &t->listener);
	return NULL;
}

static void detach(struct tui *t)
{
	session_remove_listener(t->session, &t->listener);
	signals_detach(&t->signals);
	loop_remove(t->input);
	loop_remove(t->escape_timer);
	loop_remove(t->grace_timer);
	loop_remove(t->rate_timer);
}

static struct error *run_loop(struct tui *t)
{
	struct error *error = NULL;

	while (!error && !t->session->quit) {
		run_control_drain(&t->screen);
		look_at_events(t);
		screen_frame(&t->screen);
		error = loop_run_once(t->session->loop, -1);
		feed_held(t);
	}
	return error;
}

static void greet(struct tui *t)
{
	struct session *s = t->session;

	if (t->screen.options->no_guest) {
		out_message(s->talk, ROLE_WARN, "%s", t->screen.options->no_guest);
		out_message(s->talk, ROLE_WARN, "nothing can run; %s can be looked at (`doctor` says more)",
			    s->target ? "code, data and symbols" : "symbols");
	}
	if (!s->target)
		return;
	session_poll(s); /* the report of the start */
	if (target_state(s->target) == TARGET_STOPPED && !s->has_stop)
		session_print_where(s, s->talk);
}

struct error *tui_run(struct session *session, const struct tui_options *options)
{
	struct tui *t = xcalloc(1, sizeof(*t));
	const struct prompt_events events = {
		.ctx = t, .command = on_command, .ended = on_prompt_end, .changed = on_prompt_changed,
		.matches = on_matches,
	};
	struct out *talk = session->talk;
	struct tui_commands *commands = NULL;
	struct error *error = term_open();

	t->session = session;
	if (error) {
		free(t);
		return error;
	}
	session->talk = out_create_capture();
	session->wait = false;
	keys_init(&t->keys, term_capability);
	screen_init(&t->screen, session, options);
	t->screen.prompt = prompt_create(session, &events);
	error = attach(t);
	if (!error) {
		commands = tui_commands_create(&t->screen);
		greet(t);
		if (options->init_file)
			screen_commandf(&t->screen, "source \"%s\"", options->init_file);
		screen_session_changed(&t->screen);
		error = run_loop(t);
	}
	detach(t);
	prompt_destroy(t->screen.prompt);
	screen_deinit(&t->screen);
	term_close();
	tui_commands_destroy(commands);
	keys_deinit(&t->keys);
	out_destroy(session->talk);
	session->talk = talk;
	if (t->ended_by || t->hung_up)
		*options->ret_status = 128 + (t->ended_by ? t->ended_by : SIGHUP);
	free(t);
	return error;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/term.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <curses.h>
#include <term.h>

#include "core/base/vec.h"
#include "ui/signals.h"

#define FATAL_STACK 65536
#define SIZE_MAX_CELLS 1000 /* a terminal that claims more is drawn up to here */

/* What a fatal signal's handler needs; written before the handlers are installed. */
static struct {
	bool open;
	struct termios saved;
	char leave[128];	/* rmcup rmkx sgr0 cnorm */
	size_t leave_len;
	SCREEN *screen;
	void *stack;		/* for a handler that runs because the stack is full */
} term;

static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS };

static void on_fatal(int signo)
{
	if (term.open) {
		ssize_t n = write(STDOUT_FILENO, term.leave, term.leave_len);

		(void)n;
		tcsetattr(STDIN_FILENO, TCSANOW, &term.saved);
	}
	raise(signo); /* SA_RESETHAND: the default action, with a core dump */
}

static void catch_fatal(bool on)
{
	stack_t stack = { .ss_size = FATAL_STACK, .ss_flags = on ? 0 : SS_DISABLE };

	if (on)
		stack.ss_sp = term.stack = xcalloc(1, FATAL_STACK);
	sigaltstack(&stack, NULL);
	if (!on) {
		free(term.stack);
		term.stack = NULL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(fatal); i++) {
		struct sigaction action = { .sa_handler = on ? on_fatal : SIG_DFL };

		action.sa_flags = on ? SA_RESETHAND | SA_NODEFER | SA_ONSTACK : 0;
		sigaction(fatal[i], &action, NULL);
	}
}

char *term_capability(const char *name)
{
	return tigetstr(name);
}

static void remember(const char *capability)
{
	const char *s = tigetstr(capability);
	size_t n;

	if (!s || s == (const char *)-1)
		return;
	n = strlen(s);
	if (term.leave_len + n > sizeof(term.leave))
		return;
	memcpy(term.leave + term.leave_len, s, n);
	term.leave_len += n;
}

bool term_usable(void)
{
	int err;
	const char *cup;
	bool usable;

	if (setupterm(NULL, STDOUT_FILENO, &err) == ERR)
		return false;
	cup = tigetstr("cup");
	usable = cup && cup != (const char *)-1;
	del_curterm(cur_term);
	return usable;
}

static void modes(void)
{
	raw();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	intrflush(stdscr, FALSE);
	scrollok(stdscr, FALSE);
}

struct error *term_open(void)
{
	if (tcgetattr(STDIN_FILENO, &term.saved) < 0)
		return error_create(ERROR_UNSUPPORTED, "standard input is not a terminal: use --plain");
	/* The size comes from the terminal: LINES and COLUMNS in the environment lie after a resize. */
	use_env(FALSE);
	use_tioctl(TRUE);
	term.screen = newterm(NULL, stdout, stdin);
	if (!term.screen)
		return error_create(ERROR_UNSUPPORTED,
				    "this terminal's type is not known to terminfo: set TERM, or use --plain");
	term.leave_len = 0;
	remember("sgr0");
	remember("rmkx");
	remember("rmcup");
	remember("cnorm");
	term.open = true;
	catch_fatal(true);
	modes();
	return NULL;
}

/* On a terminal without an alternate screen the shell goes on in the last line: it finds that empty. */
static void end_screen(void)
{
	const char *alternate = tigetstr("rmcup");

	if (!alternate || alternate == (const char *)-1) {
		move(LINES - 1, 0);
		clrtoeol();
		refresh();
	}
	endwin();
}

void term_close(void)
{
	if (!term.open)
		return;
	curs_set(1);
	end_screen();
	term.open = false;
	catch_fatal(false);
	/* No delscreen(): the stack of panels hangs off the screen, and would be lost with it. */
}

bool term_resize(void)
{
	struct winsize ws;
	int h, w;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) < 0)
		return false;
	h = ws.ws_row < 1 ? 1 : ws.ws_row > SIZE_MAX_CELLS ? SIZE_MAX_CELLS : ws.ws_row;
	w = ws.ws_col < 1 ? 1 : ws.ws_col > SIZE_MAX_CELLS ? SIZE_MAX_CELLS : ws.ws_col;
	if (h == LINES && w == COLS)
		return false;
	resizeterm(h, w);
	clearok(curscr, TRUE);
	return true;
}

void term_redraw(void)
{
	clearok(curscr, TRUE);
}

void term_suspend(void)
{
	end_screen();
	signal(SIGTSTP, SIG_DFL); /* curses had put its own there */
	kill(0, SIGTSTP); /* the whole job, as the terminal's driver would */
	signals_unblock(); /* stops here, and goes on here */
	signals_block();
	modes();
	clearok(curscr, TRUE);
}

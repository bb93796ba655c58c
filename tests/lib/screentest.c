/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Golden screens: runs the program on a pseudo terminal, types what a script says and prints the screen
 * as libvterm, an independent terminal, sees it. `screentest CASE.keys`; the runner compares.
 *
 *	size WxH	the terminal's size; later ones resize
 *	env NAME=VALUE	before `run`
 *	run ARGS	vmscope-fake run --norc ARGS; `real ARGS`: the program itself, skipped without KVM
 *	key NAME...	keys by name: F5 C-c Esc Tab Up a
 *	type TEXT	TEXT as it is; then `key Enter`
 *	wait TEXT	until TEXT is on the screen; gone TEXT: until it is not
 *	shot		print the screen and the cursor
 *	attrs TEXT	print the rows that contain TEXT with their attributes
 *	idle MS		nothing may be written for MS milliseconds
 *	storm N		N resizes to sizes from 1x1 to 250x100, from a fixed seed
 *	random N SEED	N bytes of keys, always the same for SEED (no Ctrl-C, Ctrl-D, Ctrl-Z, q)
 *	signal NAME	TERM HUP TSTP CONT
 *	hangup		closes the terminal
 *	exit		wait for the end; print its status and whether the terminal is as before
 *
 * After each line the script goes on when the program has nothing left to do: its main thread sleeps and
 * nothing was written for a while. So a slow machine makes a test slow, not wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <utmp.h>

#include <vterm.h>

#define QUIET_MS 70	/* longer than a frame (33 ms) and than the time Escape waits (25 ms) */
#define DEADLINE_MS 20000
#define SCREEN_MAX_W 300

struct test {
	const char *name;
	unsigned line;
	int w, h;
	int fd;			/* the terminal's other side; -1 before `run` */
	int tty;		/* the program's side, kept open: its modes are looked at when it is gone */
	pid_t pid;
	struct termios before;
	VTerm *vt;
	VTermScreen *screen;
	bool altscreen, cursor_visible;
	unsigned long written;	/* bytes the program wrote */
	unsigned seed;
};

static void fail(const struct test *t, const char *fmt, ...)
{
	va_list ap;

	printf("%s:%u: ", t->name, t->line);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	if (t->pid > 0)
		kill(t->pid, SIGKILL);
	exit(1);
}

static unsigned long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned long)ts.tv_sec * 1000 + (unsigned long)ts.tv_nsec / 1000000;
}

/* A fixed sequence: the same on every machine. */
static unsigned next_random(struct test *t)
{
	t->seed = t->seed * 1103515245u + 12345u;
	return t->seed >> 16 & 0x7fff;
}

/* ---- the terminal -------------------------------------------------------------------------------- */

static int on_prop(VTermProp prop, VTermValue *val, void *user)
{
	struct test *t = user;

	if (prop == VTERM_PROP_ALTSCREEN)
		t->altscreen = val->boolean;
	if (prop == VTERM_PROP_CURSORVISIBLE)
		t->cursor_visible = val->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = { .settermprop = on_prop };

static void make_terminal(struct test *t)
{
	t->vt = vterm_new(t->h, t->w);
	vterm_set_utf8(t->vt, 1);
	t->screen = vterm_obtain_screen(t->vt);
	vterm_screen_set_callbacks(t->screen, &callbacks, t);
	vterm_screen_enable_altscreen(t->screen, 1);
	t->cursor_visible = true;
	vterm_screen_reset(t->screen, 1);
}

/* Reads what is there, waiting at most @ms for something; false at the end of file. */
static bool drain(struct test *t, int ms, bool *ret_any)
{
	struct pollfd pfd = { .fd = t->fd, .events = POLLIN };
	char buf[65536];
	ssize_t n;

	*ret_any = false;
	if (t->fd < 0)
		return false;
	if (poll(&pfd, 1, ms) <= 0)
		return true;
	n = read(t->fd, buf, sizeof(buf));
	if (n <= 0)
		return n < 0 && errno == EINTR;
	t->written += (unsigned long)n;
	vterm_input_write(t->vt, buf, (size_t)n);
	*ret_any = true;
	return true;
}

/* Whether the main thread sleeps: one that is runnable still has something to do. */
static bool sleeps(const struct test *t)
{
	char path[64], buf[512], *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)t->pid, (int)t->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return true;
	n = read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return true;
	buf[n] = 0;
	p = strrchr(buf, ')'); /* the name may contain anything */
	return p && p[1] == ' ' && p[2] != 'R' && p[2] != 'D';
}

/* False when the program is gone. */
static bool settle(struct test *t)
{
	unsigned long start = now_ms(), quiet = start;
	siginfo_t info = {0};

	while (now_ms() - quiet < QUIET_MS) {
		bool any;

		if (!drain(t, 5, &any))
			return false;
		if (waitid(P_PID, (id_t)t->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
			return false;
		if (any || !sleeps(t))
			quiet = now_ms();
		if (now_ms() - start > DEADLINE_MS)
			return true; /* it writes all the time: the script says what it waits for */
	}
	return true;
}

static void row_text(const struct test *t, int row, char *buf, size_t size)
{
	size_t n = 0;

	for (int col = 0; col < t->w && n + 8 < size; col++) {
		VTermScreenCell cell;

		vterm_screen_get_cell(t->screen, (VTermPos){ .row = row, .col = col }, &cell);
		if (cell.chars[0] == (uint32_t)-1) /* right half of a wide character */
			continue;
		for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && (i == 0 || cell.chars[i]); i++) {
			uint32_t c = cell.chars[i] ? cell.chars[i] : ' ';

			if (c < 0x80) {
				buf[n++] = (char)c;
			} else if (c < 0x800) {
				buf[n++] = (char)(0xc0 | c >> 6);
				buf[n++] = (char)(0x80 | (c & 63));
			} else if (c < 0x10000) {
				buf[n++] = (char)(0xe0 | c >> 12);
				buf[n++] = (char)(0x80 | (c >> 6 & 63));
				buf[n++] = (char)(0x80 | (c & 63));
			} else {
				buf[n++] = '?';
			}
			if (n + 8 >= size || !cell.chars[i])
				break; /* what follows the last one is not set */
		}
	}
	while (n && buf[n - 1] == ' ')
		n--;
	buf[n] = 0;
}

static bool on_screen(const struct test *t, const char *text)
{
	char buf[SCREEN_MAX_W * 4];

	for (int y = 0; y < t->h; y++) {
		row_text(t, y, buf, sizeof(buf));
		if (strstr(buf, text))
			return true;
	}
	return false;
}

static void shot(const struct test *t)
{
	char buf[SCREEN_MAX_W * 4];
	VTermPos pos;

	vterm_state_get_cursorpos(vterm_obtain_state(t->vt), &pos);
	printf("---- %dx%d", t->w, t->h);
	if (t->cursor_visible)
		printf(", cursor %d,%d\n", pos.col, pos.row);
	else
		printf(", no cursor\n");
	for (int y = 0; y < t->h; y++) {
		row_text(t, y, buf, sizeof(buf));
		printf("%s\n", buf);
	}
}

static void describe(const VTermScreenCell *cell, char *buf, size_t size)
{
	char fg[24] = "", bg[24] = "";

	if (VTERM_COLOR_IS_INDEXED(&cell->fg) && !VTERM_COLOR_IS_DEFAULT_FG(&cell->fg))
		snprintf(fg, sizeof(fg), " fg%d", cell->fg.indexed.idx);
	if (VTERM_COLOR_IS_INDEXED(&cell->bg) && !VTERM_COLOR_IS_DEFAULT_BG(&cell->bg))
		snprintf(bg, sizeof(bg), " bg%d", cell->bg.indexed.idx);
	snprintf(buf, size, "%s%s%s%s%s", cell->attrs.bold ? " bold" : "",
		 cell->attrs.underline ? " underline" : "", cell->attrs.reverse ? " reverse" : "", fg, bg);
}

/* Runs of equal attributes: "  3-12 bold fg215 | text". */
static void attrs_row(const struct test *t, int row)
{
	char text[SCREEN_MAX_W * 4], look[96], next[96];
	VTermScreenCell cell;
	int start = 0;

	for (int col = 0; col <= t->w; col++) {
		size_t n = 0;

		if (col < t->w) {
			vterm_screen_get_cell(t->screen, (VTermPos){ .row = row, .col = col }, &cell);
			describe(&cell, next, sizeof(next));
		}
		if (col && (col == t->w || strcmp(look, next))) {
			for (int i = start; i < col; i++) {
				vterm_screen_get_cell(t->screen, (VTermPos){ .row = row, .col = i }, &cell);
				text[n++] = cell.chars[0] >= 0x20 && cell.chars[0] < 0x7f ? (char)cell.chars[0] :
					    cell.chars[0] ? '?' : ' ';
			}
			text[n] = 0;
			printf("  %d-%d%s |%s|\n", start, col - 1, look, text);
			start = col;
		}
		memcpy(look, next, sizeof(look));
	}
}

static void attrs(struct test *t, const char *find)
{
	char buf[SCREEN_MAX_W * 4];
	bool found = false;

	for (int y = 0; y < t->h; y++) {
		row_text(t, y, buf, sizeof(buf));
		if (!strstr(buf, find))
			continue;
		printf("---- attributes of row %d\n", y);
		attrs_row(t, y);
		found = true;
	}
	if (!found)
		fail(t, "'%s' is not on the screen", find);
}

/* ---- input ------------------------------------------------------------------------------------------ */

static const struct { const char *name, *bytes; } keys[] = {
	{ "Up", "\033OA" }, { "Down", "\033OB" }, { "Right", "\033OC" }, { "Left", "\033OD" },
	{ "Home", "\033OH" }, { "End", "\033OF" }, { "PgUp", "\033[5~" }, { "PgDn", "\033[6~" },
	{ "Del", "\033[3~" }, { "S-Tab", "\033[Z" }, { "F1", "\033OP" }, { "F2", "\033OQ" }, { "F3", "\033OR" },
	{ "F4", "\033OS" }, { "F5", "\033[15~" }, { "F6", "\033[17~" }, { "F7", "\033[18~" }, { "F8", "\033[19~" }, { "F9", "\033[20~" },
	{ "F10", "\033[21~" }, { "F11", "\033[23~" }, { "F12", "\033[24~" }, { "Esc", "\033" },
	{ "Enter", "\r" }, { "Tab", "\t" }, { "Space", " " }, { "Backspace", "\177" },
};

static void send(struct test *t, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(t->fd, bytes, len);

		if (n < 0 && errno != EINTR)
			fail(t, "can not type: %s", strerror(errno));
		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		}
	}
}

static void send_key(struct test *t, const char *name)
{
	char c;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (!strcmp(keys[i].name, name)) {
			send(t, keys[i].bytes, strlen(keys[i].bytes));
			return;
		}
	}
	if (name[0] == 'C' && name[1] == '-' && name[2] && !name[3])
		c = name[2] & 0x1f;
	else if (name[0] && !name[1])
		c = name[0];
	else
		fail(t, "no key '%s'", name);
	send(t, &c, 1);
}

static void send_random(struct test *t, int n)
{
	bool any;

	for (int i = 0; i < n; i++) {
		char c = (char)next_random(t);

		if (c == 3 || c == 26 || c == 'q' || c == 4) /* would end or stop it, which is not asked here */
			c = 27;
		send(t, &c, 1);
		if (i % 16 == 0 && (!drain(t, 0, &any) || kill(t->pid, 0)))
			fail(t, "the program ended after %d random bytes", i);
	}
}

static void resize(struct test *t, int w, int h)
{
	struct winsize ws = { .ws_row = (unsigned short)h, .ws_col = (unsigned short)w };

	t->w = w;
	t->h = h;
	if (t->fd < 0)
		return;
	vterm_set_size(t->vt, h, w);
	ioctl(t->fd, TIOCSWINSZ, &ws);
}

static void storm(struct test *t, int n)
{
	int w = t->w, h = t->h;
	bool any;

	for (int i = 0; i < n; i++) {
		resize(t, 1 + (int)(next_random(t) % 250), 1 + (int)(next_random(t) % 100));
		if (!drain(t, (int)(next_random(t) % 4), &any))
			fail(t, "the program ended after %d resizes", i);
	}
	resize(t, w, h);
}

/* ---- the program ------------------------------------------------------------------------------------- */

static void start(struct test *t, const char *program, const char *args)
{
	struct winsize ws = { .ws_row = (unsigned short)t->h, .ws_col = (unsigned short)t->w };
	const char *build = getenv("TEST_BUILD");
	char path[4096], *argv[64] = { path, (char *)"run", (char *)"--norc" };
	char *words = strdup(args), *save, *word;
	int n = 3;

	snprintf(path, sizeof(path), "%s/%s", build ? build : "build", program);
	for (word = strtok_r(words, " ", &save); word && n < 62; word = strtok_r(NULL, " ", &save))
		argv[n++] = word;
	make_terminal(t);
	if (openpty(&t->fd, &t->tty, NULL, NULL, &ws) || tcgetattr(t->tty, &t->before))
		fail(t, "no pseudo terminal: %s", strerror(errno));
	fcntl(t->fd, F_SETFD, FD_CLOEXEC);
	t->pid = fork();
	if (t->pid < 0)
		fail(t, "can not fork: %s", strerror(errno));
	if (!t->pid) {
		login_tty(t->tty);
		execv(path, argv);
		fprintf(stderr, "can not run %s: %s\n", path, strerror(errno));
		_exit(127);
	}
	free(words);
	fcntl(t->tty, F_SETFD, FD_CLOEXEC);
}

static void wait_exit(struct test *t)
{
	unsigned long start_ms = now_ms();
	struct termios after = {0}; /* with its padding, which is compared too */
	bool any, same = false;
	int status;

	while (waitpid(t->pid, &status, WNOHANG) == 0) {
		if (t->fd >= 0)
			drain(t, 5, &any);
		else
			poll(NULL, 0, 5);
		if (now_ms() - start_ms > DEADLINE_MS)
			fail(t, "the program does not end");
	}
	t->pid = 0;
	while (drain(t, 0, &any) && any)
		;
	if (t->fd >= 0 && !tcgetattr(t->tty, &after))
		same = !memcmp(&t->before, &after, sizeof(after));
	if (WIFSIGNALED(status))
		printf("---- killed by signal %d", WTERMSIG(status));
	else
		printf("---- exit %d", WEXITSTATUS(status));
	if (t->fd >= 0)
		printf(", terminal %s, %s screen, cursor %s", same ? "as before" : "CHANGED",
		       t->altscreen ? "ALTERNATE" : "main", t->cursor_visible ? "shown" : "HIDDEN");
	printf("\n");
}

static void send_signal(struct test *t, const char *name)
{
	static const struct { const char *name; int signo; } signals[] = {
		{ "TERM", SIGTERM }, { "HUP", SIGHUP }, { "TSTP", SIGTSTP }, { "CONT", SIGCONT },
		{ "SEGV", SIGSEGV }, { "ABRT", SIGABRT }, { "INT", SIGINT }, { "QUIT", SIGQUIT },
	};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		if (!strcmp(signals[i].name, name)) {
			kill(t->pid, signals[i].signo);
			return;
		}
	}
	fail(t, "no signal '%s'", name);
}

static void wait_text(struct test *t, const char *text, bool there)
{
	unsigned long start_ms = now_ms();
	bool any;

	while (on_screen(t, text) != there) {
		if (!drain(t, 20, &any) || (!any && !settle(t) && on_screen(t, text) != there)) {
			shot(t);
			fail(t, "the program ended; '%s' is %s the screen", text, there ? "not on" : "still on");
		}
		if (now_ms() - start_ms > DEADLINE_MS) {
			shot(t);
			fail(t, "'%s' is %s the screen", text, there ? "not on" : "still on");
		}
	}
}

static void idle(struct test *t, unsigned long ms)
{
	unsigned long start_ms = now_ms(), before = t->written;
	bool any;

	while (now_ms() - start_ms < ms && drain(t, 20, &any))
		;
	printf("---- idle: %lu bytes written\n", t->written - before);
}

/* ---- the script ---------------------------------------------------------------------------------------- */

static void run_line(struct test *t, char *line)
{
	char *arg = line + strcspn(line, " "), *word, *save;
	int w, h, n;

	if (*arg)
		*arg++ = 0;
	if (!strcmp(line, "size") && sscanf(arg, "%dx%d", &w, &h) == 2 && w < SCREEN_MAX_W) {
		resize(t, w, h);
	} else if (!strcmp(line, "env") && strchr(arg, '=')) {
		putenv(strdup(arg));
	} else if (!strcmp(line, "run")) {
		start(t, "tests/vmscope-fake", arg);
	} else if (!strcmp(line, "real")) {
		if (access("/dev/kvm", R_OK | W_OK)) {
			printf("no access to /dev/kvm\n");
			exit(77);
		}
		start(t, "vmscope", arg);
	} else if (!t->pid && strcmp(line, "shot")) { /* what a program left may be seen, too */
		fail(t, "'%s' before run", line);
	} else if (!strcmp(line, "key")) {
		for (word = strtok_r(arg, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
			send_key(t, word);
			settle(t);
		}
	} else if (!strcmp(line, "type")) {
		send(t, arg, strlen(arg));
	} else if (!strcmp(line, "wait") || !strcmp(line, "gone")) {
		wait_text(t, arg, line[0] == 'w');
	} else if (!strcmp(line, "shot")) {
		shot(t);
	} else if (!strcmp(line, "attrs")) {
		attrs(t, arg);
	} else if (!strcmp(line, "idle")) {
		idle(t, (unsigned long)atoi(arg));
	} else if (!strcmp(line, "storm")) {
		storm(t, atoi(arg));
	} else if (!strcmp(line, "random")) {
		if (sscanf(arg, "%d %u", &n, &t->seed) != 2)
			fail(t, "random takes a number and a seed");
		send_random(t, n);
	} else if (!strcmp(line, "signal")) {
		send_signal(t, arg);
	} else if (!strcmp(line, "hangup")) {
		close(t->tty);
		close(t->fd);
		t->fd = -1;
	} else if (!strcmp(line, "exit")) {
		wait_exit(t);
	} else {
		fail(t, "what is '%s %s'?", line, arg);
	}
	if (t->pid > 0 && t->fd >= 0 && strcmp(line, "idle"))
		settle(t);
}

int main(int argc, char **argv)
{
	struct test t = { .name = argc > 1 ? argv[1] : "", .w = 80, .h = 24, .fd = -1, .seed = 1 };
	char line[4096];
	FILE *file;

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	if (argc != 2 || !(file = fopen(argv[1], "re"))) {
		fprintf(stderr, "usage: screentest CASE.keys\n");
		return 2;
	}
	while (fgets(line, sizeof(line), file)) {
		t.line++;
		line[strcspn(line, "\n")] = 0;
		if (line[0] && line[0] != '#')
			run_line(&t, line);
	}
	fclose(file);
	if (t.pid > 0) {
		kill(t.pid, SIGKILL);
		waitpid(t.pid, NULL, 0);
	}
	if (t.vt)
		vterm_free(t.vt);
	return 0;
}

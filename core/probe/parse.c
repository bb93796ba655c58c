/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Clauses of probe files, and errors that point into them. */
#include "core/probe/program.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/probe/parser.h"

#define SHOWN_LINE 100
#define SPECS_MAX 64

unsigned program_line(const struct program *program, unsigned at)
{
	unsigned line = 1;

	for (const char *s = program->text; s < program->text + at && *s; s++)
		line += *s == '\n';
	return line;
}

struct error *program_error(const struct program *program, unsigned at, enum error_code code,
			    const char *fmt, ...)
{
	const char *start = program->text + at;
	struct text shown = { 0 };
	va_list ap;

	va_start(ap, fmt);
	_free_ char *what = NULL;
	if (vasprintf(&what, fmt, ap) < 0)
		what = NULL;
	va_end(ap);
	while (start > program->text && start[-1] != '\n')
		start--;
	unsigned column = program->text + at - start, from = 0;
	if (column > SHOWN_LINE * 3 / 4)
		from = column - SHOWN_LINE * 3 / 4;
	for (unsigned i = from; start[i] && start[i] != '\n' && i < from + SHOWN_LINE; i++) {
		char c = iscntrl((unsigned char)start[i]) ? ' ' : start[i];
		text_add(&shown, &c, 1);
	}
	struct error *error = error_create(code, "%s:%u:%u: %s\n    %s\n%*s^", program->name,
					   program_line(program, at), column + 1,
					   what ? what : "syntax error", text_str(&shown),
					   4 + (int)(column - from), "");
	text_deinit(&shown);
	return error;
}

/* The sentence of an expression's error ends in " (column N)", then come the text and a caret. */
struct error *program_expr_error(const struct program *program, unsigned at, struct error *error)
{
	static const char mark[] = " (column ";
	_free_ char *what = xstrdup(error_message(error));
	_free_ char *hint = error_hint_text(error) ? xstrdup(error_hint_text(error)) : NULL;
	enum error_code code = error_code(error);
	unsigned column = 1;
	char *place;

	what[strcspn(what, "\n")] = '\0';
	place = strstr(what, mark);
	for (char *next = place; next; next = strstr(next + 1, mark))
		place = next;
	if (place) {
		column = atoi(place + sizeof(mark) - 1);
		*place = '\0';
	}
	/* Columns count characters. */
	const char *s = program->text + at;
	while (column > 1 && *s) {
		s++;
		column -= ((unsigned char)*s & 0xc0) != 0x80;
	}
	error_destroy(error);
	error = program_error(program, s - program->text, code, "%s", what);
	return hint ? error_hint(error, "%s", hint) : error;
}

char *program_spec_text(const struct program_spec *spec)
{
	return xasprintf("%s:%s%s%s", spec->provider, spec->name, spec->location ? " " : "",
			 spec->location ? spec->location : "");
}

static bool is_spec_char(const char *s)
{
	return *s && !isspace((unsigned char)*s) && !strchr(",/{};", *s) && !(s[0] == '-' && s[1] == '>');
}

static struct error *parse_spec(struct reader_pos *p, struct program_spec *spec)
{
	size_t len = 0;

	parser_skip(p);
	spec->at = parser_at(p);
	spec->provider = parser_name(p);
	if (!spec->provider)
		return error_hint(parser_fail(p, "expected an event"),
				  "events are PROVIDER:NAME, such as kvm:exit; `vmscope probes` lists them");
	if (*p->at != ':')
		return error_hint(parser_fail(p, "expected ':' and an event's name after '%s'", spec->provider),
				  "clauses are EVENT / CONDITION / { ACTIONS }, BEGIN, END and `every TIME`");
	p->at++;
	while (is_spec_char(p->at + len))
		len++;
	if (!len)
		return parser_fail(p, "expected an event's name after ':'");
	spec->name = xstrndup(p->at, len);
	p->at += len;
	if (strcmp(spec->provider, "guest") != 0)
		return NULL;
	/* A location ends at a comma, at a block, or at a '/' with a blank before it. */
	parser_skip(p);
	len = 0;
	while (p->at[len] && !strchr(",{\n", p->at[len]) &&
	       !(p->at[len] == '/' && len && isspace((unsigned char)p->at[len - 1])))
		len++;
	const char *next = p->at + len;
	while (len && isspace((unsigned char)p->at[len - 1]))
		len--;
	if (!len)
		return parser_fail(p, "guest:%s wants a location: guest:break main", spec->name);
	spec->location = xstrndup(p->at, len);
	p->at = next;
	return NULL;
}

static struct error *parse_pred(struct reader_pos *p, struct program_clause *c)
{
	struct error *error;

	if (!parser_accept(p, '/'))
		return NULL;
	error = parser_expr(p, "/", &c->pred);
	return error ? error : parser_expect(p, '/', "the condition");
}

static struct error *parse_event(struct reader_pos *p, struct program_clause *c)
{
	struct error *error;

	do {
		vec_push(&c->specs, (struct program_spec){ 0 });
		error = parse_spec(p, &c->specs.data[c->specs.len - 1]);
		if (!error && c->specs.len > SPECS_MAX)
			error = parser_fail(p, "more than %d events in a clause", SPECS_MAX);
	} while (!error && parser_accept(p, ','));
	if (!error)
		error = parse_pred(p, c);
	return error ? error : parser_block(p, &c->body);
}

/* "if EXPR" of a step: up to the next arrow, `within` or the '/' before the block. */
static struct error *parse_step_cond(struct reader_pos *p, struct program_spec *step)
{
	struct error *error;

	if (!parser_word(p, "if"))
		return NULL;
	error = parser_expr(p, "/>", &step->cond);
	if (error)
		return error;
	char *limit = strstr(step->cond.text, " within ");
	if (limit) {
		p->at = p->program->text + step->cond.at + (limit - step->cond.text);
		*limit = '\0';
	}
	return NULL;
}

static struct error *parse_sequence(struct reader_pos *p, struct program_clause *c)
{
	struct error *error = NULL;

	parser_skip(p);
	if (*p->at != '/') {
		error = parser_expr(p, "/", &c->key);
		/* Its '/' has steps behind it, not a block: what was read goes up to the second one. */
		char *slash = error ? NULL : strchr(c->key.text, '/');
		if (slash) {
			p->at = p->program->text + c->key.at + (slash - c->key.text);
			*slash = '\0';
			for (char *end = slash; end > c->key.text && isspace((unsigned char)end[-1]);)
				*--end = '\0';
		}
	}
	if (!error)
		error = parser_expect(p, '/', "sequence");
	while (!error) {
		vec_push(&c->specs, (struct program_spec){ 0 });
		struct program_spec *step = &c->specs.data[c->specs.len - 1];
		error = parse_spec(p, step);
		if (!error)
			error = parse_step_cond(p, step);
		if (!error && c->specs.len > SPECS_MAX)
			error = parser_fail(p, "more than %d steps in a sequence", SPECS_MAX);
		parser_skip(p);
		if (error || p->at[0] != '-' || p->at[1] != '>')
			break;
		p->at += 2;
	}
	if (!error && c->specs.len < 2)
		error = parser_fail(p, "a sequence wants at least two events with '->' between them");
	if (!error && parser_word(p, "within"))
		error = parser_time(p, &c->time_ns);
	if (!error)
		error = parser_expect(p, '/', "the steps of a sequence");
	return error ? error : parser_block(p, &c->body);
}

static struct error *parse_invariant(struct reader_pos *p, struct program_clause *c)
{
	struct error *error = NULL;

	c->title = parser_string(p, "the invariant", &error);
	if (!error)
		error = parser_expect(p, '{', "the invariant's name");
	while (!error && !parser_accept(p, '}')) {
		vec_push(&c->specs, (struct program_spec){ 0 });
		struct program_spec *spec = &c->specs.data[c->specs.len - 1];
		error = parse_spec(p, spec);
		if (!error && !parser_word(p, "requires"))
			error = parser_fail(p, "expected `requires CONDITION;` after the event");
		if (!error)
			error = parser_expr(p, ";}", &spec->cond);
		if (!error && c->specs.len > SPECS_MAX)
			error = parser_fail(p, "more than %d events in an invariant", SPECS_MAX);
		parser_accept(p, ';');
	}
	if (!error && !c->specs.len)
		error = parser_fail(p, "an invariant wants at least one `EVENT requires CONDITION;`");
	return error;
}

static struct error *parse_clause(struct reader_pos *p, struct program_clause *c)
{
	c->at = parser_at(p);
	if (parser_word(p, "BEGIN")) {
		c->kind = CLAUSE_BEGIN;
		return parser_block(p, &c->body);
	}
	if (parser_word(p, "END")) {
		c->kind = CLAUSE_END;
		return parser_block(p, &c->body);
	}
	if (parser_word(p, "every")) {
		c->kind = CLAUSE_EVERY;
		struct error *error = parser_time(p, &c->time_ns);
		if (!error && c->time_ns < 1000000)
			error = parser_fail(p, "`every` goes down to 1ms");
		return error ? error : parser_block(p, &c->body);
	}
	if (parser_word(p, "sequence")) {
		c->kind = CLAUSE_SEQUENCE;
		return parse_sequence(p, c);
	}
	if (parser_word(p, "invariant")) {
		c->kind = CLAUSE_INVARIANT;
		return parse_invariant(p, c);
	}
	c->kind = CLAUSE_EVENT;
	return parse_event(p, c);
}

static void number(void *ctx, struct program_expr *e)
{
	struct program_clause *c = ctx;

	e->id = c->nexprs++;
}

struct error *program_parse(const char *name, const char *text, struct program **ret)
{
	struct program *program = xcalloc(1, sizeof(*program));
	struct reader_pos p = { .program = program };
	struct error *error = NULL;

	program->name = xstrdup(name);
	if (strnlen(text, PROGRAM_TEXT_MAX + 1) > PROGRAM_TEXT_MAX) {
		error = error_create(ERROR_SYNTAX, "%s is longer than %u KiB", name, PROGRAM_TEXT_MAX >> 10);
	} else {
		program->text = xstrdup(text);
		p.at = program->text;
	}
	while (!error && (parser_skip(&p), *p.at)) {
		if (program->clauses.len == PROGRAM_CLAUSES_MAX) {
			error = parser_fail(&p, "more than %d clauses", PROGRAM_CLAUSES_MAX);
			break;
		}
		struct program_clause *c = xcalloc(1, sizeof(*c));
		vec_push(&program->clauses, c);
		error = parse_clause(&p, c);
		program_each_expr(c, number, c);
	}
	if (!error && !program->clauses.len)
		error = error_create(ERROR_SYNTAX, "%s: nothing is in it", name);
	if (error) {
		program_destroy(program);
		return error;
	}
	*ret = program;
	return NULL;
}

/* The name in messages: of a memory file its own. */
static char *name_of(int fd, const char *path)
{
	_free_ char *self = xasprintf("/proc/self/fd/%d", fd);
	char link[64];
	ssize_t len = readlink(self, link, sizeof(link) - 1);

	if (len <= 0 || strncmp(link, "/memfd:", 7) != 0)
		return xstrdup(path);
	link[len] = '\0';
	return xstrndup(link + 7, strcspn(link + 7, " "));
}

struct error *program_load(const char *path, struct program **ret)
{
	struct stat st;
	struct error *error = NULL;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return error_errno(errno, "cannot open probe file %s", path);
	_free_ char *text = xcalloc(1, PROGRAM_TEXT_MAX + 2);
	size_t len = 0;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		error = error_create(ERROR_FAILED, "%s is not a regular file", path);
	while (!error && len <= PROGRAM_TEXT_MAX) {
		ssize_t n = read(fd, text + len, PROGRAM_TEXT_MAX + 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			error = error_errno(errno, "cannot read %s", path);
		if (n <= 0)
			break;
		len += n;
	}
	_free_ char *name = error ? NULL : name_of(fd, path);
	close(fd);
	if (!error && memchr(text, '\0', len))
		error = error_create(ERROR_SYNTAX, "%s is not text: it holds NUL bytes", path);
	return error ? error : program_parse(name, text, ret);
}

static void clause_destroy(struct program_clause *c)
{
	for (size_t i = 0; i < c->specs.len; i++) {
		free(c->specs.data[i].provider);
		free(c->specs.data[i].name);
		free(c->specs.data[i].location);
		program_expr_deinit(&c->specs.data[i].cond);
	}
	vec_free(&c->specs);
	program_expr_deinit(&c->pred);
	program_expr_deinit(&c->key);
	program_block_deinit(&c->body);
	free(c->title);
	free(c);
}

void program_destroy(struct program *program)
{
	if (!program)
		return;
	for (size_t i = 0; i < program->clauses.len; i++)
		clause_destroy(program->clauses.data[i]);
	vec_free(&program->clauses);
	free(program->name);
	free(program->text);
	free(program);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/readline.h>

#include "core/base/vec.h"
#include "core/command/command.h"

#define COMPLETIONS_MAX 400

/* readline calls back without context; this is the only place that bridges it. */
static const struct editor_client *client;

/* ---- completion --------------------------------------------------------------------------------- */

struct matches {
	VEC(char *) list;	/* [0] is the common prefix, as readline wants it */
	const char *line;
	size_t start;		/* of readline's word; the commands' word may start elsewhere */
	size_t *word;
};

static void add_match(void *ctx, const struct completion *c)
{
	struct matches *m = ctx;
	size_t skip, len = strlen(c->text);

	if (*m->word > m->start) {
		vec_push(&m->list, xasprintf("%.*s%s", (int)(*m->word - m->start), m->line + m->start, c->text));
		return;
	}
	skip = m->start - *m->word;
	vec_push(&m->list, xstrdup(c->text + (skip < len ? skip : len)));
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void drop_duplicates(struct matches *m)
{
	size_t kept = 1;

	qsort(m->list.data + 1, m->list.len - 1, sizeof(char *), compare);
	for (size_t i = 1; i < m->list.len; i++) {
		if (kept > 1 && !strcmp(m->list.data[kept - 1], m->list.data[i]))
			free(m->list.data[i]);
		else
			m->list.data[kept++] = m->list.data[i];
	}
	m->list.len = kept;
}

static char **complete(const char *text, int start, int end)
{
	size_t word = start, common;
	struct matches m = { .line = rl_line_buffer, .start = start, .word = &word };
	const char *first;

	rl_attempted_completion_over = 1; /* never file names where none are wanted */
	if (!client || !client->session)
		return NULL;
	vec_push(&m.list, NULL);
	command_complete(client->session, rl_line_buffer, end, &word, add_match, &m, COMPLETIONS_MAX);
	if (m.list.len == 1) {
		vec_free(&m.list);
		return NULL;
	}
	drop_duplicates(&m);
	first = m.list.data[1];
	common = strlen(first);
	for (size_t i = 2; i < m.list.len; i++)
		for (size_t j = 0; j < common; j++)
			if (m.list.data[i][j] != first[j])
				common = j;
	m.list.data[0] = xstrndup(first, common);
	rl_completion_append_character = first[strlen(first) - 1] == '/' ? 0 : ' ';
	if (m.list.len == 2) { /* one match: readline takes it from [0] alone */
		free(m.list.data[1]);
		m.list.len = 1;
	}
	vec_push(&m.list, NULL);
	return m.list.data; /* readline frees it */
}

/* ---- what readline calls ------------------------------------------------------------------------ */

static void on_line(char *line)
{
	if (client)
		client->line(client->ctx, line);
	else
		free(line);
}

static int on_getc(FILE *stream)
{
	return client->read_byte(client->ctx);
}

static int on_input_available(void)
{
	return client->has_byte(client->ctx);
}

static void on_redisplay(void)
{
	client->redisplay(client->ctx);
}

static void on_matches(char **matches, int n, int max_len)
{
	if (client->matches)
		client->matches(client->ctx, matches + 1, n);
	rl_forced_update_display();
}

void editor_attach(const struct editor_client *new_client)
{
	client = new_client;
	rl_readline_name = "vmscope";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0; /* else it exports LINES and COLUMNS, and later resizes lie */
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t";
	rl_completion_query_items = COMPLETIONS_MAX + 1; /* bounded: never ask */
	if (!client->read_byte)
		return;
	rl_prep_term_function = NULL;	/* curses owns the terminal's modes */
	rl_deprep_term_function = NULL;
	rl_outstream = fopen("/dev/null", "we");
	rl_getc_function = on_getc;
	rl_input_available_hook = on_input_available;
	rl_redisplay_function = on_redisplay;
	rl_completion_display_matches_hook = on_matches;
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_variable_bind("bell-style", "none");
}

void editor_detach(void)
{
	rl_callback_handler_remove();
	if (client && client->read_byte && rl_outstream) {
		fclose(rl_outstream);
		rl_outstream = NULL;
	}
	client = NULL;
}

void editor_prompt(const char *prompt)
{
	rl_callback_handler_install(prompt, on_line);
}

void editor_hide(void)
{
	rl_callback_handler_remove();
}

void editor_feed(void)
{
	rl_callback_read_char();
}

void editor_drop_line(void)
{
	rl_free_line_state();
	rl_callback_sigcleanup();
	rl_replace_line("", 0);
	rl_crlf();
	rl_on_new_line();
	rl_redisplay();
}

void editor_clear(void)
{
	rl_free_line_state();
	rl_callback_sigcleanup();
	rl_replace_line("", 1);
	rl_point = rl_end = 0;
	rl_forced_update_display();
}

void editor_insert(const char *text)
{
	rl_insert_text(text);
	rl_forced_update_display();
}

void editor_resized(void)
{
	rl_resize_terminal();
}

bool editor_is_vi(void)
{
	return !rl_editing_mode; /* readline: 0 vi, 1 emacs */
}

const char *editor_shown_prompt(void)
{
	return rl_display_prompt ? rl_display_prompt : "";
}

const char *editor_text(void)
{
	return rl_line_buffer ? rl_line_buffer : "";
}

int editor_cursor(void)
{
	return rl_point;
}

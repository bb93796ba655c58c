/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/editor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "core/base/vec.h"
#include "core/command/command.h"

#define COMPLETIONS_MAX 400
#define K_UNDO 0x1f	/* Ctrl-_ */

/* readline calls back without context; this is the only place that bridges it. */
static struct {
	const struct editor_client *client;
	bool touched_history;	/* this line searched the history or moved in it */
	bool muted;		/* a line was accepted: no prompt until the next is asked for */
} editor;

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
	if (!editor.client || !editor.client->session)
		return NULL;
	vec_push(&m.list, NULL);
	command_complete(editor.client->session, rl_line_buffer, end, &word, add_match, &m, COMPLETIONS_MAX);
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
	rl_completion_append_character = *first && first[strlen(first) - 1] == '/' ? 0 : ' ';
	if (m.list.len == 2) { /* one match: readline takes it from [0] alone */
		free(m.list.data[1]);
		m.list.len = 1;
	}
	vec_push(&m.list, NULL);
	return m.list.data; /* readline frees it */
}

/* ---- what readline calls ------------------------------------------------------------------------ */

static void on_end_of_input(char *line)
{
	free(line); /* lines come from accept_line() */
	editor.muted = true;
	if (editor.client && !line)
		editor.client->line(editor.client->ctx, NULL);
}

static int on_getc(FILE *stream)
{
	return editor.client->read_byte(editor.client->ctx);
}

static int on_input_available(void)
{
	return editor.client->has_byte(editor.client->ctx);
}

static void on_redisplay(void)
{
	if (editor.client->redisplay)
		editor.client->redisplay(editor.client->ctx);
	else if (!editor.muted)
		rl_redisplay();
}

static void on_matches(char **matches, int n, int max_len)
{
	if (editor.client->matches)
		editor.client->matches(editor.client->ctx, matches + 1, n);
	rl_forced_update_display();
}

void editor_attach(const struct editor_client *new_client)
{
	editor.client = new_client;
	rl_readline_name = "vmscope";
	rl_catch_signals = 0;
	rl_catch_sigwinch = 0;
	rl_change_environment = 0; /* else it exports LINES and COLUMNS, and later resizes lie */
	rl_attempted_completion_function = complete;
	rl_completer_word_break_characters = " \t";
	rl_completion_query_items = COMPLETIONS_MAX + 1; /* bounded: never ask */
	rl_redisplay_function = on_redisplay;
	if (!editor.client->read_byte)
		return;
	rl_prep_term_function = NULL;	/* curses owns the terminal's modes */
	rl_deprep_term_function = NULL;
	rl_outstream = fopen("/dev/null", "we");
	rl_getc_function = on_getc;
	rl_input_available_hook = on_input_available;
	rl_completion_display_matches_hook = on_matches;
	rl_variable_bind("enable-bracketed-paste", "off");
	rl_variable_bind("bell-style", "none");
}

void editor_detach(void)
{
	rl_callback_handler_remove();
	if (editor.client && editor.client->read_byte && rl_outstream) {
		fclose(rl_outstream);
		rl_outstream = NULL;
	}
	editor.client = NULL;
}

void editor_settle(void)
{
	rl_callback_sigcleanup();
}

/*
 * Back to an empty line. readline 8.2 keeps undo lists of the line, of each history entry that was shown
 * and of the line that was left for the history, and after a search some of them are the same one twice:
 * its own way to end a line then frees memory it has freed already. Where that may be so the lists are
 * forgotten instead, a few bytes each.
 */
static void reset_line(void)
{
	HIST_ENTRY **entries = history_list();

	editor_settle();
	if (!editor.touched_history) {
		rl_free_line_state();
	} else {
		for (; entries && *entries; entries++)
			(*entries)->data = NULL;
		rl_maybe_unsave_line();
		rl_undo_list = NULL;
	}
	rl_replace_line("", 1);
	using_history();
	rl_point = rl_end = rl_mark = 0;
	editor.touched_history = false;
}

/* What Enter does, instead of rl_newline(), which reverts the line by those lists. */
static int accept_line(int count, int key)
{
	char *line = xstrdup(rl_line_buffer);

	reset_line();
	if (!editor.client->read_byte) {
		rl_crlf();
		rl_on_new_line();
		editor.muted = true;
	}
	editor.client->line(editor.client->ctx, line);
	return 0;
}

/* The same lists: after the history was used, what there is to undo may be gone. */
static int undo(int count, int key)
{
	return editor.touched_history ? rl_ding() : rl_undo_command(count, key);
}

static void bind_keys(void)
{
	/* Macros and non-incremental searches crash readline 8.2 in callback mode; vi mode by accident (M-C-j)
	 * is left to ~/.inputrc. */
	static const char *const broken[] = {
		"non-incremental-forward-search-history", "non-incremental-reverse-search-history",
		"non-incremental-forward-search-history-again", "non-incremental-reverse-search-history-again",
		"start-kbd-macro", "end-kbd-macro", "call-last-kbd-macro", "print-last-kbd-macro",
		"operate-and-get-next", "vi-editing-mode", "emacs-editing-mode", "undo", "revert-line", "vi-undo",
	};
	static const struct { const char *name; bool has_enter; } maps[] = {
		{ "emacs-standard", true }, { "emacs-meta", false }, { "emacs-ctlx", false },
		{ "vi-insert", true }, { "vi-command", true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		Keymap map = rl_get_keymap_by_name(maps[i].name);

		for (size_t j = 0; map && j < ARRAY_SIZE(broken); j++)
			if (rl_named_function(broken[j]))
				rl_unbind_function_in_map(rl_named_function(broken[j]), map);
		if (!map || !maps[i].has_enter)
			continue;
		if (i == 0)
			rl_bind_key_in_map(K_UNDO, undo, map);
		rl_bind_key_in_map('\r', accept_line, map);
		rl_bind_key_in_map('\n', accept_line, map);
	}
}

void editor_prompt(const char *prompt)
{
	bool first = !rl_line_buffer;

	if (!first)
		reset_line();
	if (!first && !editor.client->read_byte)
		rl_on_new_line(); /* others wrote to the terminal meanwhile */
	editor.muted = false;
	rl_callback_handler_install(prompt, on_end_of_input);
	if (first) /* after ~/.inputrc was read */
		bind_keys();
}

void editor_hide(void)
{
	rl_callback_handler_remove();
}

void editor_feed(void)
{
	rl_callback_read_char();
	if (RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH) || where_history() != history_length)
		editor.touched_history = true;
}

enum editor_verdict editor_check(unsigned char *bytes, unsigned len)
{
	rl_command_func_t *function;
	int type = ISFUNC;

	if (RL_ISSTATE(RL_STATE_CHARSEARCH | RL_STATE_VIMOTION | RL_STATE_MOREINPUT))
		return EDITOR_WHOLE; /* it reads keys itself there */
	function = rl_function_of_keyseq_len((char *)bytes, len, NULL, &type);
	if (type == ISFUNC && function == rl_do_lowercase_version) {
		bytes[len - 1] |= 0x20;
		function = rl_function_of_keyseq_len((char *)bytes, len, NULL, &type);
	}
	if (type == ISKMAP)
		return len == 1 && bytes[0] == 27 ? EDITOR_WHOLE : EDITOR_PREFIX;
	return type == ISMACR || function ? EDITOR_WHOLE : EDITOR_NOTHING;
}

void editor_drop_line(void)
{
	reset_line();
	rl_crlf();
	rl_on_new_line();
	rl_redisplay();
}

void editor_clear(void)
{
	reset_line();
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

void editor_conceal(void)
{
	rl_clear_visible_line();
	fflush(rl_outstream ? rl_outstream : stdout);
}

void editor_reveal(void)
{
	rl_on_new_line();
	rl_redisplay();
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

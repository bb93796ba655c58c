/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/prompt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "ui/editor.h"
#include "ui/history.h"

#define QUEUE_SIZE 256

struct prompt {
	struct session *session;
	struct prompt_events events;
	struct editor_client client;
	unsigned char queue[QUEUE_SIZE]; /* bytes of one key on their way to readline */
	unsigned head, len;
	unsigned char prefix[64]; /* of a key of several, C-x */
	unsigned nprefix;
	char *label;
	char *line;		/* accepted, and not yet handed on: readline is still on the stack */
	bool has_line, ended;
	int left;		/* cells scrolled away when the line is longer than the row */

	bool asking;
	char *question, *saved;	/* @saved: the command that was being typed */
	prompt_answer_fn answer, change;
	void *answer_ctx;
};

static int on_read(void *ctx)
{
	struct prompt *p = ctx;

	if (!p->len)
		return EOF;
	p->len--;
	return p->queue[p->head++ % QUEUE_SIZE];
}

static bool on_has_byte(void *ctx)
{
	return ((struct prompt *)ctx)->len > 0;
}

static void on_line(void *ctx, char *line)
{
	struct prompt *p = ctx;

	free(p->line);
	p->line = line;
	p->has_line = line != NULL;
	p->ended = line == NULL;
}

static void on_redisplay(void *ctx)
{
	struct prompt *p = ctx;

	p->events.changed(p->events.ctx);
}

static void on_matches(void *ctx, char **matches, size_t n)
{
	struct prompt *p = ctx;

	p->events.matches(p->events.ctx, matches, n);
}

struct prompt *prompt_create(struct session *session, const struct prompt_events *events)
{
	struct prompt *p = xcalloc(1, sizeof(*p));

	p->session = session;
	p->events = *events;
	p->label = xstrdup("(vmscope) ");
	p->client = (struct editor_client){
		.ctx = p, .session = session, .line = on_line, .read_byte = on_read,
		.has_byte = on_has_byte, .redisplay = on_redisplay, .matches = on_matches,
	};
	editor_attach(&p->client);
	history_load();
	editor_prompt(p->label);
	return p;
}

void prompt_destroy(struct prompt *p)
{
	if (!p)
		return;
	history_save();
	editor_detach();
	free(p->label);
	free(p->line);
	free(p->question);
	free(p->saved);
	free(p);
}

/* Back from a question to the command that was being typed. */
static void end_question(struct prompt *p, const char *text)
{
	prompt_answer_fn answer = p->answer;

	p->asking = false;
	p->client.session = p->session;
	editor_prompt(p->label);
	editor_insert(p->saved);
	free(p->saved);
	p->saved = NULL;
	answer(p->answer_ctx, text);
}

/* Puts the bytes of a whole key (C-x and the next one are one) where readline finds them. */
static bool queue_key(struct prompt *p, const struct key *key)
{
	enum editor_verdict verdict;

	for (unsigned i = 0; i < key->len && p->nprefix < sizeof(p->prefix); i++)
		p->prefix[p->nprefix++] = key->bytes[i];
	verdict = p->prefix[0] >= 0x80 ? EDITOR_WHOLE : editor_check(p->prefix, p->nprefix);
	if (verdict == EDITOR_PREFIX && p->nprefix < sizeof(p->prefix))
		return false;
	for (unsigned i = 0; i < p->nprefix && verdict == EDITOR_WHOLE; i++)
		p->queue[(p->head + p->len++) % QUEUE_SIZE] = p->prefix[i];
	p->nprefix = 0;
	return verdict == EDITOR_WHOLE;
}

void prompt_key(struct prompt *p, const struct key *key)
{
	bool was_asking = p->asking;

	/* Bytes that are no text (readline's vi mode would never come back from them). */
	if (key->code == K_OTHER && key->bytes[0] >= 0x80)
		return;
	if (!queue_key(p, key))
		return;
	while (p->len && !p->has_line && !p->ended)
		editor_feed();
	p->len = 0;
	if (p->ended) {
		p->ended = false;
		if (p->asking)
			end_question(p, NULL);
		else
			p->events.ended(p->events.ctx);
		return;
	}
	if (p->has_line) {
		char *line = p->line;

		p->line = NULL;
		p->has_line = false;
		if (p->asking) {
			end_question(p, line);
		} else {
			history_note(line);
			p->events.command(p->events.ctx, line);
		}
		free(line);
		return;
	}
	if (was_asking && p->asking && p->change)
		p->change(p->answer_ctx, editor_text());
}

void prompt_clear(struct prompt *p)
{
	if (p->asking)
		prompt_cancel(p);
	else
		editor_clear();
}

void prompt_leave(struct prompt *p)
{
	p->nprefix = 0;
	editor_settle();
}

void prompt_insert(struct prompt *p, const char *text)
{
	editor_insert(text);
}

bool prompt_empty(const struct prompt *p)
{
	return !*editor_text();
}

bool prompt_wants_escape(const struct prompt *p)
{
	return editor_is_vi() && !p->asking;
}

void prompt_ask(struct prompt *p, const char *label, prompt_answer_fn answer, prompt_answer_fn change,
		void *ctx)
{
	if (p->asking)
		prompt_cancel(p);
	p->saved = xstrdup(editor_text());
	free(p->question);
	p->question = xstrdup(label);
	p->answer = answer;
	p->change = change;
	p->answer_ctx = ctx;
	p->asking = true;
	p->client.session = NULL; /* commands do not complete a search */
	editor_prompt(p->question);
}

bool prompt_asking(const struct prompt *p)
{
	return p->asking;
}

void prompt_cancel(struct prompt *p)
{
	if (p->asking)
		end_question(p, NULL);
}

void prompt_set_label(struct prompt *p, const char *label)
{
	if (!strcmp(p->label, label))
		return;
	free(p->label);
	p->label = xstrdup(label);
	if (!p->asking)
		editor_prompt(p->label);
}

int prompt_draw(struct prompt *p, const struct area *row, bool focused)
{
	const char *label = editor_shown_prompt(), *text = editor_text();
	int label_cells = text_cells(label, strlen(label));
	int cursor = label_cells + text_cells(text, (size_t)editor_cursor());
	int role = focused ? UI_PROMPT : ROLE_DIM;

	/* Keep the cursor in the row, and the label as long as there is room for both. */
	if (cursor - p->left >= row->w)
		p->left = cursor - row->w + 1 + row->w / 4;
	if (cursor < p->left)
		p->left = cursor > row->w / 4 ? cursor - row->w / 4 : 0;
	if (cursor < row->w)
		p->left = 0;
	area_fill(row, 0, 0, row->w, ROLE_TEXT);
	area_text(row, 0, -p->left, role, -1, label, strlen(label));
	area_text(row, 0, label_cells - p->left, focused ? ROLE_TEXT : ROLE_DIM, -1, text, strlen(text));
	return cursor - p->left;
}

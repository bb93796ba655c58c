/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/history.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <readline/history.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"

/* "$VAR/vmscope" or "$HOME/FALLBACK/vmscope" (the XDG rule: relative values are ignored). */
static char *xdg_dir(const char *var, const char *fallback)
{
	const char *base = getenv(var), *home = getenv("HOME");

	if (base && base[0] == '/')
		return xasprintf("%s/vmscope", base);
	if (!home || home[0] != '/')
		return NULL;
	return xasprintf("%s/%s/vmscope", home, fallback);
}

char *config_file_path(void)
{
	_free_ char *dir = xdg_dir("XDG_CONFIG_HOME", ".config");

	return dir ? xasprintf("%s/init", dir) : NULL;
}

static void make_parents(char *path)
{
	for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = 0;
		mkdir(path, 0700); /* mostly there; write_history() says when it did not work */
		*p = '/';
	}
}

static char *history_path(void)
{
	_free_ char *dir = xdg_dir("XDG_STATE_HOME", ".local/state");

	return dir ? xasprintf("%s/history", dir) : NULL;
}

void history_load(void)
{
	_free_ char *path = history_path();

	using_history();
	stifle_history(HISTORY_LINES_MAX);
	if (path)
		read_history(path); /* none yet: starts empty */
}

void history_note(const char *line)
{
	const HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;

	if (line[strspn(line, " \t")] && (!last || strcmp(last->line, line)))
		add_history(line);
}

void history_save(void)
{
	_free_ char *path = history_path();
	mode_t mask;

	if (!path)
		return;
	make_parents(path);
	mask = umask(0077);
	write_history(path);
	umask(mask);
}

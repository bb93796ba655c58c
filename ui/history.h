/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prompt's history in $XDG_STATE_HOME/vmscope/history, and the init file's place. */
#pragma once

#define HISTORY_LINES_MAX 2000

void history_load(void);
void history_note(const char *line);	/* not when empty or equal to the last one */
void history_save(void);

/* "$XDG_CONFIG_HOME/vmscope/init" or below ~/.config; NULL when there is no home. Caller frees. */
char *config_file_path(void);

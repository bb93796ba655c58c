/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The terminal: into the full screen and out of it, on every path. A fatal signal restores it too, with
 * nothing but write() and tcsetattr(); for that term.c keeps the one copy of what to restore.
 */
#pragma once

#include <stdbool.h>

#include "core/base/error.h"

/* Whether the terminal can address its cursor; else plain mode is what works. */
bool term_usable(void);

/* Signals are blocked by the caller (signals_block()), so curses' own handlers never run. */
struct error *term_open(void);
void term_close(void); /* idempotent */

/* Takes the terminal's size of now; false when it did not change. */
bool term_resize(void);
/* The next frame paints everything: the terminal may show anything now. */
void term_redraw(void);
/* Leaves the screen, stops the process as Ctrl-Z does, and comes back when it goes on. */
void term_suspend(void);
/* A string capability, for keys_init(). */
char *term_capability(const char *name);

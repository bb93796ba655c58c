/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands of the prompt that only a screen has: layout, focus, zoom, memory. */
#pragma once

#include "ui/screen.h"

struct tui_commands;

/* Registers them with the session, which must not outlive what is returned. */
struct tui_commands *tui_commands_create(struct screen *screen);
void tui_commands_destroy(struct tui_commands *commands);

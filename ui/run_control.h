/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Commands from the screen, and Ctrl-C. */
#pragma once

#include "ui/screen.h"

/* Ctrl-C: stops a running guest; drops what is being typed when nothing runs; the second one within a
 * second on a guest that does not stop offers to end it. */
void run_control_interrupt(struct screen *s);
/* It did stop: the offer to end it goes away. */
void run_control_stopped(struct screen *s);
/* Moves what the session said since last time to the output panel. */
void run_control_drain(struct screen *s);

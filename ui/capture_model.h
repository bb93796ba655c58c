/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A list over the lines of a capture (ctx: struct out), for panels that rebuild all of their rows. */
#pragma once

#include "ui/list.h"

extern const struct list_model capture_model;

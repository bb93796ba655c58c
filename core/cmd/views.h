/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

#include "core/session/session.h"

/* One `info NAME` for each view of views.def, and `vtop`. */
void views_register(struct session *s);

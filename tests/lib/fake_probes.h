/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two probes that never saw a kernel: fixed sums, for golden screens. */
#pragma once

#include "core/session/session.h"

/* Tables and `probe on|off NAME`. */
void fake_probes_register(struct session *s);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to core/script. */
#pragma once

#include "core/script/internal.h"

/* Makes the script's maps on the way. */
struct error *script_check(struct script *script);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts that several XIVE views show. */
#pragma once

#include "core/decode/xive/load.h"

void xive_show_vp(struct out *out, const struct xive_vp *vp); /* a record of two lines */

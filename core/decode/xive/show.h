/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts that several XIVE views show. */
#pragma once

#include "core/decode/xive/check.h"

/* Sources worth a row: findings first, then queued, pending, the rest by number. Without those that are off
 * and have no target. */
struct xive_order {
	const struct xive_source **source;	/* freed by the caller */
	size_t n;
};
void xive_order(const struct xive *x, struct xive_order *ret);

/* All of it; the sources are rows XIVE_SHOW_FIRST and on, in @order. */
#define XIVE_SHOW_FIRST 2
void xive_show(struct out *out, const struct xive *x, const struct xive_findings *f,
	       const struct xive_order *order);
/* The path of one interrupt, and the findings about it. */
void xive_show_path(struct out *out, const struct xive *x, const struct xive_findings *f,
		    const struct xive_source *s);
/* Its ESB pages. */
void xive_show_esb(struct out *out, const struct xive_source *s);

void xive_show_vp(struct out *out, const struct xive_vp *vp); /* a record of two lines */

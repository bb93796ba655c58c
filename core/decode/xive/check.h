/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wrong with the XIVE state of a guest, by rules XIVE-1 and on (check.c). */
#pragma once

#include "core/decode/xive/load.h"

#define XIVE_NO_LISN 0xffffffffu

struct xive_finding {
	const char *rule;
	uint32_t lisn;		/* the source it is about, XIVE_NO_LISN: none */
	char text[240];
};
struct xive_findings {
	VEC(struct xive_finding) list;
};

/* Applies every rule; counts findings in the sources' @trouble. The caller frees @ret with vec_free. */
void xive_check(struct xive *x, struct xive_findings *ret);
/* "server 2048: packed id 4 of 4096 ..." for a server number on this device; true when it is refused. */
bool xive_server_text(const struct state_xive_device *d, uint32_t server, char *buf, size_t size);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Legality of single operations on interrupt sources, checked on events with the software model. */
#pragma once

#include "core/decode/xive/model.h"
#include "core/event/event.h"

/*
 * Checks one ESB event (@kind VMM_EXIT_XIVE_TRIGGER, _EOI or _PQ) against the model; @last_pq is what the
 * previous event of the same source left (XIVE_PQ_UNSEEN: none). Writes one sentence into @buf and returns the
 * rule ("XIVE-E1"), or NULL when all is well.
 */
#define XIVE_PQ_UNSEEN 0xfe
const char *xive_check_event(enum vmm_event kind, const struct vmm_exit_xive_esb *e, uint8_t last_pq, char *buf,
			     size_t size);

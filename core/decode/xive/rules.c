/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/xive/rules.h"

#include <stdio.h>

#include "core/base/bits.h"

const char *xive_check_event(enum vmm_event kind, const struct vmm_exit_xive_esb *e, uint8_t last_pq, char *buf,
			     size_t size)
{
	uint8_t pq = e->pq_old;
	bool forward = false;

	buf[0] = '\0';
	if (e->pq_old > XIVE_PQ_QUEUED || e->pq_new > XIVE_PQ_QUEUED)
		return NULL; /* not seen, so nothing can be said */
	if (kind == VMM_EXIT_XIVE_TRIGGER)
		forward = xive_pq_trigger(&pq);
	else if (kind == VMM_EXIT_XIVE_EOI && e->offset >= 0xc00)
		pq = FIELD(e->offset, 9, 8); /* by setting PQ, as Linux does: it triggers again itself */
	else if (kind == VMM_EXIT_XIVE_EOI)
		forward = xive_pq_eoi(&pq);
	else
		pq = e->pq_new;
	if (pq != e->pq_new) {
		snprintf(buf, size, "0x%x went from %s to %s, the state machine goes to %s", e->lisn,
			 xive_pq_name(e->pq_old), xive_pq_name(e->pq_new), xive_pq_name(pq));
		return "XIVE-E3";
	}
	if (e->forward != forward) {
		snprintf(buf, size, "0x%x from %s: %s", e->lisn, xive_pq_name(e->pq_old),
			 forward ? "the event should have gone on and did not" : "an event went on that must not");
		return "XIVE-E4";
	}
	if (kind == VMM_EXIT_XIVE_EOI && e->pq_old == XIVE_PQ_RESET) {
		snprintf(buf, size, "0x%x got an EOI while nothing was pending: spurious", e->lisn);
		return "XIVE-E1";
	}
	if (kind == VMM_EXIT_XIVE_TRIGGER && e->pq_old == XIVE_PQ_OFF) {
		snprintf(buf, size, "0x%x was triggered while masked: the event is lost", e->lisn);
		return "XIVE-E2";
	}
	if (last_pq <= XIVE_PQ_QUEUED && last_pq != e->pq_old) {
		snprintf(buf, size, "0x%x was left %s and found %s: something not seen changed it", e->lisn,
			 xive_pq_name(last_pq), xive_pq_name(e->pq_old));
		return "XIVE-E5";
	}
	return NULL;
}

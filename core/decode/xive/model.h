/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * XIVE as software: the two state bits of a source, the event queue, what an access to an ESB page does.
 * Views explain with it, rules check events against it, and tests run it beside the real pages as an
 * oracle (tests/lab/power9/xive_model.sh). Sources: linux arch/powerpc/include/asm/xive-regs.h,
 * arch/powerpc/sysdev/xive/common.c, arch/powerpc/kvm/book3s_xive_native.c.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/target/state_xive.h"

/* PQ: P (2) an interrupt was sent and waits for its EOI, Q (1) another one came meanwhile. */
enum xive_pq { XIVE_PQ_RESET, XIVE_PQ_OFF, XIVE_PQ_PENDING, XIVE_PQ_QUEUED };

const char *xive_pq_name(uint8_t pq);	/* "10 pending" */

/* Each returns true when the event goes on to the router, that is: a queue gets an entry. */
bool xive_pq_trigger(uint8_t *pq);	/* 00 -> 10 forwards; 10, 11 -> 11; 01 drops */
bool xive_pq_eoi(uint8_t *pq);		/* 11 -> 10 forwards again; 10 -> 00; 00 and 01 stay */
/* Sets, never forwards; returns what was. */
uint8_t xive_pq_set(uint8_t *pq, uint8_t value);

/* ---- ESB pages ----------------------------------------------------------------------------------- */

enum xive_esb_op {
	XIVE_ESB_TRIGGER,
	XIVE_ESB_LOAD_EOI,
	XIVE_ESB_STORE_EOI,
	XIVE_ESB_GET,
	XIVE_ESB_SET_00, XIVE_ESB_SET_01, XIVE_ESB_SET_10, XIVE_ESB_SET_11,
	XIVE_ESB_NOTHING,	/* the access has no meaning there */
};

struct xive_esb_access {
	bool management;	/* the second page of the pair */
	bool store;
	uint32_t offset;	/* in the page */
	uint32_t flags;		/* STATE_XIVE_SRC_*: is there a store EOI? */
};

enum xive_esb_op xive_esb_decode(const struct xive_esb_access *access);
const char *xive_esb_op_name(enum xive_esb_op op);	/* "load EOI" */
/* Does it to @pq; *ret_value is what a load gives. Returns true when the event goes on. */
bool xive_esb_apply(enum xive_esb_op op, uint8_t *pq, uint8_t *ret_value);

/* ---- event queues -------------------------------------------------------------------------------- */

#define XIVE_EQ_SHIFT_MAX 24	/* 16 MiB: the largest that PAPR knows */
#define XIVE_EISN_MASK 0x7fffffffu

struct xive_eq_entry {
	uint32_t index, eisn;
	uint8_t generation;
};

/* What the page of a queue says. */
struct xive_eq {
	uint32_t entries;		/* of the whole queue */
	uint32_t index;			/* of the producer's next entry */
	uint8_t toggle;			/* the generation it writes */
	bool inferred;			/* both found in the page: nobody told */
	bool consumer_known;
	uint32_t pending;		/* not taken by the guest; only with consumer_known */
	/* Entries whose generation bit contradicts the producer's position; the first of them. */
	uint32_t bad, first_bad;
};

/*
 * Decodes @len bytes of a queue's page (big-endian entries); @len smaller than the queue: the rest counts as
 * never written; 0: nothing is said of entries. False: @q's size is none.
 */
bool xive_eq_decode(const uint8_t *page, size_t len, const struct state_xive_queue *q, struct xive_eq *ret);
/* The @back-th entry before the producer's position (0: the newest). False: it was never written. */
bool xive_eq_recent(const uint8_t *page, size_t len, const struct xive_eq *eq, uint32_t back,
		    struct xive_eq_entry *ret);
/* The newest entry of @eisn in the queue; false when there is none. @skip: only those older than that many. */
bool xive_eq_find(const uint8_t *page, size_t len, const struct xive_eq *eq, uint32_t eisn,
		  struct xive_eq_entry *ret, uint32_t *ret_back);

/* The other side: what hardware does. @toggle starts as 1, @index as 0. */
void xive_eq_push(uint8_t *page, unsigned qshift, uint32_t *index, uint8_t *toggle, uint32_t eisn);
/* And what a guest does. @toggle starts as 0; false: nothing new. */
bool xive_eq_pop(const uint8_t *page, unsigned qshift, uint32_t *index, uint8_t *toggle, uint32_t *ret_eisn);

/* ---- ids ----------------------------------------------------------------------------------------- */

/* How KVM packs a vCPU id below its limit of VPs (kvmppc_pack_vcpu_id); false when it can not. */
bool xive_pack_server(uint32_t server, uint32_t max_vcpus, uint32_t smt_stride, uint32_t *ret);

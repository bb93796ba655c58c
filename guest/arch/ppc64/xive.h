/* SPDX-License-Identifier: GPL-3.0-or-later */
/* KVM's native XIVE device, shared by its files: setup and ESB pages (xive.c), hypercalls (xive_hcall.c),
 * state for views (xive_state.c). */
#pragma once

#include <pthread.h>

#include "guest/arch/ppc64/ppc64.h"

struct ppc64_fdt;

/* Where POWER9 has them, above any memory. */
#define XIVE_ESB_GPA 0x0006010000000000ull
#define XIVE_TIMA_GPA 0x0006030203180000ull

#define XIVE_LISNS (PPC64_LISN_VTY + PPC64_LISN_DEVICES)
#define XIVE_PRIORITIES 7	/* 0 to 6; 7 is the hypervisor's */
#define XIVE_PRIO_MASKED 0xff
#define XIVE_EQ_SHIFT 16	/* the one queue size KVM takes */

/* Loads of the management page (kernel.md, "ESB pages and the PQ machine"; linux asm/xive-regs.h). */
#define XIVE_ESB_LOAD_EOI 0x000
#define XIVE_ESB_GET 0x800
#define XIVE_ESB_SET_PQ(pq) (0xc00 + 0x100 * (pq))

struct xive_source {
	bool exists, lsi, asserted;
	bool configured, masked;	/* by H_INT_SET_SOURCE_CONFIG */
	bool saved_p;			/* it was pending as the user masked it */
	uint8_t priority;
	uint32_t server, eisn;
};

struct xive_queue {
	bool used;
	uint64_t addr;
	uint32_t flags;
	uint64_t config_ns;
};

struct ppc64_xive {
	int fd;
	unsigned page_shift;
	uint8_t *esb;			/* two pages a source from LISN 0 on: trigger, management */
	size_t esb_len;
	uint8_t *tima;
	size_t tima_len;
	unsigned nservers;
	bool trapped;			/* the guest has no ESB pages: changes while all vCPUs are parked */
	pthread_mutex_t lock;		/* guards what follows */
	struct xive_source source[XIVE_LISNS];
	struct xive_queue queue[GUEST_VCPUS_MAX][XIVE_PRIORITIES];
	int connect_errno[GUEST_VCPUS_MAX];
	bool connected[GUEST_VCPUS_MAX];
};

/* An attribute of the device; false with errno. */
bool xive_attr(const struct ppc64_xive *x, bool set, uint32_t group, uint64_t attr, void *data);
bool xive_lisn_exists(const struct ppc64_xive *x, uint64_t lisn);
/* One access to the ESB pages, 8 bytes, big-endian; @offset below 0x1000. */
uint64_t xive_esb_load(const struct ppc64_xive *x, uint32_t lisn, unsigned offset);
void xive_esb_store(const struct ppc64_xive *x, uint32_t lisn, unsigned offset, uint64_t value);
void xive_esb_trigger(const struct ppc64_xive *x, uint32_t lisn);
/* The access a guest made to @page of the ESB area, bytes as it has them. */
void xive_esb_forward(const struct ppc64_xive *x, uint64_t page, unsigned offset, void *data, bool write);
/* Gives the guest the ESB pages, or takes them away: its accesses exit then. All vCPUs are parked. */
struct error *xive_map_esb(struct vm *vm, const struct ppc64_xive *x, bool on);
static inline uint64_t xive_trigger_gpa(const struct ppc64_xive *x, uint32_t lisn)
{
	return XIVE_ESB_GPA + ((uint64_t)2 * lisn << x->page_shift);
}
static inline uint64_t xive_mgmt_gpa(const struct ppc64_xive *x, uint32_t lisn)
{
	return XIVE_ESB_GPA + ((uint64_t)(2 * lisn + 1) << x->page_shift);
}
/* The guest's configuration, forgotten as the device forgets it. */
void xive_forget(struct ppc64_xive *x);
void ppc64_xive_describe(const struct ppc64_xive *x, struct ppc64_fdt *fdt);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * State blobs of POWER guests: the XIVE interrupt controller (sources, event queues, thread contexts),
 * the SLB and the hashed page table. Rules of state.h: our own versioned layouts, stored as they are in
 * recordings. Little-endian, whatever the guest's order (every host that runs vmscope is).
 *
 * Lists come in pages: index N holds entries N * STATE_XIVE_PAGE and on, sorted by key; @total in every
 * page tells how many there are, so index 0 is enough to know how many pages follow.
 *
 * Reading never changes what is looked at: PQ is read by the GET load (ESB management page + 0x800) only.
 */
#pragma once

#include <stdint.h>

#define STATE_XIVE_VERSION 1
#define STATE_XIVE_PAGE 256	/* entries of a list blob at most */

struct state_xive_list {	/* how every list blob starts */
	uint32_t version;
	uint32_t count;		/* entries in this page */
	uint32_t total;		/* entries in all pages */
	uint32_t entry_size;	/* bytes of one, for readers that are older or newer */
};

/* ---- STATE_XIVE_DEVICE, index 0 ---------------------------------------------------------------- */

enum {
	STATE_XIVE_NATIVE = 1 << 0,	/* exploitation mode on KVM's native device */
	STATE_XIVE_TRAPPED = 1 << 1,	/* the guest's ESB accesses exit to the VMM (catch xive trigger|eoi) */
	STATE_XIVE_CAN_ACT = 1 << 2,	/* target_ops.xive_act works */
};
struct state_xive_device {
	uint32_t version, flags;
	uint32_t nr_servers;		/* as set in the device: packed ids must be below; 0: not set */
	uint32_t max_vcpus;		/* KVM_CAP_MAX_VCPUS of the host, the modulus of packing; 0 unknown */
	uint32_t smt_stride;		/* threads of a virtual core (emul_smt_mode): 1, 2, 4, 8 */
	uint32_t esb_shift;		/* log2 of one ESB page: 16 on 64K hosts */
	uint32_t max_sources;		/* LISNs are below this */
	uint32_t eq_sizes;		/* bit n: queues of 2^n bytes are offered to the guest */
	uint64_t tima_gpa;		/* OS page of the TIMA, ~0 not mapped */
	uint64_t esb_gpa, esb_len;	/* window of the ESB pages, ~0 not mapped */
};

/* ---- STATE_XIVE_SOURCES, index: page ----------------------------------------------------------- */

enum { STATE_XIVE_MSI, STATE_XIVE_LSI };
enum {
	STATE_XIVE_SRC_CONFIGURED = 1 << 0,	/* has a target: server, priority, EISN are meant */
	STATE_XIVE_SRC_MASKED = 1 << 1,		/* masked in the EAS (priority 0xff, or the mask flag) */
	STATE_XIVE_SRC_STORE_EOI = 1 << 2,	/* characteristic: EOI by store works */
	STATE_XIVE_SRC_H_INT_ESB = 1 << 3,	/* characteristic: ESB by H_INT_ESB only */
	STATE_XIVE_SRC_TRIGGER_PAGE = 1 << 4,	/* characteristic: has a trigger page */
	STATE_XIVE_SRC_ASSERTED = 1 << 5,	/* LSI: the line is up */
	STATE_XIVE_SRC_PASSTHROUGH = 1 << 6,	/* host_irq drives it */
	STATE_XIVE_SRC_IPI = 1 << 7,		/* an IPI of the guest */
};
#define STATE_XIVE_PQ_UNKNOWN 0xff	/* the load gave 0xff, or the pages could not be mapped */
#define STATE_XIVE_PRIO_MASKED 0xff
struct state_xive_source {
	uint32_t lisn;
	uint8_t type, pq, priority, pad;
	uint32_t flags, eisn, server;
	uint32_t hw_irq;	/* the host's interrupt behind the source, 0 unknown */
	uint32_t host_irq;	/* passthrough: the host's Linux irq; else 0 */
	uint32_t pad2;
	uint64_t mgmt_gpa;	/* guest-physical management page, ~0 none */
	uint64_t trigger_gpa;	/* guest-physical trigger page, ~0 none */
	char name[24];		/* whose it is: "ipi 1", "virtio0 vq1", "uart" */
};
struct state_xive_sources {
	struct state_xive_list list;
	struct state_xive_source source[];
};

/* ---- STATE_XIVE_QUEUES, index: page; only configured queues ------------------------------------ */

enum {
	STATE_XIVE_Q_ALWAYS_NOTIFY = 1 << 0,
	STATE_XIVE_Q_PRODUCER = 1 << 1,	/* qindex, qtoggle are of now (KVM's EQ_CONFIG, vCPU stopped) */
	STATE_XIVE_Q_CONSUMER = 1 << 2,	/* the guest's own position is known */
};
struct state_xive_queue {
	uint32_t server;
	uint8_t priority, pad[3];
	uint32_t flags;
	uint32_t qshift;	/* log2 of its bytes: 16 */
	uint64_t qaddr;		/* guest-physical */
	uint32_t qindex;	/* the producer's next entry */
	uint32_t qtoggle;	/* the generation bit it will write: 1 in a fresh queue */
	uint32_t consumer_index, consumer_toggle; /* the guest's: takes entries whose bit 31 != toggle */
	uint64_t config_ns;	/* CLOCK_MONOTONIC of its configuration, 0 unknown */
};
struct state_xive_queues {
	struct state_xive_list list;
	struct state_xive_queue queue[];
};

/* ---- STATE_XIVE_VP, index: vCPU ---------------------------------------------------------------- */

enum {
	STATE_XIVE_VP_RING = 1 << 0,	/* nsr..pipr are meant (VP_STATE was read) */
	STATE_XIVE_VP_WORD2 = 1 << 1,	/* word2 is meant */
	STATE_XIVE_VP_CONNECTED = 1 << 2, /* attached to the device */
	STATE_XIVE_VP_PUSHED = 1 << 3,	/* on a thread at the moment: the ring is what was saved last */
};
struct state_xive_vp {
	uint32_t version, flags;
	uint32_t server;	/* the number it was attached with */
	int32_t connect_errno;	/* attaching failed: why; 0 fine */
	uint32_t vp_id;		/* the host's VP, ~0 unknown */
	uint8_t nsr, cppr, ipb, lsmfb, ack, inc, age, pipr; /* OS ring words 0 and 1 */
	uint32_t word2;		/* bit 31 valid, bits 23..0 CAM */
	uint64_t report_gpa;	/* H_INT_SET_OS_REPORTING_LINE, ~0 none */
};

/* ---- STATE_PPC_SLB, index: vCPU; STATE_PPC_HPT, index: PTE group -------------------------------- */

struct state_ppc_slb {
	uint32_t version, count;
	struct {
		uint64_t esid, vsid;	/* as slbmte takes them; esid bit 27 valid */
	} entry[64];
};

/* Eight entries of the guest's hashed page table, which KVM keeps outside guest memory; in the layout before
 * ISA 3.0, as KVM's HTAB file gives them (B in bits 63..62 of v). */
struct state_ppc_hpt {
	uint32_t version;
	uint32_t order;		/* log2 of the table's bytes */
	uint64_t group;
	struct {
		uint64_t v, r;
	} pte[8];
};

/* ---- actions: target_ops.xive_act --------------------------------------------------------------- */

/* What is done to a source on request. Each is one access to the real ESB pages, as a guest would do, and
 * becomes an event (xive.pq, xive.trigger, xive.eoi with origin "user"). */
enum xive_act {
	XIVE_ACT_PQ_00, XIVE_ACT_PQ_01, XIVE_ACT_PQ_10, XIVE_ACT_PQ_11,
	XIVE_ACT_TRIGGER,	/* store to the trigger page */
	XIVE_ACT_EOI,		/* as Linux: store EOI, or load EOI (LSI), or PQ 00 and trigger again when Q was set */
	XIVE_ACT_MASK,		/* PQ 01, remembering P */
	XIVE_ACT_UNMASK,	/* PQ 10 when P was remembered, else PQ 00 */
	XIVE_ACT_COUNT
};

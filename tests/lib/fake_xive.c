/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/fake_xive.h"

#include <stdio.h>
#include <string.h>

#include "core/decode/xive/model.h"

#include "tests/lib/fake_run.h"

#define QSHIFT 16

static struct state_xive_source source(uint32_t lisn, uint8_t pq, uint32_t flags, uint32_t eisn, uint32_t server,
				       const char *name)
{
	struct state_xive_source s = {
		.lisn = lisn, .pq = pq, .flags = flags | STATE_XIVE_SRC_TRIGGER_PAGE, .eisn = eisn, .server = server,
		.priority = flags & STATE_XIVE_SRC_CONFIGURED ? 6 : STATE_XIVE_PRIO_MASKED,
		.mgmt_gpa = 0x6010000010000 + (uint64_t)lisn * 0x20000, .trigger_gpa = 0x6010000000000 + (uint64_t)lisn * 0x20000,
		.hw_irq = 0x40 + (lisn & 0xff),
	};

	snprintf(s.name, sizeof(s.name), "%s", name);
	return s;
}

static void push(struct fake_xive *x, uint8_t *mem, unsigned server, uint32_t eisn)
{
	xive_eq_push(mem + (server ? FAKE_EQ1 : FAKE_EQ0), QSHIFT, &x->index[server], &x->toggle[server], eisn);
}

void fake_xive_power_on(struct fake_xive *x, uint8_t *mem)
{
	const uint32_t routed = STATE_XIVE_SRC_CONFIGURED;

	*x = (struct fake_xive){ .toggle = { 1, 1 } };
	x->source[0] = source(0, XIVE_PQ_RESET, routed | STATE_XIVE_SRC_IPI, 0x10, 0, "ipi 0");
	x->source[1] = source(1, XIVE_PQ_PENDING, routed | STATE_XIVE_SRC_IPI, 0x11, 1, "ipi 1");
	x->source[2] = source(0x1200, XIVE_PQ_RESET, routed | STATE_XIVE_SRC_STORE_EOI, 0x20, 0, "virtio0");
	x->source[3] = source(0x1201, XIVE_PQ_PENDING, routed, 0x21, 0, "virtio1");
	x->source[4] = source(0x1210, XIVE_PQ_QUEUED, routed | STATE_XIVE_SRC_ASSERTED, 0x30, 0, "uart");
	x->source[4].type = STATE_XIVE_LSI;
	for (unsigned i = 5; i < FAKE_XIVE_SOURCES; i++)
		x->source[i] = source(0x1220 + i - 5, XIVE_PQ_OFF, 0, 0, 0, "");
	push(x, mem, 0, 0x10);
	push(x, mem, 0, 0x20);
	push(x, mem, 0, 0x99);
	push(x, mem, 0, 0x30);
	push(x, mem, 1, 0x11);
	x->taken[0] = 2;
}

static size_t put_list(void *buf, const void *entries, uint32_t count, uint32_t size)
{
	struct state_xive_list list = { STATE_XIVE_VERSION, count, count, size };

	memcpy(buf, &list, sizeof(list));
	memcpy((uint8_t *)buf + sizeof(list), entries, (size_t)count * size);
	return sizeof(list) + (size_t)count * size;
}

static size_t put_queues(const struct fake_xive *x, void *buf)
{
	struct state_xive_queue q[2];

	for (unsigned i = 0; i < 2; i++)
		q[i] = (struct state_xive_queue){
			.server = i, .priority = 6, .qshift = QSHIFT, .qaddr = i ? FAKE_EQ1 : FAKE_EQ0,
			.flags = STATE_XIVE_Q_ALWAYS_NOTIFY | STATE_XIVE_Q_PRODUCER | (i ? 0 : STATE_XIVE_Q_CONSUMER),
			.qindex = x->index[i], .qtoggle = x->toggle[i], .consumer_index = x->taken[i],
		};
	return put_list(buf, q, 2, sizeof(q[0]));
}

/* One segment of 256 MiB with 64 KiB pages at 0xc000000000000000, and the entry of its second page, worked out
 * by hand: hash 0x123456 ^ 1 in a table of 2048 groups. */
static bool hash_state(enum state_kind kind, unsigned index, void *buf, size_t size, size_t *ret_len)
{
	struct state_ppc_slb slb = { .version = STATE_XIVE_VERSION, .count = 2 };
	struct state_ppc_hpt hpt = { .version = STATE_XIVE_VERSION, .order = 18, .group = index };

	slb.entry[1].esid = 0xc000000008000001;
	slb.entry[1].vsid = 0x123456000 | 0x510;	/* Kp, L, LP 1 */
	if (index == 0x457) {
		hpt.pte[2].v = 0x777000000 | 0x5;
		hpt.pte[3].v = 0x123456000 | 0x15;	/* valid, large, bolted */
		hpt.pte[3].r = 0x7650000 | 0x190;
	}
	if (kind == STATE_PPC_SLB && index < 2 && size >= sizeof(slb)) {
		memcpy(buf, &slb, *ret_len = sizeof(slb));
		return true;
	}
	if (kind == STATE_PPC_HPT && index < 2048 && size >= sizeof(hpt)) {
		memcpy(buf, &hpt, *ret_len = sizeof(hpt));
		return true;
	}
	return false;
}

bool fake_xive_state(const struct fake_xive *x, enum state_kind kind, unsigned index, void *buf, size_t size,
		     size_t *ret_len)
{
	struct state_xive_device d = {
		.version = STATE_XIVE_VERSION, .flags = STATE_XIVE_NATIVE | STATE_XIVE_CAN_ACT, .nr_servers = 2,
		.max_vcpus = 2048, .smt_stride = 1, .esb_shift = 16, .max_sources = 0x2000, .eq_sizes = 1 << 16,
		.tima_gpa = 0x6030203180000, .esb_gpa = 0x6010000000000, .esb_len = 0x2000 * 0x20000ull,
	};
	struct state_xive_vp vp = {
		.version = STATE_XIVE_VERSION, .flags = STATE_XIVE_VP_RING | STATE_XIVE_VP_WORD2 | STATE_XIVE_VP_CONNECTED,
		.server = index, .nsr = index ? 0 : 0x80, .cppr = index ? 0 : 0xff, .ipb = 0x02, .lsmfb = 0xff, .ack = 0xff,
		.age = 0xff, .pipr = 6, .word2 = 0x80000400 + index, .report_gpa = ~0ull,
	};

	switch (kind) {
	case STATE_XIVE_DEVICE:
		if (size < sizeof(d) || index)
			return false;
		memcpy(buf, &d, *ret_len = sizeof(d));
		return true;
	case STATE_XIVE_SOURCES:
		if (index || size < sizeof(struct state_xive_list) + sizeof(x->source))
			return false;
		*ret_len = put_list(buf, x->source, FAKE_XIVE_SOURCES, sizeof(x->source[0]));
		return true;
	case STATE_XIVE_QUEUES:
		if (index || size < 256)
			return false;
		*ret_len = put_queues(x, buf);
		return true;
	case STATE_XIVE_VP:
		if (index > 1 || size < sizeof(vp))
			return false;
		memcpy(buf, &vp, *ret_len = sizeof(vp));
		return true;
	default:
		return hash_state(kind, index, buf, size, ret_len);
	}
}

struct error *fake_xive_act(struct target *t, enum xive_act act, uint32_t lisn, uint8_t *ret_old)
{
	struct fake *f = fake_of(t);
	struct fake_xive *x = &f->xive;
	enum vmm_event kind = VMM_EXIT_XIVE_PQ;
	struct vmm_exit_xive_esb e = { .lisn = lisn, .origin = VMM_XIVE_USER };
	unsigned i = 0;
	uint8_t *pq;

	while (i < FAKE_XIVE_SOURCES && x->source[i].lisn != lisn)
		i++;
	if (i == FAKE_XIVE_SOURCES)
		return error_create(ERROR_NOT_FOUND, "there is no interrupt source 0x%x", lisn);
	pq = &x->source[i].pq;
	*ret_old = e.pq_old = *pq;
	e.eisn = x->source[i].eisn;
	switch (act) {
	case XIVE_ACT_PQ_00 ... XIVE_ACT_PQ_11:
		xive_pq_set(pq, act - XIVE_ACT_PQ_00);
		break;
	case XIVE_ACT_TRIGGER:
		kind = VMM_EXIT_XIVE_TRIGGER;
		e.forward = xive_pq_trigger(pq);
		break;
	case XIVE_ACT_EOI:
		kind = VMM_EXIT_XIVE_EOI;
		e.forward = xive_pq_eoi(pq);
		break;
	case XIVE_ACT_MASK:
		x->saved_p[i] = xive_pq_set(pq, XIVE_PQ_OFF) & XIVE_PQ_PENDING;
		break;
	case XIVE_ACT_UNMASK:
		xive_pq_set(pq, x->saved_p[i] ? XIVE_PQ_PENDING : XIVE_PQ_RESET);
		break;
	default:
		return error_create(ERROR_USAGE, "unknown action %d", act);
	}
	e.pq_new = *pq;
	if (e.forward && (x->source[i].flags & STATE_XIVE_SRC_CONFIGURED))
		push(x, f->mem, x->source[i].server, e.eisn);
	fake_put_event(f, kind, EVENT_NO_VCPU, &e, sizeof(e));
	return NULL;
}

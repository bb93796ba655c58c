/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XIVE's state for views, read without changing it, and what a user does to a source. */
#include "core/target/state_xive.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/decode/xive/model.h"
#include "guest/arch/ppc64/xive.h"

static struct error *no_xive(void)
{
	return error_create(ERROR_UNSUPPORTED, "this guest has no XIVE (--irqchip off)");
}

static struct error *too_small(size_t want, size_t have)
{
	return error_create(ERROR_FAILED, "state needs %zu bytes, there are %zu", want, have);
}

static struct error *give(const void *blob, size_t len, void *buf, size_t size, size_t *ret_len)
{
	if (len > size)
		return too_small(len, size);
	memcpy(buf, blob, len);
	*ret_len = len;
	return NULL;
}

static unsigned capability(const struct vm *vm, int cap)
{
	int n = ioctl(vm->fd, KVM_CHECK_EXTENSION, cap);

	return n > 0 ? (unsigned)n : 0;
}

static struct error *device_state(struct vm *vm, const struct ppc64_xive *x, void *buf, size_t size,
				  size_t *ret_len)
{
	struct state_xive_device d = {
		.version = STATE_XIVE_VERSION, .nr_servers = x->nservers,
		.flags = STATE_XIVE_NATIVE | STATE_XIVE_CAN_ACT | (x->trapped ? STATE_XIVE_TRAPPED : 0),
		.max_vcpus = capability(vm, KVM_CAP_MAX_VCPUS), .smt_stride = ppc64_vm(vm)->smt, .esb_shift = x->page_shift,
		.max_sources = XIVE_LISNS, .eq_sizes = 1u << XIVE_EQ_SHIFT,
		/* The guest uses the OS page, the third. */
		.tima_gpa = XIVE_TIMA_GPA + (2ull << x->page_shift), .esb_gpa = XIVE_ESB_GPA,
		.esb_len = (uint64_t)2 * XIVE_LISNS << x->page_shift,
	};

	return give(&d, sizeof(d), buf, size, ret_len);
}

/* ---- sources ------------------------------------------------------------------------------------- */

static uint8_t read_pq(const struct ppc64_xive *x, uint32_t lisn)
{
	uint64_t v = xive_esb_load(x, lisn, XIVE_ESB_GET);

	return v <= XIVE_PQ_QUEUED ? v : STATE_XIVE_PQ_UNKNOWN;
}

static void fill_source(const struct ppc64_xive *x, uint32_t lisn, struct state_xive_source *ret)
{
	const struct xive_source *s = &x->source[lisn];

	*ret = (struct state_xive_source){
		.lisn = lisn, .type = s->lsi ? STATE_XIVE_LSI : STATE_XIVE_MSI, .pq = read_pq(x, lisn),
		.priority = s->priority, .eisn = s->eisn, .server = s->server,
		/* The guest is not told where a level's pages are: it asks by H_INT_ESB. */
		.mgmt_gpa = s->lsi ? ~0ull : xive_mgmt_gpa(x, lisn),
		.trigger_gpa = s->lsi ? ~0ull : xive_trigger_gpa(x, lisn),
		.flags = (s->configured ? STATE_XIVE_SRC_CONFIGURED : 0) | (s->masked ? STATE_XIVE_SRC_MASKED : 0) |
			 (s->asserted ? STATE_XIVE_SRC_ASSERTED : 0) |
			 (s->lsi ? STATE_XIVE_SRC_H_INT_ESB : STATE_XIVE_SRC_TRIGGER_PAGE) |
			 (lisn < PPC64_LISN_VTY ? STATE_XIVE_SRC_IPI : 0),
	};
	if (lisn < PPC64_LISN_VTY)
		snprintf(ret->name, sizeof(ret->name), "ipi %u", lisn - PPC64_LISN_IPI);
	else if (lisn == PPC64_LISN_VTY)
		snprintf(ret->name, sizeof(ret->name), "console");
	else if (lisn >= PPC64_LISN_GSI)
		snprintf(ret->name, sizeof(ret->name), "gsi %u", lisn - PPC64_LISN_GSI);
}

static struct error *sources_state(struct ppc64_xive *x, unsigned page, void *buf, size_t size, size_t *ret_len)
{
	struct state_xive_sources *list = buf;
	const uint32_t first = page * STATE_XIVE_PAGE;

	if (page > XIVE_LISNS / STATE_XIVE_PAGE)
		return error_create(ERROR_NOT_FOUND, "XIVE has no page %u of sources", page);
	if (size < sizeof(*list) + STATE_XIVE_PAGE * sizeof(list->source[0]))
		return too_small(sizeof(*list) + STATE_XIVE_PAGE * sizeof(list->source[0]), size);
	list->list = (struct state_xive_list){ .version = STATE_XIVE_VERSION, .entry_size = sizeof(list->source[0]) };
	pthread_mutex_lock(&x->lock);
	for (uint32_t lisn = 0; lisn < XIVE_LISNS; lisn++) {
		uint32_t n;

		if (!x->source[lisn].exists)
			continue;
		n = list->list.total++;
		if (n >= first && n < first + STATE_XIVE_PAGE)
			fill_source(x, lisn, &list->source[list->list.count++]);
	}
	pthread_mutex_unlock(&x->lock);
	*ret_len = sizeof(*list) + list->list.count * sizeof(list->source[0]);
	return NULL;
}

/* ---- queues -------------------------------------------------------------------------------------- */

static void fill_queue(const struct ppc64_xive *x, uint32_t server, unsigned priority,
		       struct state_xive_queue *ret)
{
	const struct xive_queue *q = &x->queue[server][priority];
	struct kvm_ppc_xive_eq eq = { 0 };
	uint64_t index = (uint64_t)server << KVM_XIVE_EQ_SERVER_SHIFT | priority;

	*ret = (struct state_xive_queue){
		.server = server, .priority = priority, .qshift = XIVE_EQ_SHIFT, .qaddr = q->addr,
		.flags = q->flags & KVM_XIVE_EQ_ALWAYS_NOTIFY ? STATE_XIVE_Q_ALWAYS_NOTIFY : 0, .config_ns = q->config_ns,
	};
	/* Where the hardware writes next; where the guest reads is only in the guest. */
	if (!xive_attr(x, false, KVM_DEV_XIVE_GRP_EQ_CONFIG, index, &eq) || !eq.qshift)
		return;
	ret->flags |= STATE_XIVE_Q_PRODUCER;
	ret->qshift = eq.qshift;
	ret->qaddr = eq.qaddr;
	ret->qindex = eq.qindex;
	ret->qtoggle = eq.qtoggle;
}

static struct error *queues_state(struct ppc64_xive *x, unsigned page, void *buf, size_t size, size_t *ret_len)
{
	struct state_xive_queues *list = buf;
	const uint32_t first = page * STATE_XIVE_PAGE;

	if (size < sizeof(*list) + STATE_XIVE_PAGE * sizeof(list->queue[0]))
		return too_small(sizeof(*list) + STATE_XIVE_PAGE * sizeof(list->queue[0]), size);
	list->list = (struct state_xive_list){ .version = STATE_XIVE_VERSION, .entry_size = sizeof(list->queue[0]) };
	pthread_mutex_lock(&x->lock);
	for (uint32_t server = 0; server < x->nservers; server++) {
		for (unsigned priority = 0; priority < XIVE_PRIORITIES; priority++) {
			uint32_t n;

			if (!x->queue[server][priority].used)
				continue;
			n = list->list.total++;
			if (n >= first && n < first + STATE_XIVE_PAGE)
				fill_queue(x, server, priority, &list->queue[list->list.count++]);
		}
	}
	pthread_mutex_unlock(&x->lock);
	*ret_len = sizeof(*list) + list->list.count * sizeof(list->queue[0]);
	return NULL;
}

struct error *ppc64_vm_state(struct vm *vm, enum state_kind kind, unsigned index, void *buf, size_t size,
			     size_t *ret_len)
{
	struct ppc64_xive *x = ppc64_vm(vm)->xive;

	if (kind != STATE_XIVE_DEVICE && kind != STATE_XIVE_SOURCES && kind != STATE_XIVE_QUEUES)
		return error_create(ERROR_UNSUPPORTED, "a POWER guest has no such state");
	if (!x)
		return no_xive();
	if (kind == STATE_XIVE_SOURCES)
		return sources_state(x, index, buf, size, ret_len);
	if (kind == STATE_XIVE_QUEUES)
		return queues_state(x, index, buf, size, ret_len);
	return device_state(vm, x, buf, size, ret_len);
}

/* ---- a vCPU -------------------------------------------------------------------------------------- */

static struct error *vp_state(struct vcpu *v, void *buf, size_t size, size_t *ret_len)
{
	const struct ppc64_xive *x = ppc64_vm(v->vm)->xive;
	uint32_t server = ppc64_vcpu_id(v->vm, v->index);
	struct state_xive_vp vp = {
		.version = STATE_XIVE_VERSION, .server = server, .vp_id = ~0u, .report_gpa = ~0ull,
		.flags = x->connected[v->index] ? STATE_XIVE_VP_CONNECTED : 0, .connect_errno = x->connect_errno[v->index],
	};
	uint8_t ring[16];

	/* Bytes as in the thread context: KVM adds what was pending while it was on no thread. */
	if (ppc64_one_get(v, ppc64_one_reg(ppc64_regs[PPC64_VP_STATE].index, 128), ring)) {
		vp.flags |= STATE_XIVE_VP_RING;
		vp.nsr = ring[0];
		vp.cppr = ring[1];
		vp.ipb = ring[2];
		vp.lsmfb = ring[3];
		vp.ack = ring[4];
		vp.inc = ring[5];
		vp.age = ring[6];
		vp.pipr = ring[7];
	}
	return give(&vp, sizeof(vp), buf, size, ret_len);
}

static struct error *slb_state(struct vcpu *v, void *buf, size_t size, size_t *ret_len)
{
	struct state_ppc_slb slb = { .version = STATE_XIVE_VERSION };
	struct kvm_sregs sregs;

	if (ppc64_vm(v->vm)->radix)
		return error_create(ERROR_UNSUPPORTED, "the guest uses radix translation: it has no SLB");
	if (ioctl(v->fd, KVM_GET_SREGS, &sregs))
		return error_errno(errno, "KVM_GET_SREGS of vCPU %u", v->index);
	for (unsigned i = 0; i < 64; i++) {
		slb.entry[i].esid = sregs.u.s.ppc64.slb[i].slbe;
		slb.entry[i].vsid = sregs.u.s.ppc64.slb[i].slbv;
	}
	slb.count = 64;
	return give(&slb, sizeof(slb), buf, size, ret_len);
}

struct error *ppc64_vcpu_state(struct vcpu *v, enum state_kind kind, void *buf, size_t size, size_t *ret_len)
{
	if (kind == STATE_XIVE_VP)
		return ppc64_vm(v->vm)->xive ? vp_state(v, buf, size, ret_len) : no_xive();
	if (kind == STATE_PPC_SLB)
		return slb_state(v, buf, size, ret_len);
	return error_create(ERROR_UNSUPPORTED, "a POWER guest has no such state");
}

/* ---- actions ------------------------------------------------------------------------------------- */

/* As Linux ends an interrupt without store EOI (xive_do_source_eoi), but a source that is off stays so. */
static void end_interrupt(struct ppc64_xive *x, uint32_t lisn, uint8_t pq)
{
	bool again;

	if (pq == XIVE_PQ_OFF)
		return;
	again = xive_esb_load(x, lisn, XIVE_ESB_SET_PQ(0)) & 1;
	pthread_mutex_lock(&x->lock);
	again |= x->source[lisn].lsi && x->source[lisn].asserted;
	pthread_mutex_unlock(&x->lock);
	if (again)
		xive_esb_trigger(x, lisn);
}

static void set_pq(const struct ppc64_xive *x, uint32_t lisn, uint8_t pq)
{
	xive_esb_load(x, lisn, XIVE_ESB_SET_PQ(pq));
}

struct error *ppc64_xive_act(struct vm *vm, enum xive_act act, uint32_t lisn, uint8_t *ret_old)
{
	struct ppc64_xive *x = ppc64_vm(vm)->xive;
	struct vmm_exit_xive_esb ev = { .lisn = lisn, .origin = VMM_XIVE_USER };
	enum vmm_event kind = VMM_EXIT_XIVE_PQ;
	uint8_t model;

	if (!x)
		return no_xive();
	if (!xive_lisn_exists(x, lisn))
		return error_hint(error_create(ERROR_NOT_FOUND, "there is no interrupt source 0x%x", lisn),
				  "`info xive` lists them");
	*ret_old = ev.pq_old = model = read_pq(x, lisn);
	ev.eisn = x->source[lisn].eisn;
	switch (act) {
	case XIVE_ACT_PQ_00 ... XIVE_ACT_PQ_11:
		set_pq(x, lisn, act - XIVE_ACT_PQ_00);
		break;
	case XIVE_ACT_TRIGGER:
		kind = VMM_EXIT_XIVE_TRIGGER;
		ev.forward = xive_pq_trigger(&model);
		xive_esb_trigger(x, lisn);
		break;
	case XIVE_ACT_EOI:
		kind = VMM_EXIT_XIVE_EOI;
		ev.forward = xive_pq_eoi(&model);
		end_interrupt(x, lisn, ev.pq_old);
		break;
	case XIVE_ACT_MASK:
		x->source[lisn].saved_p = ev.pq_old & XIVE_PQ_PENDING;
		set_pq(x, lisn, XIVE_PQ_OFF);
		break;
	case XIVE_ACT_UNMASK:
		set_pq(x, lisn, x->source[lisn].saved_p ? XIVE_PQ_PENDING : XIVE_PQ_RESET);
		x->source[lisn].saved_p = false;
		break;
	default:
		return error_create(ERROR_USAGE, "there is no action %d on an interrupt source", act);
	}
	ev.pq_new = read_pq(x, lisn);
	vm_event(vm, kind, EVENT_NO_VCPU, &ev, sizeof(ev));
	return NULL;
}

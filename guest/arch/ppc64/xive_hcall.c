/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hypercalls of XIVE in exploitation mode (LoPAR 14.5.4.10): KVM handles none of them. Flags are in the
 * ISA's bit numbers there: bit 63 is 1 here. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/base/loop.h"
#include "guest/arch/ppc64/xive.h"

/* Results of H_INT_GET_SOURCE_INFO. */
#define SRC_H_INT_ESB 8
#define SRC_LSI 4
#define SRC_TRIGGER 2
/* H_INT_SET_SOURCE_CONFIG. */
#define SRC_SET_EISN 2
#define SRC_MASK 1
/* Queues. */
#define EQ_ALWAYS_NOTIFY 1
#define EQ_DEBUG 1
#define EQ_GENERATION 2
#define ESB_STORE 1

static struct ppc64_xive *xive_of(struct ppc64_hcall_ctx *c)
{
	return ppc64_vm(c->v->vm)->xive;
}

static bool server_exists(const struct ppc64_xive *x, uint64_t server)
{
	return server < x->nservers;
}

static int64_t get_source_info(struct ppc64_hcall_ctx *c)
{
	const struct ppc64_xive *x = xive_of(c);
	uint32_t lisn = c->args[1];

	if (c->args[0])
		return H_PARAMETER;
	if (!xive_lisn_exists(x, c->args[1]))
		return H_P2;
	/* An LSI's line is ours: we have to see its EOI to trigger it again. */
	c->args[0] = x->source[lisn].lsi ? SRC_LSI | SRC_H_INT_ESB : SRC_TRIGGER;
	c->args[1] = x->source[lisn].lsi ? ~0ull : xive_mgmt_gpa(x, lisn);
	c->args[2] = x->source[lisn].lsi ? ~0ull : xive_trigger_gpa(x, lisn);
	c->args[3] = x->page_shift;
	return H_SUCCESS;
}

static bool source_apply(const struct ppc64_xive *x, uint32_t lisn, const struct xive_source *s)
{
	uint64_t config = (uint64_t)s->eisn << KVM_XIVE_SOURCE_EISN_SHIFT;

	if (s->masked)
		config |= 1ull << KVM_XIVE_SOURCE_MASKED_SHIFT;
	else
		config |= (uint64_t)s->server << KVM_XIVE_SOURCE_SERVER_SHIFT | s->priority;
	return xive_attr(x, true, KVM_DEV_XIVE_GRP_SOURCE_CONFIG, lisn, &config);
}

/* (flags, lisn, target, priority, eisn) */
static int64_t set_source_config(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);
	uint64_t flags = c->args[0], priority = c->args[3];
	struct xive_source s;
	uint32_t lisn = c->args[1];
	int64_t ret = H_SUCCESS;

	if (flags & ~(uint64_t)(SRC_SET_EISN | SRC_MASK))
		return H_PARAMETER;
	if (!xive_lisn_exists(x, c->args[1]))
		return H_P2;
	if (priority != XIVE_PRIO_MASKED && priority >= XIVE_PRIORITIES)
		return H_P4;
	if (priority != XIVE_PRIO_MASKED && !server_exists(x, c->args[2]))
		return H_P3;
	if ((flags & SRC_SET_EISN) && c->args[4] >> 31)
		return H_P5;
	pthread_mutex_lock(&x->lock);
	s = x->source[lisn];
	s.masked = (flags & SRC_MASK) || priority == XIVE_PRIO_MASKED;
	s.configured = priority != XIVE_PRIO_MASKED;
	s.priority = priority;
	s.server = s.configured ? c->args[2] : 0;
	if (flags & SRC_SET_EISN)
		s.eisn = c->args[4];
	if (source_apply(x, lisn, &s))
		x->source[lisn] = s;
	else
		ret = errno == EINVAL ? H_P3 : errno == EBUSY ? H_P4 : H_HARDWARE;
	pthread_mutex_unlock(&x->lock);
	return ret;
}

static int64_t get_source_config(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);
	const struct xive_source *s;

	if (c->args[0])
		return H_PARAMETER;
	if (!xive_lisn_exists(x, c->args[1]))
		return H_P2;
	pthread_mutex_lock(&x->lock);
	s = &x->source[c->args[1]];
	c->args[0] = s->server;
	c->args[1] = s->masked ? XIVE_PRIO_MASKED : s->priority;
	c->args[2] = s->eisn;
	pthread_mutex_unlock(&x->lock);
	return H_SUCCESS;
}

static int64_t check_queue(struct ppc64_hcall_ctx *c, uint64_t flags)
{
	if (c->args[0] & ~flags)
		return H_PARAMETER;
	if (!server_exists(xive_of(c), c->args[1]))
		return H_P2;
	return c->args[2] < XIVE_PRIORITIES ? H_SUCCESS : H_P3;
}

static uint64_t queue_index(const struct ppc64_hcall_ctx *c)
{
	return c->args[1] << KVM_XIVE_EQ_SERVER_SHIFT | c->args[2];
}

/* The page that would coalesce notifications is not the guest's to have here: KVM does not map it. */
static int64_t get_queue_info(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);
	int64_t ret = check_queue(c, 0);
	bool used;

	if (ret)
		return ret;
	pthread_mutex_lock(&x->lock);
	used = x->queue[c->args[1]][c->args[2]].used;
	pthread_mutex_unlock(&x->lock);
	c->args[0] = ~0ull;
	c->args[1] = used ? XIVE_EQ_SHIFT : 0;
	return H_SUCCESS;
}

/* (flags, target, priority, address, size as a power of two; 0: no queue) */
static int64_t set_queue_config(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);
	int64_t ret = check_queue(c, EQ_ALWAYS_NOTIFY);
	uint64_t addr = c->args[3], shift = c->args[4];
	struct kvm_ppc_xive_eq eq = { 0 };
	struct xive_queue *q;

	if (ret)
		return ret;
	if (shift && shift != XIVE_EQ_SHIFT)
		return H_P5;
	if (shift && ((addr & MASK(XIVE_EQ_SHIFT - 1, 0)) || !memory_ptr(&c->v->vm->mem, addr, NULL)))
		return H_P4;
	if (shift)
		/* A fresh queue: the first entry has generation 1. */
		eq = (struct kvm_ppc_xive_eq){ .flags = KVM_XIVE_EQ_ALWAYS_NOTIFY, .qshift = shift, .qaddr = addr,
					       .qtoggle = 1 };
	pthread_mutex_lock(&x->lock);
	q = &x->queue[c->args[1]][c->args[2]];
	if (xive_attr(x, true, KVM_DEV_XIVE_GRP_EQ_CONFIG, queue_index(c), &eq))
		*q = shift ? (struct xive_queue){ .used = true, .addr = addr, .flags = c->args[0],
						  .config_ns = clock_now_ns() } : (struct xive_queue){ 0 };
	else
		ret = errno == ENOENT ? H_P2 : errno == EINVAL ? H_P4 : H_HARDWARE;
	pthread_mutex_unlock(&x->lock);
	return ret;
}

static int64_t get_queue_config(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);
	int64_t ret = check_queue(c, EQ_DEBUG);
	uint64_t debug = c->args[0] & EQ_DEBUG, index = queue_index(c);
	struct kvm_ppc_xive_eq eq = { 0 };

	if (ret)
		return ret;
	if (!xive_attr(x, false, KVM_DEV_XIVE_GRP_EQ_CONFIG, index, &eq))
		return H_HARDWARE;
	c->args[0] = eq.qshift ? EQ_ALWAYS_NOTIFY : 0;
	c->args[1] = eq.qshift ? eq.qaddr : 0;
	c->args[2] = eq.qshift;
	if (debug) {
		c->args[0] |= eq.qtoggle ? EQ_GENERATION : 0;
		c->args[3] = eq.qindex;
	}
	return H_SUCCESS;
}

/* Lines that the thread context is reported to: KVM's device has no way to set them. */
static int64_t reporting_line(struct ppc64_hcall_ctx *c)
{
	return H_FUNCTION;
}

/* The EOI of an LSI whose line is still up triggers it again. */
static uint64_t lsi_eoi(struct ppc64_xive *x, uint32_t lisn)
{
	uint64_t old = xive_esb_load(x, lisn, XIVE_ESB_SET_PQ(0));
	bool again;

	pthread_mutex_lock(&x->lock);
	again = x->source[lisn].asserted;
	pthread_mutex_unlock(&x->lock);
	if (again)
		xive_esb_trigger(x, lisn);
	return old;
}

/* (flags, lisn, offset, data) */
static int64_t esb(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);
	uint64_t offset = c->args[2]; /* in the management page */
	uint32_t lisn = c->args[1];

	if (c->args[0] & ~(uint64_t)ESB_STORE)
		return H_PARAMETER;
	if (!xive_lisn_exists(x, c->args[1]))
		return H_P2;
	if (offset >= 1ull << x->page_shift || offset % 8)
		return H_P3;
	if (c->args[0] & ESB_STORE) {
		xive_esb_store(x, lisn, offset, c->args[3]);
		c->args[0] = ~0ull;
	} else if (x->source[lisn].lsi && offset == XIVE_ESB_LOAD_EOI) {
		c->args[0] = lsi_eoi(x, lisn);
	} else {
		c->args[0] = xive_esb_load(x, lisn, offset);
	}
	return H_SUCCESS;
}

static int64_t sync_source(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);

	if (c->args[0])
		return H_PARAMETER;
	if (!xive_lisn_exists(x, c->args[1]))
		return H_P2;
	return xive_attr(x, true, KVM_DEV_XIVE_GRP_SOURCE_SYNC, c->args[1], NULL) ? H_SUCCESS : H_HARDWARE;
}

static int64_t reset(struct ppc64_hcall_ctx *c)
{
	struct ppc64_xive *x = xive_of(c);

	if (c->args[0])
		return H_PARAMETER;
	if (!xive_attr(x, true, KVM_DEV_XIVE_GRP_CTRL, KVM_DEV_XIVE_RESET, NULL))
		return H_HARDWARE;
	xive_forget(x);
	return H_SUCCESS;
}

const struct ppc64_hcall ppc64_xive_hcalls[] = {
	{ 0x3a8, get_source_info }, { 0x3ac, set_source_config }, { 0x3b0, get_source_config },
	{ 0x3b4, get_queue_info }, { 0x3b8, set_queue_config }, { 0x3bc, get_queue_config },
	{ 0x3c0, reporting_line }, { 0x3c4, reporting_line }, { 0x3c8, esb }, { 0x3cc, sync_source },
	{ 0x3d0, reset }, { 0, NULL },
};

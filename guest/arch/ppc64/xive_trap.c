/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What device models do to sources, and a guest whose pages were taken away so that each of its accesses
 * comes here (`catch xive trigger|eoi`): the real ESB pages are used, and each becomes an event.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/ppc64/xive.h"

#define TRAP_EVENTS (BIT(VMM_EXIT_XIVE_TRIGGER) | BIT(VMM_EXIT_XIVE_EOI) | BIT(VMM_EXIT_XIVE_PQ))
#define PQ_PENDING 2

static uint8_t pq_of(const struct ppc64_xive *x, uint32_t lisn)
{
	uint64_t pq = xive_esb_load(x, lisn, XIVE_ESB_GET);

	return pq > 3 ? 0xff : pq;
}

/* A trigger or EOI that sent an entry: 00 to 10, or 11 to 10. */
static bool forwarded(uint32_t schema, uint8_t before, uint8_t after)
{
	if (schema == VMM_EXIT_XIVE_TRIGGER)
		return before == 0 && after != 0;
	return schema == VMM_EXIT_XIVE_EOI && before == 3 && (after & PQ_PENDING);
}

static struct vmm_exit_xive_esb event(const struct ppc64_xive *x, uint32_t schema, uint32_t lisn, unsigned origin,
				      unsigned offset, uint8_t before)
{
	uint8_t after = pq_of(x, lisn);

	return (struct vmm_exit_xive_esb){
		.lisn = lisn, .eisn = x->source[lisn].eisn, .origin = origin, .pq_old = before, .pq_new = after,
		.forward = forwarded(schema, before, after), .offset = offset,
	};
}

/* ---- device models -------------------------------------------------------------------------------- */

void ppc64_xive_set(struct vm *vm, unsigned lisn, bool level)
{
	struct ppc64_xive *x = ppc64_vm(vm)->xive;
	struct vmm_exit_xive_esb ev;
	bool trigger;
	uint8_t before;

	if (!xive_lisn_exists(x, lisn))
		return;
	pthread_mutex_lock(&x->lock);
	trigger = level && (!x->source[lisn].lsi || !x->source[lisn].asserted);
	x->source[lisn].asserted = level && x->source[lisn].lsi;
	pthread_mutex_unlock(&x->lock);
	if (!trigger)
		return;
	before = pq_of(x, lisn);
	xive_esb_trigger(x, lisn);
	ev = event(x, VMM_EXIT_XIVE_TRIGGER, lisn, VMM_XIVE_DEVICE, 0, before);
	vm_event(vm, VMM_EXIT_XIVE_TRIGGER, EVENT_NO_VCPU, &ev, sizeof(ev));
}

/* ---- trapped guests -------------------------------------------------------------------------------- */

struct error *ppc64_plan(struct vm *vm)
{
	struct ppc64_xive *x = ppc64_vm(vm)->xive;
	bool want = vm->stops.catch_events & TRAP_EVENTS;
	struct error *err;

	if (!x || x->trapped == want)
		return NULL;
	err = xive_map_esb(vm, x, !want);
	if (!err)
		x->trapped = want;
	return err;
}

static uint32_t schema_of(bool management, bool write, unsigned offset)
{
	/* Stores to the start of the management page trigger too (Linux uses that). */
	if (!management || (write && offset < 0x400))
		return VMM_EXIT_XIVE_TRIGGER;
	return offset < 0x800 ? VMM_EXIT_XIVE_EOI : VMM_EXIT_XIVE_PQ;
}

/* Linux ends an interrupt by setting PQ to 00 while P is on; the same load unmasks. */
static bool ends_interrupt(unsigned offset, uint8_t before)
{
	return offset >= 0xc00 && offset < 0xd00 && before != 0xff && (before & PQ_PENDING);
}

bool ppc64_mmio(struct vcpu *v, struct stop_report *report, bool *ret_stop)
{
	struct ppc64_xive *x = ppc64_vm(v->vm)->xive;
	struct kvm_run *run = v->run;
	uint64_t at = run->mmio.phys_addr - XIVE_ESB_GPA, page;
	struct vmm_exit_xive_esb ev;
	bool management;
	uint32_t lisn, schema;
	unsigned offset;
	uint8_t before;

	if (!x || !x->trapped || run->mmio.phys_addr < XIVE_ESB_GPA || at >= x->esb_len)
		return false;
	page = at >> x->page_shift;
	lisn = page / 2;
	management = page % 2;
	offset = at & MASK(11, 0);
	if (!x->source[lisn].exists || run->mmio.len != 8 || offset % 8)
		return false;
	v->io_pending = true;
	before = pq_of(x, lisn);
	xive_esb_forward(x, page, offset, run->mmio.data, run->mmio.is_write);
	*ret_stop = false;
	if (management && !run->mmio.is_write && offset >= XIVE_ESB_GET && offset < 0xc00)
		return true; /* only looked */
	schema = schema_of(management, run->mmio.is_write, offset);
	if (management && !run->mmio.is_write && ends_interrupt(offset, before))
		schema = VMM_EXIT_XIVE_EOI;
	ev = event(x, schema, lisn, VMM_XIVE_GUEST, offset, before);
	ev.pc = ppc64_pc(v);
	*ret_stop = vcpu_exit_event(v, schema, &ev, sizeof(ev), report);
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fixed state blobs: a LAPIC with a timer and pending vectors, an IOAPIC with two used pins, ... */
#include <stdio.h>
#include <string.h>

#include "core/arch/x86_64.h"
#include "core/base/vec.h"

#include "tests/lib/fake_machine.h"
#include "tests/lib/fake_target.h"

/* A LAPIC register by its offset in the page. */
static void lapic_set(struct state_x86_lapic *l, unsigned offset, uint32_t v)
{
	le32_write(l->regs + offset, v);
}

static void fill_lapic(unsigned vcpu, struct state_x86_lapic *l)
{
	l->version = STATE_VERSION;
	l->apic_base = 0xfee00000 | X86_APIC_BASE_EN | (vcpu == 0 ? X86_APIC_BASE_BSP : 0);
	lapic_set(l, 0x20, vcpu << 24);
	lapic_set(l, 0x30, 0x50014);
	lapic_set(l, 0xd0, 1u << (24 + vcpu));
	lapic_set(l, 0xe0, 0xffffffff);
	lapic_set(l, 0xf0, 0x1ff);
	lapic_set(l, 0x320, vcpu == 0 ? 0x20020 : 0x10000); /* timer: periodic, vector 0x20 */
	lapic_set(l, 0x330, 0x10000);
	lapic_set(l, 0x340, 0x10000);
	lapic_set(l, 0x350, vcpu == 0 ? 0x700 : 0x10700);
	lapic_set(l, 0x360, 0x400);
	lapic_set(l, 0x370, 0xfe);
	if (vcpu != 0)
		return;
	lapic_set(l, 0x200 + 0x10 * 1, 1u << 1 | 1u << 4); /* IRR: 0x21, 0x24 */
	lapic_set(l, 0x100 + 0x10 * 1, 1u << 0);	   /* ISR: 0x20 */
	lapic_set(l, 0xa0, 0x20);
	lapic_set(l, 0x300, 0x4608);
	lapic_set(l, 0x310, 1u << 24);
	lapic_set(l, 0x380, 1000000);
	lapic_set(l, 0x390, 250000);
	lapic_set(l, 0x3e0, 0x3);
}

static void fill_ioapic(struct state_x86_ioapic *io)
{
	io->version = STATE_VERSION;
	io->base = 0xfec00000;
	for (unsigned i = 0; i < ARRAY_SIZE(io->redir); i++)
		io->redir[i] = 1u << 16;
	io->redir[2] = 0x22;			/* PIT, to APIC 0 */
	io->redir[4] = 0x24;			/* serial */
	io->redir[10] = 1ULL << 56 | 0xa02a;	/* level, low, to APIC 1 */
}

static void fill_pic(unsigned index, struct state_x86_pic *p)
{
	p->version = STATE_VERSION;
	p->imr = index == 0 ? 0xfb : 0xff;
	p->irr = index == 0 ? 0x01 : 0;
	p->irq_base = index == 0 ? 0x30 : 0x38;
	p->elcr = index == 0 ? 0 : 0x0c;
}

static void fill_pit(struct state_x86_pit *p)
{
	p->version = STATE_VERSION;
	p->channel[0] = (struct state_x86_pit_channel){ .count = 11932, .mode = 2, .gate = 1, .rw_mode = 3 };
	p->channel[1] = (struct state_x86_pit_channel){ .count = 65536, .mode = 255, .gate = 1 };
	p->channel[2] = (struct state_x86_pit_channel){ .count = 65536, .mode = 3 };
}

static void fill_events(unsigned vcpu, struct state_vcpu_events *e)
{
	e->version = STATE_VERSION;
	e->mp_state = 0;
	if (vcpu == 1) {
		e->nmi_pending = 1;
		e->shadow = 2;
	}
}

static void fill_vm_info(struct state_vm_info *v)
{
	v->version = STATE_VERSION;
	v->irqchip = 2;
	v->mem_bytes = FAKE_MEM;
	v->vcpus = FAKE_VCPUS;
	snprintf(v->backend, sizeof(v->backend), "fake");
	snprintf(v->image, sizeof(v->image), "built in");
	snprintf(v->boot, sizeof(v->boot), "none");
}

static size_t fill_routes(uint8_t *buf)
{
	struct state_irq_routes *r = (void *)buf;

	r->version = STATE_VERSION;
	r->count = 3;
	r->route[0] = (struct state_irq_route){ .gsi = 4, .type = STATE_ROUTE_IRQCHIP, .chip = 0, .pin = 4 };
	r->route[1] = (struct state_irq_route){ .gsi = 4, .type = STATE_ROUTE_IRQCHIP, .chip = 2, .pin = 4 };
	r->route[2] = (struct state_irq_route){ .gsi = 24, .type = STATE_ROUTE_MSI, .msi_addr = 0xfee01000,
						.msi_data = 0x4041 };
	return sizeof(*r) + 3 * sizeof(r->route[0]);
}

bool fake_machine_state(enum state_kind kind, unsigned index, void *buf, size_t size, size_t *ret_len)
{
	static const struct {
		size_t len;
		unsigned count;
	} kinds[STATE_KIND_COUNT] = {
		[STATE_X86_LAPIC] = { sizeof(struct state_x86_lapic), FAKE_VCPUS },
		[STATE_X86_IOAPIC] = { sizeof(struct state_x86_ioapic), 1 },
		[STATE_X86_PIC] = { sizeof(struct state_x86_pic), 2 },
		[STATE_X86_PIT] = { sizeof(struct state_x86_pit), 1 },
		[STATE_IRQ_ROUTES] = { sizeof(struct state_irq_routes) + 3 * sizeof(struct state_irq_route), 1 },
		[STATE_VCPU_EVENTS] = { sizeof(struct state_vcpu_events), FAKE_VCPUS },
		[STATE_VM_INFO] = { sizeof(struct state_vm_info), 1 },
	};
	union {
		struct state_x86_lapic lapic;
		struct state_x86_ioapic ioapic;
		struct state_x86_pic pic;
		struct state_x86_pit pit;
		struct state_vcpu_events events;
		struct state_vm_info info;
		uint8_t bytes[2048];
	} u = { .bytes = { 0 } };

	if (kind >= STATE_VIRTIO_DEVICE && kind <= STATE_VIRTIO_IOVA)
		return fake_virtio_state(kind, index, buf, size, ret_len);
	if ((unsigned)kind >= STATE_KIND_COUNT || index >= kinds[kind].count || size < kinds[kind].len)
		return false;
	*ret_len = kinds[kind].len;
	switch (kind) {
	case STATE_X86_LAPIC: fill_lapic(index, &u.lapic); break;
	case STATE_X86_IOAPIC: fill_ioapic(&u.ioapic); break;
	case STATE_X86_PIC: fill_pic(index, &u.pic); break;
	case STATE_X86_PIT: fill_pit(&u.pit); break;
	case STATE_IRQ_ROUTES: *ret_len = fill_routes(u.bytes); break;
	case STATE_VCPU_EVENTS: fill_events(index, &u.events); break;
	case STATE_VM_INFO: fill_vm_info(&u.info); break;
	default: return false;
	}
	memcpy(buf, u.bytes, *ret_len);
	return true;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Interrupts in three shapes: all chips in the kernel; the local APICs in the kernel, our IOAPIC and our
 * pair of 8259 (split); all ours (off: a pair of 8259, one vCPU, no local APIC).
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/x86_64/x86.h"

#define IOAPIC_PINS 24

int x86_ioapic_pin(unsigned gsi)
{
	if (gsi == 0)
		return 2;
	return gsi == 2 || gsi >= IOAPIC_PINS ? -1 : (int)gsi;
}

/* KVM's own routes put the timer on pin 0; guests expect it where a PC has it. */
static struct error *route_kernel(struct vm *vm)
{
	struct {
		struct kvm_irq_routing head;
		struct kvm_irq_routing_entry entry[16 + IOAPIC_PINS];
	} table = { 0 };

	for (unsigned gsi = 0; gsi < IOAPIC_PINS; gsi++) {
		int pin = x86_ioapic_pin(gsi);

		if (gsi < 16)
			table.entry[table.head.nr++] = (struct kvm_irq_routing_entry){
				.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip = { .irqchip = gsi >> 3, .pin = gsi & 7 } };
		if (pin >= 0)
			table.entry[table.head.nr++] = (struct kvm_irq_routing_entry){
				.gsi = gsi, .type = KVM_IRQ_ROUTING_IRQCHIP,
				.u.irqchip = { .irqchip = KVM_IRQCHIP_IOAPIC, .pin = pin } };
	}
	if (ioctl(vm->fd, KVM_SET_GSI_ROUTING, &table))
		return error_errno(errno, "KVM refuses the routes of the interrupt lines");
	return NULL;
}

static struct error *create_kernel(struct vm *vm, struct x86_vm *x)
{
	struct kvm_pit_config pit = { .flags = KVM_PIT_SPEAKER_DUMMY };

	if (ioctl(vm->fd, KVM_CREATE_IRQCHIP, 0))
		return error_errno(errno, "KVM cannot create its interrupt chips (try --irqchip split or off)");
	if (ioctl(vm->fd, KVM_CREATE_PIT2, &pit))
		return error_errno(errno, "KVM cannot create its timer");
	for (unsigned i = 0; i < ARRAY_SIZE(x->chip); i++) {
		x->chip[i].chip_id = i;
		ioctl(vm->fd, KVM_GET_IRQCHIP, &x->chip[i]);
	}
	ioctl(vm->fd, KVM_GET_PIT2, &x->pit);
	return route_kernel(vm);
}

static struct error *create_split(struct vm *vm, struct x86_vm *x)
{
	struct kvm_enable_cap cap = { .cap = KVM_CAP_SPLIT_IRQCHIP, .args = { IOAPIC_PINS } };

	if (ioctl(vm->fd, KVM_ENABLE_CAP, &cap))
		return error_errno(errno, "this host's KVM has no split irqchip");
	struct error *err = x86_ioapic_create(vm, &x->ioapic);

	return err ? err : x86_pic_create(vm, &x->pic);
}

struct error *x86_irq_create(struct vm *vm)
{
	struct x86_vm *x = x86_vm(vm);

	switch (x->irqchip) {
	case IRQCHIP_KERNEL:
		return create_kernel(vm, x);
	case IRQCHIP_SPLIT:
		return create_split(vm, x);
	default:
		return x86_pic_create(vm, &x->pic);
	}
}

void x86_irq_destroy(struct vm *vm)
{
	x86_ioapic_destroy(x86_vm(vm)->ioapic);
	x86_pic_destroy(x86_vm(vm)->pic);
}

struct error *x86_irq_reset(struct vm *vm)
{
	struct x86_vm *x = x86_vm(vm);

	if (x->ioapic)
		x86_ioapic_reset(x->ioapic);
	if (x->pic)
		x86_pic_reset(x->pic);
	if (x->irqchip != IRQCHIP_KERNEL)
		return NULL;
	for (unsigned i = 0; i < ARRAY_SIZE(x->chip); i++)
		if (ioctl(vm->fd, KVM_SET_IRQCHIP, &x->chip[i]))
			return error_errno(errno, "KVM refuses to reset interrupt chip %u", i);
	if (ioctl(vm->fd, KVM_SET_PIT2, &x->pit))
		return error_errno(errno, "KVM refuses to reset its timer");
	return NULL;
}

void x86_irq_set(struct vm *vm, unsigned gsi, bool level)
{
	struct x86_vm *x = x86_vm(vm);
	struct kvm_irq_level line = { .irq = gsi, .level = level };
	int pin = x86_ioapic_pin(gsi);

	if (x->irqchip == IRQCHIP_KERNEL)
		ioctl(vm->fd, KVM_IRQ_LINE, &line);
	if (x->ioapic && pin >= 0)
		x86_ioapic_set(x->ioapic, pin, level);
	if (x->pic)
		x86_pic_set(x->pic, gsi, level);
}

void x86_msi(struct vm *vm, uint64_t addr, uint32_t data)
{
	struct kvm_msi msi = { .address_lo = addr, .address_hi = addr >> 32, .data = data };

	ioctl(vm->fd, KVM_SIGNAL_MSI, &msi);
}

/* What our 8259 ask for we inject: at once when the guest can take it, else when KVM says it can. With an
 * in-kernel local APIC, KVM also asks that (LINT0 accepts ExtINT), and wakes a halted vCPU. */
void x86_enter(struct vcpu *v)
{
	struct x86_pic *pic = x86_vm(v->vm)->pic;
	struct kvm_interrupt irq;

	v->run->request_interrupt_window = 0;
	/* With interrupts held off, none is given. */
	if ((v->debug.step && v->debug.block_irqs) || !x86_pic_pending(pic))
		return;
	/* An access that KVM has to complete comes first; it may be what raised the interrupt, so that
	 * nobody takes the vCPU out again: KVM does, when it can be given. */
	if (v->io_pending) {
		v->run->request_interrupt_window = 1;
		return;
	}
	if (v->run->ready_for_interrupt_injection && v->run->if_flag) {
		int vector = x86_pic_acknowledge(pic);

		irq.irq = vector;
		if (vector >= 0)
			ioctl(v->fd, KVM_INTERRUPT, &irq);
	}
	v->run->request_interrupt_window = x86_pic_pending(pic);
}

bool x86_halt_wakes(struct vcpu *v, bool *ret_never)
{
	bool open = x86_vcpu(v)->regs->rflags & X86_FLAGS_IF;

	*ret_never = !open;
	return open && x86_pic_pending(x86_vm(v->vm)->pic);
}

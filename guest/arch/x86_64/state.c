/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State blobs (core/target/state.h) from KVM's structures and from our own chips. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/x86_64/x86.h"

_Static_assert(sizeof(((struct state_x86_lapic *)0)->regs) == KVM_APIC_REG_SIZE, "LAPIC page");
_Static_assert(ARRAY_SIZE(((struct state_x86_ioapic *)0)->redir) == KVM_IOAPIC_NUM_PINS, "IOAPIC pins");

static struct error *too_small(size_t size, size_t need)
{
	return error_create(ERROR_FAILED, "the buffer for the state has %zu bytes, %zu are needed", size, need);
}

static struct error *absent(const char *what, const char *why)
{
	return error_create(ERROR_UNSUPPORTED, "this machine has no %s (%s)", what, why);
}

static struct error *put(const void *state, size_t len, void *buf, size_t size, size_t *ret_len)
{
	if (size < len)
		return too_small(size, len);
	memcpy(buf, state, len);
	*ret_len = len;
	return NULL;
}

static struct error *lapic_state(struct vcpu *v, void *buf, size_t size, size_t *ret_len)
{
	struct state_x86_lapic state = { .version = STATE_VERSION };
	struct kvm_lapic_state lapic;

	if (!x86_lapic_in_kernel(v->vm))
		return absent("local APIC", "--irqchip off");
	if (ioctl(v->fd, KVM_GET_LAPIC, &lapic))
		return error_errno(errno, "vCPU %u: cannot read the local APIC", v->index);
	state.apic_base = x86_vcpu(v)->sregs->apic_base;
	state.flags = state.apic_base & X86_APIC_BASE_X2 ? 1 : 0;
	memcpy(state.regs, lapic.regs, sizeof(state.regs));
	return put(&state, sizeof(state), buf, size, ret_len);
}

static struct error *events_state(struct vcpu *v, void *buf, size_t size, size_t *ret_len)
{
	struct kvm_vcpu_events e;
	struct kvm_mp_state mp = { 0 };
	struct state_vcpu_events state;

	if (ioctl(v->fd, KVM_GET_VCPU_EVENTS, &e))
		return error_errno(errno, "vCPU %u: cannot read pending events", v->index);
	if (x86_lapic_in_kernel(v->vm))
		ioctl(v->fd, KVM_GET_MP_STATE, &mp);
	state = (struct state_vcpu_events){
		.version = STATE_VERSION,
		.exc_pending = e.exception.pending, .exc_injected = e.exception.injected,
		.exc_nr = e.exception.nr, .exc_has_error = e.exception.has_error_code,
		.exc_error = e.exception.error_code, .exc_payload = e.exception_payload,
		.irq_injected = e.interrupt.injected, .irq_nr = e.interrupt.nr,
		.irq_soft = e.interrupt.soft, .shadow = e.interrupt.shadow,
		.nmi_injected = e.nmi.injected, .nmi_pending = e.nmi.pending, .nmi_masked = e.nmi.masked,
		.smm = e.smi.smm, .mp_state = mp.mp_state,
	};
	return put(&state, sizeof(state), buf, size, ret_len);
}

struct error *x86_vcpu_state(struct vcpu *v, enum state_kind kind, void *buf, size_t size, size_t *ret_len)
{
	if (kind == STATE_X86_LAPIC)
		return lapic_state(v, buf, size, ret_len);
	if (kind == STATE_VCPU_EVENTS)
		return events_state(v, buf, size, ret_len);
	return error_create(ERROR_UNSUPPORTED, "no such state of a vCPU");
}

static struct error *chip_get(struct vm *vm, unsigned id, struct kvm_irqchip *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->chip_id = id;
	if (ioctl(vm->fd, KVM_GET_IRQCHIP, ret))
		return error_errno(errno, "cannot read interrupt chip %u", id);
	return NULL;
}

static struct error *ioapic_state(struct vm *vm, void *buf, size_t size, size_t *ret_len)
{
	struct x86_vm *x = x86_vm(vm);
	struct state_x86_ioapic state = { .version = STATE_VERSION };
	struct kvm_irqchip chip;
	struct error *err;

	if (x->ioapic) {
		x86_ioapic_state(x->ioapic, &state);
		return put(&state, sizeof(state), buf, size, ret_len);
	}
	if (x->pic) /* and no IOAPIC */
		return absent("IOAPIC", "--irqchip off");
	err = chip_get(vm, KVM_IRQCHIP_IOAPIC, &chip);
	if (err)
		return err;
	state.id = chip.chip.ioapic.id;
	state.base = chip.chip.ioapic.base_address;
	state.ioregsel = chip.chip.ioapic.ioregsel;
	state.irr = chip.chip.ioapic.irr;
	for (unsigned i = 0; i < KVM_IOAPIC_NUM_PINS; i++)
		state.redir[i] = chip.chip.ioapic.redirtbl[i].bits;
	return put(&state, sizeof(state), buf, size, ret_len);
}

static struct error *pic_state(struct vm *vm, unsigned index, void *buf, size_t size, size_t *ret_len)
{
	struct x86_vm *x = x86_vm(vm);
	struct state_x86_pic state = { .version = STATE_VERSION };
	const struct kvm_pic_state *p;
	struct kvm_irqchip chip;
	struct error *err;

	if (index > 1)
		return error_create(ERROR_NOT_FOUND, "there is no PIC %u: 0 is the master, 1 the slave", index);
	if (x->pic) {
		x86_pic_state(x->pic, index, &state);
		return put(&state, sizeof(state), buf, size, ret_len);
	}
	err = chip_get(vm, index, &chip);
	if (err)
		return err;
	p = &chip.chip.pic;
	state = (struct state_x86_pic){
		.version = STATE_VERSION, .irr = p->irr, .imr = p->imr, .isr = p->isr,
		.last_irr = p->last_irr, .irq_base = p->irq_base, .init_state = p->init_state,
		.auto_eoi = p->auto_eoi, .rotate = p->rotate_on_auto_eoi, .special_mask = p->special_mask,
		.read_reg_select = p->read_reg_select, .poll = p->poll, .elcr = p->elcr,
	};
	return put(&state, sizeof(state), buf, size, ret_len);
}

static struct error *pit_state(struct vm *vm, void *buf, size_t size, size_t *ret_len)
{
	struct state_x86_pit state = { .version = STATE_VERSION };
	struct kvm_pit_state2 pit;

	if (x86_vm(vm)->irqchip != IRQCHIP_KERNEL)
		return absent("in-kernel PIT", "only --irqchip kernel has it; see `info device`");
	if (ioctl(vm->fd, KVM_GET_PIT2, &pit))
		return error_errno(errno, "cannot read the PIT");
	state.speaker = !!(pit.flags & KVM_PIT_FLAGS_SPEAKER_DATA_ON);
	for (unsigned i = 0; i < 3; i++) {
		const struct kvm_pit_channel_state *c = &pit.channels[i];

		state.channel[i] = (struct state_x86_pit_channel){
			.count = c->count, .latched_count = c->latched_count, .mode = c->mode, .bcd = c->bcd,
			.gate = c->gate, .rw_mode = c->rw_mode, .status_latched = c->status_latched,
		};
	}
	return put(&state, sizeof(state), buf, size, ret_len);
}

/* KVM has no call to read its routes: these are the ones we set. */
static struct error *routes_state(struct vm *vm, void *buf, size_t size, size_t *ret_len)
{
	struct {
		struct state_irq_routes head;
		struct state_irq_route route[16 + KVM_IOAPIC_NUM_PINS];
	} r = { .head.version = STATE_VERSION };
	struct x86_vm *x = x86_vm(vm);

	if (x->pic && !x->ioapic)
		return absent("GSI routing", "--irqchip off");
	for (unsigned gsi = 0; gsi < KVM_IOAPIC_NUM_PINS; gsi++) {
		if (gsi < 16)
			r.route[r.head.count++] = (struct state_irq_route){
				.gsi = gsi, .type = STATE_ROUTE_IRQCHIP, .chip = gsi >> 3, .pin = gsi & 7 };
		int pin = x86_ioapic_pin(gsi);

		if (pin >= 0)
			r.route[r.head.count++] = (struct state_irq_route){
				.gsi = gsi, .type = STATE_ROUTE_IRQCHIP, .chip = 2, .pin = pin };
	}
	return put(&r, sizeof(r.head) + r.head.count * sizeof(r.route[0]), buf, size, ret_len);
}

struct error *x86_vm_state(struct vm *vm, enum state_kind kind, unsigned index, void *buf, size_t size,
			   size_t *ret_len)
{
	switch (kind) {
	case STATE_X86_IOAPIC:
		return ioapic_state(vm, buf, size, ret_len);
	case STATE_X86_PIC:
		return pic_state(vm, index, buf, size, ret_len);
	case STATE_X86_PIT:
		return pit_state(vm, buf, size, ret_len);
	case STATE_IRQ_ROUTES:
		return routes_state(vm, buf, size, ret_len);
	default:
		return error_create(ERROR_UNSUPPORTED, "this machine has no such state");
	}
}

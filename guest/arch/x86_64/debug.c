/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Debug registers through KVM_SET_GUEST_DEBUG (SDM vol. 3B, 17.2), and what stepping must know about an
 * instruction. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/x86_64/x86.h"

#ifndef KVM_GUESTDBG_BLOCKIRQ
#define KVM_GUESTDBG_BLOCKIRQ 0x00100000
#endif

#define DR6_BS BIT(14)
#define DR7_FIXED 0x400u
#define DR7_LE_GE 0x300u

/* R/W and LEN of a data slot; DR7 has no read-only kind. */
static uint64_t slot_control(const struct hw_slot *s, unsigned i)
{
	static const uint8_t len[9] = { [1] = 0, [2] = 1, [4] = 3, [8] = 2 };
	unsigned rw = !s->access ? 0 : s->access & STOP_READ ? 3 : 1;

	return BIT(2 * i + 1) | (uint64_t)rw << (16 + 4 * i) |
	       (uint64_t)(s->access ? len[s->len] : 0) << (18 + 4 * i);
}

static bool slot_live(const struct vcpu *v, const struct vcpu_debug *debug, unsigned i)
{
	const struct hw_slot *s = &v->vm->stops.slot[i];

	return s->used && (s->vcpus & BIT(v->index)) && (s->access ? debug->data : debug->exec);
}

static void fill(struct vcpu *v, const struct vcpu_debug *debug, struct kvm_guest_debug *g)
{
	memset(g, 0, sizeof(*g));
	if (debug->step) {
		g->control |= KVM_GUESTDBG_SINGLESTEP;
		if (debug->block_irqs && (v->vm->caps.debug_mask & KVM_GUESTDBG_BLOCKIRQ))
			g->control |= KVM_GUESTDBG_BLOCKIRQ;
	}
	if (debug->byte && v->vm->stops.any_byte)
		g->control |= KVM_GUESTDBG_USE_SW_BP;
	g->arch.debugreg[7] = DR7_FIXED;
	for (unsigned i = 0; i < HW_SLOTS_MAX; i++) {
		if (!slot_live(v, debug, i))
			continue;
		g->arch.debugreg[i] = v->vm->stops.slot[i].addr;
		g->arch.debugreg[7] |= slot_control(&v->vm->stops.slot[i], i) | DR7_LE_GE;
		g->control |= KVM_GUESTDBG_USE_HW_BP;
	}
	if (g->control)
		g->control |= KVM_GUESTDBG_ENABLE;
}

int x86_debug_set(struct vcpu *v, const struct vcpu_debug *debug)
{
	struct kvm_guest_debug g;

	fill(v, debug, &g);
	return ioctl(v->fd, KVM_SET_GUEST_DEBUG, &g) ? errno : 0;
}

void x86_debug_decode(struct vcpu *v, struct debug_exit *ret)
{
	const struct kvm_debug_exit_arch *d = &v->run->debug.arch;
	unsigned live = 0;

	x86_sync(v);
	for (unsigned i = 0; i < HW_SLOTS_MAX; i++)
		if (slot_live(v, &v->debug, i))
			live |= BIT(i);
	*ret = (struct debug_exit){
		.pc = d->pc, .exception = d->exception, .status = d->dr6, .control = d->dr7,
		.byte = d->exception == 3,
		.step = d->exception == 1 && (d->dr6 & DR6_BS),
		.slots = d->exception == 1 ? d->dr6 & live : 0,
	};
}

/* The guest's own int3 or debug trap, which KVM gave to us: hands it to the guest. */
void x86_debug_inject(struct vcpu *v, const struct debug_exit *debug)
{
	struct kvm_guest_debug g;

	fill(v, &v->debug, &g);
	g.control |= KVM_GUESTDBG_ENABLE | (debug->byte ? KVM_GUESTDBG_INJECT_BP : KVM_GUESTDBG_INJECT_DB);
	ioctl(v->fd, KVM_SET_GUEST_DEBUG, &g);
	v->debug_generation = 0;
}

/* Opcodes of one byte, and of two after 0f, that touch neither segment nor control registers, a bit
 * each from 0 up (SDM vol. 2, appendix A). 0xff depends on its operand. */
static const uint32_t plain_one[8] = {
	0x3f3f3f3f, 0x3f3f3f3f, 0xffffffff, 0xffff0f08,
	0xf3ffaffb, 0xffffffff, 0x000f03cf, 0x7fe00b0f,
};

static bool plain_two(uint8_t op)
{
	return op == 0x18 || op == 0x1f || op == 0x31 || op == 0xa2 || op == 0xa3 || op == 0xab || op == 0xaf ||
	       op == 0xb3 || (op >= 0x10 && op <= 0x17) || (op >= 0x28 && op <= 0x2f) ||
	       (op >= 0x40 && op <= 0x76) || (op >= 0x7c && op <= 0x9f) || op == 0xa4 || op == 0xa5 ||
	       op == 0xac || op == 0xad || op == 0xb0 || op == 0xb1 || op == 0xb6 || op == 0xb7 ||
	       (op >= 0xba && op <= 0xc2) || (op >= 0xc8 && op <= 0xfe);
}

static bool plain(bool is64, const uint8_t *code, size_t len)
{
	size_t i = 0;

	while (i < len && i < 4 && (code[i] == 0x66 || code[i] == 0xf2 || code[i] == 0xf3 ||
				    (is64 && (code[i] & 0xf0) == 0x40)))
		i++;
	if (i + 2 >= len)
		return false;
	if (code[i] == 0x0f)
		return plain_two(code[i + 1]);
	if (code[i] == 0xff) /* not the far call and jump */
		return FIELD(code[i + 1], 5, 3) != 3 && FIELD(code[i + 1], 5, 3) != 5;
	return plain_one[code[i] >> 5] & BIT(code[i] & 31);
}

enum insn_class x86_classify(const struct vcpu *v, const uint8_t *code, size_t len)
{
	if (plain(x86_code64(x86_vcpu(v)->sregs), code, len))
		return INSN_CLASS_PLAIN;
	switch (len ? code[0] : 0) {
	case 0xf4:
		return INSN_CLASS_HALT;
	case 0xcc: case 0xcd: case 0xce: case 0xf1:
		return INSN_CLASS_SOFT_IRQ;
	case 0x0f:
		if (len > 1 && (code[1] == 0x05 || code[1] == 0x34))
			return INSN_CLASS_SOFT_IRQ; /* syscall, sysenter: far, but no interrupt */
		if (len > 2 && code[1] == 0x01 && (code[2] == 0xc1 || code[2] == 0xd9))
			return INSN_CLASS_VMCALL;
		return INSN_CLASS_OTHER;
	default:
		return INSN_CLASS_OTHER;
	}
}

/*
 * A handler was entered when an interrupt frame with the old pc lies at the top of the stack: ip, cs,
 * flags, above an error code and what the handler's first instruction may have pushed.
 */
bool x86_step_interrupted(struct vcpu *v, const struct mem_reader *mem, uint64_t old_pc,
			  uint64_t old_sp)
{
	const struct kvm_sregs *s = x86_vcpu(v)->sregs;
	unsigned word = s->efer & X86_EFER_LMA ? 8 : s->cr0 & X86_CR0_PE ? 4 : 2;
	uint64_t sp = x86_sp(v);
	uint8_t raw[6 * 8];

	if (sp <= old_sp && old_sp - sp < 3u * word)
		return false; /* a call pushes less than an interrupt does, a jump nothing */
	x86_refresh_lazy(v);
	sp = x86_sp(v);
	if (!mem->virt(mem->ctx, sp, raw, 6 * word))
		return false;
	for (unsigned i = 0; i + 2 < 6; i++) {
		uint64_t ip = bytes_read(raw + i * word, word, false);
		uint64_t cs = bytes_read(raw + (i + 1) * word, word, false) & MASK(word * 8 - 1, 0);
		uint64_t flags = bytes_read(raw + (i + 2) * word, word, false);
		uint64_t linear = word == 2 ? ip + (cs << 4) : ip;

		if (linear != old_pc || cs > 0xffff || !(flags & BIT(1)) || (flags & BIT(3)))
			continue;
		/* KVM steps by setting TF and hides it from everybody but the interrupt that pushes it: the
		 * handler's iret would bring it back into a guest that then runs free. */
		if (flags & X86_FLAGS_TF)
			vcpu_write_byte(v, sp + (i + 2) * word + 1,
					raw[(i + 2) * word + 1] & ~(X86_FLAGS_TF >> 8));
		return true;
	}
	return false;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Registers between KVM's structures and the ids of core/arch/x86_64.h. General, segment and control
 * registers come from the copies KVM shares in the run structure (or that sync() made), so that
 * reading them costs no ioctl; all else is read on the vCPU's thread.
 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/x86_64/x86.h"

/* X86_RAX .. X86_RFLAGS in struct kvm_regs. */
static const uint8_t general[] = {
#define R(id, member) [X86_##id] = offsetof(struct kvm_regs, member)
	R(RAX, rax), R(RBX, rbx), R(RCX, rcx), R(RDX, rdx), R(RSI, rsi), R(RDI, rdi), R(RBP, rbp),
	R(RSP, rsp), R(R8, r8), R(R9, r9), R(R10, r10), R(R11, r11), R(R12, r12), R(R13, r13),
	R(R14, r14), R(R15, r15), R(RIP, rip), R(RFLAGS, rflags),
#undef R
};
_Static_assert(ARRAY_SIZE(general) == X86_RFLAGS + 1, "general registers come first");

static const struct { uint16_t reg, offset; } segments[] = {
	{ X86_CS, offsetof(struct kvm_sregs, cs) }, { X86_SS, offsetof(struct kvm_sregs, ss) },
	{ X86_DS, offsetof(struct kvm_sregs, ds) }, { X86_ES, offsetof(struct kvm_sregs, es) },
	{ X86_FS, offsetof(struct kvm_sregs, fs) }, { X86_GS, offsetof(struct kvm_sregs, gs) },
	{ X86_LDTR, offsetof(struct kvm_sregs, ldt) }, { X86_TR, offsetof(struct kvm_sregs, tr) },
};

static const struct { uint16_t reg, offset; } controls[] = {
	{ X86_CR0, offsetof(struct kvm_sregs, cr0) }, { X86_CR2, offsetof(struct kvm_sregs, cr2) },
	{ X86_CR3, offsetof(struct kvm_sregs, cr3) }, { X86_CR4, offsetof(struct kvm_sregs, cr4) },
	{ X86_CR8, offsetof(struct kvm_sregs, cr8) }, { X86_EFER, offsetof(struct kvm_sregs, efer) },
	{ X86_APIC_BASE, offsetof(struct kvm_sregs, apic_base) },
	{ X86_GDTR_BASE, offsetof(struct kvm_sregs, gdt.base) },
	{ X86_IDTR_BASE, offsetof(struct kvm_sregs, idt.base) },
};

/* Outside 64-bit code addresses are segment base plus offset, 32 bits wide. */
uint64_t x86_pc(const struct vcpu *v)
{
	const struct x86_vcpu *x = x86_vcpu(v);

	if (x86_code64(x->sregs))
		return x->regs->rip;
	return (x->sregs->cs.base + x->regs->rip) & MASK(31, 0);
}

void x86_refresh(struct vcpu *v)
{
	struct x86_vcpu *x = x86_vcpu(v);

	x->stale = false;
	ioctl(v->fd, KVM_GET_REGS, x->regs);
	ioctl(v->fd, KVM_GET_SREGS, x->sregs);
}

void x86_lazy(struct vcpu *v, bool on)
{
	if (!v->vm->caps.sync_regs)
		return;
	v->run->kvm_valid_regs = KVM_SYNC_X86_REGS | (on ? 0 : KVM_SYNC_X86_SREGS);
	x86_vcpu(v)->stale = on;
}

void x86_refresh_lazy(struct vcpu *v)
{
	struct x86_vcpu *x = x86_vcpu(v);

	if (x->stale)
		ioctl(v->fd, KVM_GET_SREGS, x->sregs);
	x->stale = false;
}

void x86_sync(struct vcpu *v)
{
	const struct x86_vcpu *x = x86_vcpu(v);

	if (!v->vm->caps.sync_regs)
		x86_refresh(v);
	else if (x->stale && (v->run->exit_reason != KVM_EXIT_DEBUG || v->run->debug.arch.pc != x86_pc(v)))
		x86_refresh_lazy(v); /* an exit to handle, or a handler was entered */
}

uint64_t x86_sp(const struct vcpu *v)
{
	const struct x86_vcpu *x = x86_vcpu(v);
	const struct kvm_sregs *s = x->sregs;
	bool wide = s->ss.db && (s->cr0 & X86_CR0_PE) && !(x->regs->rflags & X86_FLAGS_VM);

	if (x86_code64(s))
		return x->regs->rsp;
	return (s->ss.base + (x->regs->rsp & (wide ? MASK(31, 0) : MASK(15, 0)))) & MASK(31, 0);
}

static uint32_t segment_attr(const struct kvm_segment *s)
{
	return X86_ATTR(s->type, s->s, s->dpl, s->present, s->avl, s->l, s->db, s->g, s->unusable);
}

static uint64_t segment_get(const struct kvm_segment *s, unsigned part)
{
	switch (part) {
	case X86_SEG_BASE:
		return s->base;
	case X86_SEG_LIMIT:
		return s->limit;
	case X86_SEG_ATTR:
		return segment_attr(s);
	default:
		return s->selector;
	}
}

static void segment_set(struct kvm_segment *s, unsigned part, uint64_t value)
{
	switch (part) {
	case X86_SEG_BASE:
		s->base = value;
		break;
	case X86_SEG_LIMIT:
		s->limit = value;
		break;
	case X86_SEG_ATTR:
		s->type = X86_ATTR_TYPE(value);
		s->s = !!(value & X86_ATTR_S);
		s->dpl = X86_ATTR_DPL(value);
		s->present = !!(value & X86_ATTR_P);
		s->avl = !!(value & X86_ATTR_AVL);
		s->l = !!(value & X86_ATTR_L);
		s->db = !!(value & X86_ATTR_DB);
		s->g = !!(value & X86_ATTR_G);
		s->unusable = !!(value & X86_ATTR_UNUSABLE);
		break;
	default:
		s->selector = value;
	}
}

/* The 64-bit member of the register in @s; NULL for others. */
static uint64_t *control_of(struct kvm_sregs *s, unsigned reg)
{
	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++)
		if (controls[i].reg == reg)
			return (uint64_t *)((char *)s + controls[i].offset);
	return NULL;
}

static struct kvm_segment *segment_of(struct kvm_sregs *s, unsigned reg, unsigned *ret_part)
{
	for (unsigned i = 0; i < ARRAY_SIZE(segments); i++) {
		if (reg < segments[i].reg || reg - segments[i].reg >= (unsigned)X86_SEG_STRIDE)
			continue;
		*ret_part = reg - segments[i].reg;
		return (struct kvm_segment *)((char *)s + segments[i].offset);
	}
	return NULL;
}

bool x86_reg_get(const struct vcpu *v, unsigned reg, uint64_t *ret)
{
	const struct x86_vcpu *x = x86_vcpu(v);
	const struct kvm_segment *seg;
	const uint64_t *control;
	unsigned part;

	if (reg < ARRAY_SIZE(general)) {
		memcpy(ret, (const char *)x->regs + general[reg], sizeof(*ret));
		return true;
	}
	seg = segment_of(x->sregs, reg, &part);
	control = control_of(x->sregs, reg);
	if (seg)
		*ret = segment_get(seg, part);
	else if (control)
		*ret = *control;
	else if (reg == X86_GDTR_LIMIT)
		*ret = x->sregs->gdt.limit;
	else if (reg == X86_IDTR_LIMIT)
		*ret = x->sregs->idt.limit;
	else if (reg == X86_XCR0)
		*ret = x->xcr0;
	else
		return false;
	return true;
}

void x86_regs_core(const struct vcpu *v, struct regs *ret)
{
	const struct x86_vcpu *x = x86_vcpu(v);

	if (ret->arch != machine_host.arch)
		regs_init(ret, machine_host.arch);
	for (unsigned i = 0; i < ARRAY_SIZE(general); i++) {
		uint64_t value;

		memcpy(&value, (const char *)x->regs + general[i], sizeof(value));
		regs_set(ret, i, value);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(segments); i++) {
		const struct kvm_segment *s =
			(const struct kvm_segment *)((const char *)x->sregs + segments[i].offset);

		for (unsigned part = 0; part < X86_SEG_STRIDE; part++)
			regs_set(ret, segments[i].reg + part, segment_get(s, part));
	}
	for (unsigned i = 0; i < ARRAY_SIZE(controls); i++)
		regs_set(ret, controls[i].reg, *control_of(x->sregs, controls[i].reg));
	regs_set(ret, X86_GDTR_LIMIT, x->sregs->gdt.limit);
	regs_set(ret, X86_IDTR_LIMIT, x->sregs->idt.limit);
	regs_set(ret, X86_XCR0, x->xcr0);
}

uint64_t x86_mmu_key(const struct vcpu *v)
{
	const struct kvm_sregs *s = x86_vcpu(v)->sregs;
	uint64_t mode = (s->cr0 & (X86_CR0_PG | X86_CR0_PE)) ^ s->cr4 << 32 ^ (s->efer & X86_EFER_LMA) << 8;

	return s->cr3 * 0x9e3779b97f4a7c15ull ^ mode;
}

/* ---- on the vCPU's thread ---------------------------------------------------------------------- */

static struct error *debugregs_read(struct vcpu *v, struct regs *ret)
{
	struct kvm_debugregs d;

	if (ioctl(v->fd, KVM_GET_DEBUGREGS, &d))
		return error_errno(errno, "vCPU %u: cannot read the debug registers", v->index);
	for (unsigned i = 0; i < 4; i++)
		regs_set(ret, X86_DR0 + i, d.db[i]);
	regs_set(ret, X86_DR6, d.dr6);
	regs_set(ret, X86_DR7, d.dr7);
	return NULL;
}

static bool msr_get(struct vcpu *v, uint32_t index, uint64_t *ret)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { .head.nmsrs = 1, .entry.index = index };

	if (ioctl(v->fd, KVM_GET_MSRS, &m) != 1)
		return false;
	*ret = m.entry.data;
	return true;
}

/* One by one: KVM stops at the first it does not know, and those stay invalid. */
static void msrs_read(struct vcpu *v, struct regs *ret)
{
	for (unsigned i = 0; i < X86_REG_COUNT; i++) {
		uint64_t value;

		if (x86_64_regs[i].group == REGS_MSR && msr_get(v, x86_64_regs[i].index, &value))
			regs_set(ret, i, value);
	}
}

struct error *x86_regs_read(struct vcpu *v, unsigned groups, struct regs *ret)
{
	struct error *err = NULL;

	if (groups & REGS_DEBUG)
		err = debugregs_read(v, ret);
	if (!err && (groups & REGS_MSR))
		msrs_read(v, ret);
	if (!err && (groups & (REGS_FPU | REGS_VECTOR)))
		err = x86_fpu_read(v, groups, ret);
	return err;
}

static struct error *refused(struct vcpu *v, unsigned reg, uint64_t value)
{
	return error_errno(errno, "vCPU %u: KVM refuses %s = 0x%" PRIx64, v->index, x86_64_regs[reg].name,
			   value);
}

static struct error *general_write(struct vcpu *v, unsigned reg, uint64_t value)
{
	struct kvm_regs regs;

	if (ioctl(v->fd, KVM_GET_REGS, &regs))
		return error_errno(errno, "vCPU %u: cannot read the registers", v->index);
	memcpy((char *)&regs + general[reg], &value, sizeof(value));
	if (ioctl(v->fd, KVM_SET_REGS, &regs))
		return refused(v, reg, value);
	return NULL;
}

static struct error *special_write(struct vcpu *v, unsigned reg, uint64_t value)
{
	struct kvm_sregs sregs;
	struct kvm_segment *seg;
	uint64_t *control;
	unsigned part;

	if (ioctl(v->fd, KVM_GET_SREGS, &sregs))
		return error_errno(errno, "vCPU %u: cannot read the special registers", v->index);
	seg = segment_of(&sregs, reg, &part);
	control = control_of(&sregs, reg);
	if (seg)
		segment_set(seg, part, value);
	else if (control)
		*control = value;
	else if (reg == X86_GDTR_LIMIT)
		sregs.gdt.limit = value;
	else if (reg == X86_IDTR_LIMIT)
		sregs.idt.limit = value;
	if (ioctl(v->fd, KVM_SET_SREGS, &sregs))
		return refused(v, reg, value);
	v->run->cr8 = sregs.cr8;
	/* Some KVMs drop what they can not do (paging outside long mode) without a word. */
	if (control && ioctl(v->fd, KVM_GET_SREGS, &sregs) == 0 && *control != value)
		return error_create(ERROR_UNSUPPORTED, "vCPU %u: this host's KVM does not take %s = 0x%" PRIx64
				    ", it keeps 0x%" PRIx64, v->index, x86_64_regs[reg].name, value, *control);
	return NULL;
}

static struct error *xcr0_write(struct vcpu *v, uint64_t value)
{
	struct kvm_xcrs xcrs = { .nr_xcrs = 1, .xcrs[0] = { .xcr = 0, .value = value } };

	if (ioctl(v->fd, KVM_SET_XCRS, &xcrs))
		return refused(v, X86_XCR0, value);
	x86_vcpu(v)->xcr0 = value;
	return NULL;
}

static struct error *debugreg_write(struct vcpu *v, unsigned reg, uint64_t value)
{
	struct kvm_debugregs d;

	if (ioctl(v->fd, KVM_GET_DEBUGREGS, &d))
		return error_errno(errno, "vCPU %u: cannot read the debug registers", v->index);
	if (reg == X86_DR6)
		d.dr6 = value;
	else if (reg == X86_DR7)
		d.dr7 = value;
	else
		d.db[reg - X86_DR0] = value;
	d.flags = 0;
	if (ioctl(v->fd, KVM_SET_DEBUGREGS, &d))
		return refused(v, reg, value);
	return NULL;
}

static struct error *msr_write(struct vcpu *v, unsigned reg, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { .head.nmsrs = 1, .entry = { .index = x86_64_regs[reg].index, .data = value } };

	if (ioctl(v->fd, KVM_SET_MSRS, &m) != 1)
		return error_create(ERROR_FAULT, "vCPU %u: KVM refuses MSR %s (0x%x) = 0x%" PRIx64, v->index,
				    x86_64_regs[reg].name, x86_64_regs[reg].index, value);
	return NULL;
}

struct error *x86_reg_write(struct vcpu *v, unsigned reg, const void *data, size_t len)
{
	uint64_t value = bytes_read(data, len < 8 ? len : 8, false);
	struct error *err;

	switch (x86_64_regs[reg].group) {
	case REGS_GENERAL:
		err = general_write(v, reg, value);
		break;
	case REGS_SEGMENT:
	case REGS_CONTROL:
		err = reg == X86_XCR0 ? xcr0_write(v, value) : special_write(v, reg, value);
		break;
	case REGS_DEBUG:
		err = debugreg_write(v, reg, value);
		break;
	case REGS_MSR:
		err = msr_write(v, reg, value);
		break;
	default:
		err = x86_fpu_write(v, reg, data, len);
		break;
	}
	x86_refresh(v);
	return err;
}

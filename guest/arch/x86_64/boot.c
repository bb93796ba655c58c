/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A vCPU's power-on state, and the state the boot vCPU starts in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "guest/arch/x86_64/x86.h"
#include "guest/load/place.h"

#define CR0_REAL (BIT(4) | BIT(29) | BIT(30))	/* ET, NW, CD: SDM vol. 3A, table 9-1 */
#define CR0_PROT (X86_CR0_PE | BIT(4))
#define CR0_LONG (X86_CR0_PE | BIT(1) | BIT(4) | BIT(5) | X86_CR0_WP | BIT(18) | X86_CR0_PG)
#define CR4_LONG (X86_CR4_PAE | BIT(9) | BIT(10))	/* OSFXSR, OSXMMEXCPT */
#define EFER_LONG (X86_EFER_SCE | X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE)
#define MSR_MTRR_DEF_TYPE 0x2ff
#define MSR_MISC_ENABLE 0x1a0
#define MTRR_ENABLED_WB (BIT(11) | 6)
#define MISC_FAST_STRINGS BIT(0)
#define MSR_APIC_BASE 0x1b
#define APIC_BASE_BSP_DISABLED 0xfee00100u
#define LAPIC_LINT0 0x350
#define LAPIC_LINT1 0x360
#define LVT_EXTINT 0x700u
#define LVT_NMI 0x400u
#define BOOT_TSS 0x20	/* selector of the TSS in boot_gdt()'s table */

static void msr_put(struct vcpu *v, uint32_t index, uint64_t value)
{
	struct {
		struct kvm_msrs head;
		struct kvm_msr_entry entry;
	} m = { .head.nmsrs = 1, .entry = { .index = index, .data = value } };

	ioctl(v->fd, KVM_SET_MSRS, &m); /* a KVM without it has no such default either */
}

/* Virtual wire: ExtINT at the boot CPU's LINT0, NMI at every LINT1 (MP specification 3.6.2.2). */
static void lapic_defaults(struct vcpu *v)
{
	struct kvm_lapic_state lapic;

	if (!x86_lapic_in_kernel(v->vm)) {
		/* KVM shows CPUID's APIC bit as long as this says that there is one. */
		msr_put(v, MSR_APIC_BASE, APIC_BASE_BSP_DISABLED);
		return;
	}
	if (ioctl(v->fd, KVM_GET_LAPIC, &lapic))
		return;
	if (v->index == 0)
		le32_write(lapic.regs + LAPIC_LINT0, LVT_EXTINT);
	le32_write(lapic.regs + LAPIC_LINT1, LVT_NMI);
	ioctl(v->fd, KVM_SET_LAPIC, &lapic);
}

static void remember_msrs(struct vcpu *v, struct x86_power_on *p)
{
	for (unsigned i = 0; i < X86_REG_COUNT && p->nmsrs < X86_MSRS_MAX; i++) {
		struct {
			struct kvm_msrs head;
			struct kvm_msr_entry entry;
		} m = { .head.nmsrs = 1, .entry.index = x86_64_regs[i].index };

		if (x86_64_regs[i].group == REGS_MSR && i != X86_TSC && i != X86_MTRR_CAP &&
		    ioctl(v->fd, KVM_GET_MSRS, &m) == 1)
			p->msrs[p->nmsrs++] = m.entry;
	}
}

static struct error *remember(struct vcpu *v)
{
	struct x86_power_on *p = &x86_vcpu(v)->power_on;
	struct x86_vm *x = x86_vm(v->vm);

	if (ioctl(v->fd, KVM_GET_REGS, &p->regs) || ioctl(v->fd, KVM_GET_SREGS, &p->sregs))
		return error_errno(errno, "vCPU %u: cannot read the power-on registers", v->index);
	p->xsave = xcalloc(1, x->xsave_size);
	if (!x86_xsave_get(v, p->xsave)) {
		free(p->xsave);
		p->xsave = NULL;
	}
	if (x->has_xcrs)
		ioctl(v->fd, KVM_GET_XCRS, &p->xcrs);
	if (x->has_debugregs)
		ioctl(v->fd, KVM_GET_DEBUGREGS, &p->debugregs);
	ioctl(v->fd, KVM_GET_VCPU_EVENTS, &p->events);
	if (x86_lapic_in_kernel(v->vm)) {
		ioctl(v->fd, KVM_GET_LAPIC, &p->lapic);
		ioctl(v->fd, KVM_GET_MP_STATE, &p->mp);
	}
	remember_msrs(v, p);
	x86_vcpu(v)->fresh = true;
	return NULL;
}

struct error *x86_vcpu_create(struct vcpu *v)
{
	struct x86_vcpu *x = xcalloc(1, sizeof(*x));
	struct error *err;

	v->arch = x;
	x->regs = &x->own_regs;
	x->sregs = &x->own_sregs;
	if (v->vm->caps.sync_regs) {
		x->regs = &v->run->s.regs.regs;
		x->sregs = &v->run->s.regs.sregs;
		v->run->kvm_valid_regs = KVM_SYNC_X86_REGS | KVM_SYNC_X86_SREGS;
	}
	v->needs_enter = x86_vm(v->vm)->pic && v->index == 0; /* the INT line goes to the first */
	err = x86_cpuid_set(v);
	if (err)
		return err;
	msr_put(v, MSR_MTRR_DEF_TYPE, MTRR_ENABLED_WB);
	msr_put(v, MSR_MISC_ENABLE, MISC_FAST_STRINGS);
	lapic_defaults(v);
	return remember(v);
}

void x86_vcpu_destroy(struct vcpu *v)
{
	struct x86_vcpu *x = x86_vcpu(v);

	if (!x)
		return;
	free(x->power_on.xsave);
	free(x);
	v->arch = NULL;
}

/* ---- boot ------------------------------------------------------------------------------------- */

static struct kvm_segment segment(uint16_t selector, uint32_t limit, unsigned type, unsigned s)
{
	return (struct kvm_segment){ .selector = selector, .limit = limit, .type = type, .s = s,
				     .present = 1, .g = limit > 0xfffff };
}

static struct kvm_segment real_segment(uint16_t paragraph, unsigned type)
{
	struct kvm_segment seg = segment(paragraph, 0xffff, type, 1);

	seg.base = (uint64_t)paragraph << 4;
	return seg;
}

static void boot_real(struct kvm_sregs *s, const struct boot_state *boot)
{
	s->cs = real_segment(boot->cs, 11);
	s->ds = s->es = s->fs = s->gs = s->ss = real_segment(boot->ds, 3);
	s->fs = s->gs = real_segment(0, 3);
	s->cr0 = CR0_REAL;
	s->idt.base = 0;
	s->idt.limit = 0x3ff;
}

static void boot_protected(struct kvm_sregs *s, const struct boot_state *boot)
{
	bool is_long = boot->mode == BOOT_LONG64;

	s->cs = segment(boot->cs, 0xffffffff, 11, 1);
	s->cs.l = is_long;
	s->cs.db = !is_long;
	s->ds = segment(boot->ds, 0xffffffff, 3, 1);
	s->ds.db = 1;
	s->es = s->fs = s->gs = s->ss = s->ds;
	s->tr = segment(boot->gdt ? BOOT_TSS : 0, 0x67, 11, 0);
	s->ldt = (struct kvm_segment){ .unusable = 1 };
	s->gdt.base = boot->gdt;
	s->gdt.limit = boot->gdt ? BOOT_GDT_LEN - 1 : 0;
	s->idt.base = s->idt.limit = 0;
	s->cr0 = is_long ? CR0_LONG : CR0_PROT;
	if (is_long) {
		s->cr3 = boot->cr3;
		s->cr4 = CR4_LONG;
		s->efer = EFER_LONG;
	}
}

static struct error *boot_registers(struct vcpu *v, const struct boot_state *boot)
{
	struct kvm_sregs sregs = x86_vcpu(v)->power_on.sregs;
	struct kvm_regs regs = {
		.rax = boot->rax, .rbx = boot->rbx, .rcx = boot->rcx, .rdx = boot->rdx,
		.rsi = boot->rsi, .rdi = boot->rdi, .rsp = boot->sp, .rip = boot->pc, .rflags = 2,
	};

	if (boot->mode == BOOT_REAL16)
		boot_real(&sregs, boot);
	else
		boot_protected(&sregs, boot);
	if (ioctl(v->fd, KVM_SET_SREGS, &sregs))
		return error_errno(errno, "vCPU %u: KVM refuses the start state (%s)", v->index,
				   boot->protocol ? boot->protocol : "?");
	if (ioctl(v->fd, KVM_SET_REGS, &regs))
		return error_errno(errno, "vCPU %u: KVM refuses the start registers", v->index);
	return NULL;
}

static struct error *power_on(struct vcpu *v)
{
	struct x86_power_on *p = &x86_vcpu(v)->power_on;
	struct x86_vm *x = x86_vm(v->vm);

	if (ioctl(v->fd, KVM_SET_SREGS, &p->sregs) || ioctl(v->fd, KVM_SET_REGS, &p->regs))
		return error_errno(errno, "vCPU %u: KVM refuses the power-on registers", v->index);
	for (unsigned i = 0; i < p->nmsrs; i++)
		msr_put(v, p->msrs[i].index, p->msrs[i].data);
	if (x->has_xcrs && p->xcrs.nr_xcrs)
		ioctl(v->fd, KVM_SET_XCRS, &p->xcrs);
	if (p->xsave)
		ioctl(v->fd, KVM_SET_XSAVE, p->xsave);
	if (x->has_debugregs)
		ioctl(v->fd, KVM_SET_DEBUGREGS, &p->debugregs);
	ioctl(v->fd, KVM_SET_VCPU_EVENTS, &p->events);
	if (x86_lapic_in_kernel(v->vm)) {
		ioctl(v->fd, KVM_SET_LAPIC, &p->lapic);
		ioctl(v->fd, KVM_SET_MP_STATE, &p->mp);
	}
	v->run->cr8 = 0;
	v->run->request_interrupt_window = 0;
	return NULL;
}

struct error *x86_vcpu_reset(struct vcpu *v, const struct boot_state *boot)
{
	struct x86_vcpu *x = x86_vcpu(v);
	struct error *err = x->fresh ? NULL : power_on(v);

	x->fresh = false;
	if (!err && v->index == 0)
		err = boot_registers(v, boot);
	x->xcr0 = x->power_on.xcrs.nr_xcrs ? x->power_on.xcrs.xcrs[0].value : 0;
	x86_refresh(v);
	return err;
}

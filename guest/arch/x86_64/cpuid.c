/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * CPUID: what KVM supports, corrected for this machine (APIC ids, topology: one thread a core, all
 * cores in one package), then what the user asked for (--cpuid LEAF[:SUB],REG=VALUE[/MASK]).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "guest/arch/x86_64/x86.h"

#define ENTRIES_START 128u
#define ENTRIES_MAX 1024u

static size_t cpuid_size(uint32_t n)
{
	return sizeof(struct kvm_cpuid2) + n * sizeof(struct kvm_cpuid_entry2);
}

const struct kvm_cpuid_entry2 *x86_cpuid_find(const struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t sub)
{
	for (uint32_t i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *e = &cpuid->entries[i];

		if (e->function == leaf &&
		    (!(e->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || e->index == sub))
			return e;
	}
	return NULL;
}

uint32_t x86_cpuid_xsave_offset(const struct vm *vm, unsigned component)
{
	const struct kvm_cpuid_entry2 *e = x86_cpuid_find(x86_vm(vm)->cpuid, 0xd, component);

	return e && e->eax ? e->ebx : 0;
}

static struct error *supported(const struct vm *vm, struct kvm_cpuid2 **ret)
{
	for (uint32_t n = ENTRIES_START; n <= ENTRIES_MAX; n *= 2) {
		struct kvm_cpuid2 *cpuid = xcalloc(1, cpuid_size(n));

		cpuid->nent = n;
		if (ioctl(vm->kvm_fd, KVM_GET_SUPPORTED_CPUID, cpuid) == 0) {
			*ret = cpuid;
			return NULL;
		}
		free(cpuid);
		if (errno != E2BIG)
			break;
	}
	return error_errno(errno, "cannot read the CPUID that KVM supports");
}

/* The entry for @leaf and @sub, added when there is none. */
static struct kvm_cpuid_entry2 *entry(struct kvm_cpuid2 **cpuid, uint32_t leaf, uint32_t sub, bool indexed)
{
	struct kvm_cpuid2 *c = *cpuid;
	const struct kvm_cpuid_entry2 *found = x86_cpuid_find(c, leaf, sub);

	if (found)
		return (struct kvm_cpuid_entry2 *)found;
	c = xrealloc(c, cpuid_size(c->nent + 1));
	c->entries[c->nent] = (struct kvm_cpuid_entry2){
		.function = leaf, .index = sub, .flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0 };
	*cpuid = c;
	return &c->entries[c->nent++];
}

static unsigned bits_for(unsigned n)
{
	unsigned bits = 0;

	while ((1u << bits) < n)
		bits++;
	return bits;
}

/* ---- what the user asked for ------------------------------------------------------------------ */

struct override {
	uint32_t leaf, sub, value, mask;
	bool has_sub;
	unsigned reg;	/* 0 eax .. 3 edx */
};

static struct error *bad_override(const char *text, const char *why)
{
	return error_hint(error_create(ERROR_USAGE, "--cpuid %s: %s", text, why),
			  "LEAF[:SUB],REG=VALUE[/MASK], for instance 0x1,ecx=0/0x80000000");
}

static bool number32(const char *s, uint32_t *ret)
{
	uint64_t v;
	struct error *err = parse_u64(s, &v);

	if (err || v > UINT32_MAX) {
		error_destroy(err);
		return false;
	}
	*ret = v;
	return true;
}

static struct error *parse_override(const char *text, struct override *ret)
{
	static const char *const names[] = { "eax", "ebx", "ecx", "edx" };
	_free_ char *copy = xstrdup(text);
	char *reg = strchr(copy, ','), *value = strchr(copy, '='), *sub, *mask;

	if (!reg || !value || value < reg)
		return bad_override(text, "not of the form LEAF,REG=VALUE");
	*reg++ = *value++ = '\0';
	sub = strchr(copy, ':');
	mask = strchr(value, '/');
	if (sub)
		*sub++ = '\0';
	if (mask)
		*mask++ = '\0';
	*ret = (struct override){ .mask = UINT32_MAX, .has_sub = sub != NULL, .reg = 4 };
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (strcasecmp(reg, names[i]) == 0)
			ret->reg = i;
	if (ret->reg == 4)
		return bad_override(text, "the register is eax, ebx, ecx or edx");
	if (!number32(copy, &ret->leaf) || (sub && !number32(sub, &ret->sub)) ||
	    !number32(value, &ret->value) || (mask && !number32(mask, &ret->mask)))
		return bad_override(text, "not a 32-bit number");
	return NULL;
}

static struct error *apply_overrides(const struct vm *vm, struct kvm_cpuid2 **cpuid)
{
	for (size_t i = 0; i < vm->config->cpuid.len; i++) {
		struct kvm_cpuid_entry2 *e;
		struct override o = { 0 };
		struct error *err = parse_override(vm->config->cpuid.data[i], &o);
		uint32_t *reg;

		if (err)
			return err;
		e = entry(cpuid, o.leaf, o.sub, o.has_sub);
		reg = o.reg == 0 ? &e->eax : o.reg == 1 ? &e->ebx : o.reg == 2 ? &e->ecx : &e->edx;
		*reg = (*reg & ~o.mask) | (o.value & o.mask);
	}
	return NULL;
}

/* ---- corrections ------------------------------------------------------------------------------ */

/* What is the same on all vCPUs. @n: their number. */
static void correct_common(const struct vm *vm, struct kvm_cpuid2 *c)
{
	bool deadline = ioctl(vm->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_TSC_DEADLINE_TIMER) > 0 &&
			vm->config->irqchip != IRQCHIP_OFF;

	for (uint32_t i = 0; i < c->nent; i++) {
		struct kvm_cpuid_entry2 *e = &c->entries[i];

		switch (e->function) {
		case 0x1:
			e->ecx |= BIT(31); /* a hypervisor is present */
			e->ecx = deadline ? e->ecx | BIT(24) : e->ecx & ~BIT(24);
			if (vm->config->irqchip == IRQCHIP_OFF) {
				e->ecx &= ~BIT(21);	/* x2APIC */
				e->edx &= ~BIT(9);	/* APIC */
			}
			break;
		case 0x80000001:
			if (vm->config->irqchip == IRQCHIP_OFF)
				e->edx &= ~BIT(9);
			break;
		default:
			break;
		}
	}
}

static void correct_vcpu(struct kvm_cpuid2 **cpuid, unsigned id, unsigned n)
{
	struct kvm_cpuid2 *c = *cpuid;
	unsigned bits = bits_for(n);

	for (uint32_t i = 0; i < c->nent; i++) {
		struct kvm_cpuid_entry2 *e = &c->entries[i];

		switch (e->function) {
		case 0x1:
			e->ebx = (e->ebx & 0xffff) | (1u << bits) << 16 | id << 24;
			e->edx = n > 1 ? e->edx | BIT(28) : e->edx & ~BIT(28); /* HTT: the count is valid */
			break;
		case 0x4: /* bits 31:26 cores in the package - 1, 25:14 threads that share the cache - 1 */
			if (!(e->eax & 0x1f))
				break;
			e->eax &= ~0xffffc000u;
			e->eax |= ((1u << bits) - 1) << 26;
			if (((e->eax >> 5) & 7) >= 3)
				e->eax |= (n - 1) << 14;
			break;
		case 0x8000001d: /* AMD: sharing only */
			e->eax &= ~0x03ffc000u;
			if (((e->eax >> 5) & 7) >= 3)
				e->eax |= (n - 1) << 14;
			break;
		case 0x80000008: /* AMD: ECX 7:0 cores - 1, 15:12 bits of the APIC id for them */
			e->ecx = (e->ecx & ~0xf0ffu) | bits << 12 | (n - 1);
			break;
		case 0x8000001e: /* AMD: extended APIC id, core id with 1 thread, node 0 of 1 */
			e->eax = id;
			e->ebx = id & 0xff;
			e->ecx = 0;
			break;
		default:
			break;
		}
	}
}

/* Leaf 0xb and 0x1f: level 0 threads (one), level 1 cores, level 2 ends. */
static void correct_topology(struct kvm_cpuid2 **cpuid, uint32_t leaf, unsigned id, unsigned n)
{
	unsigned bits = bits_for(n);

	for (uint32_t level = 0; level < 3; level++) {
		struct kvm_cpuid_entry2 *e = entry(cpuid, leaf, level, true);

		e->flags |= KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		e->index = level;
		e->eax = level == 1 ? bits : 0;
		e->ebx = level == 0 ? 1 : level == 1 ? n : 0;
		e->ecx = level | (level == 0 ? 1u << 8 : level == 1 ? 2u << 8 : 0);
		e->edx = id;
	}
}

struct error *x86_cpuid_load(struct vm *vm)
{
	struct x86_vm *x = x86_vm(vm);
	struct error *err = supported(vm, &x->cpuid);

	if (!err)
		correct_common(vm, x->cpuid);
	return err;
}

struct error *x86_cpuid_set(struct vcpu *v)
{
	const struct kvm_cpuid2 *base = x86_vm(v->vm)->cpuid;
	_free_ struct kvm_cpuid2 *cpuid = xcalloc(1, cpuid_size(base->nent));
	const struct kvm_cpuid_entry2 *max = x86_cpuid_find(base, 0, 0);
	unsigned n = v->vm->target_vcpus;
	struct error *err;

	memcpy(cpuid, base, cpuid_size(base->nent));
	correct_vcpu(&cpuid, v->index, n);
	if (max && max->eax >= 0xb)
		correct_topology(&cpuid, 0xb, v->index, n);
	if (max && max->eax >= 0x1f && x86_cpuid_find(base, 0x1f, 0))
		correct_topology(&cpuid, 0x1f, v->index, n);
	err = apply_overrides(v->vm, &cpuid);
	if (err)
		return err;
	if (ioctl(v->fd, KVM_SET_CPUID2, cpuid))
		return error_errno(errno, "vCPU %u: KVM refuses the CPUID table of %u entries", v->index,
				   cpuid->nent);
	return NULL;
}

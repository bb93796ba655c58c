/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Page walks against KVM_TRANSLATE on random page tables of every mode. Skips without /dev/kvm. */
#include "tests/lib/test.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "core/arch/x86_64.h"

#ifdef __x86_64__

#define MEM (1u << 20)
#define WALKS 3000

struct kvm {
	int dev, vm, vcpu;
	uint8_t *ram;
	uint64_t seed;
	struct kvm_sregs sregs;
	bool pages_1g;		/* else the CPU takes PS in a PDPTE as a reserved bit */
};

static uint64_t rnd(struct kvm *k)
{
	k->seed ^= k->seed << 13;
	k->seed ^= k->seed >> 7;
	k->seed ^= k->seed << 17;
	return k->seed;
}

static bool read_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct kvm *k = ctx;

	if (gpa >= MEM || len > MEM - gpa)
		return false;
	memcpy(buf, k->ram + gpa, len);
	return true;
}

/* The guest CPU has what KVM offers: its MAXPHYADDR, NX, 1 GiB pages decide what is reserved. */
static bool set_cpuid(struct kvm *k)
{
	_free_ struct kvm_cpuid2 *c = xcalloc(1, sizeof(*c) + 256 * sizeof(c->entries[0]));

	c->nent = 256;
	if (ioctl(k->dev, KVM_GET_SUPPORTED_CPUID, c))
		return false;
	for (unsigned i = 0; i < c->nent; i++)
		k->pages_1g |= c->entries[i].function == 0x80000001 && (c->entries[i].edx & BIT(26));
	return ioctl(k->vcpu, KVM_SET_CPUID2, c) == 0;
}

static const char *open_kvm(struct kvm *k)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEM };

	k->dev = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (k->dev < 0)
		return "no /dev/kvm";
	k->vm = ioctl(k->dev, KVM_CREATE_VM, 0);
	k->ram = mmap(NULL, MEM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	region.userspace_addr = (uintptr_t)k->ram;
	if (k->vm < 0 || ioctl(k->vm, KVM_SET_USER_MEMORY_REGION, &region))
		return "KVM gives no VM";
	k->vcpu = ioctl(k->vm, KVM_CREATE_VCPU, 0);
	if (k->vcpu < 0 || !set_cpuid(k) || ioctl(k->vcpu, KVM_GET_SREGS, &k->sregs))
		return "KVM gives no vCPU";
	return NULL;
}

/* Entries that mostly point to tables inside memory; now and then anything that both sides must judge
 * alike: absent, large, read-only, NX. Address bits above 32 stay 0, as MAXPHYADDR differs by host. */
static uint64_t random_entry(struct kvm *k, bool wide)
{
	uint64_t r = rnd(k), e = (rnd(k) & 0xff000) | 0x21 | (r & 0x46);

	if (r % 11 == 0)
		e &= ~X86_PTE_P;
	if (r >> 8 & 1)
		e = (e & ~0xff000ULL) | (rnd(k) & 0x7fe00000) | X86_PTE_PS;
	if (wide && (r >> 16) % 7 == 0)
		e |= X86_PTE_NX;
	if (wide && (r >> 20) % 13 == 0)
		e |= BIT(14);		/* reserved in a large page, address in a table pointer */
	if ((r >> 24) % 17 == 0)
		e |= 0x8000000;		/* points past memory */
	return e;
}

/* Leaves KVM_TRANSLATE's opinion of @gva equal to the walk's, or fails. Returns whether it was mapped. */
static bool compare(struct kvm *k, const struct regs *regs, uint64_t gva)
{
	struct mem_reader mem = { .ctx = k, .phys = read_phys };
	struct kvm_translation tr = { .linear_address = gva };
	struct mmu_walk w;

	assert_ok(arch_x86_64.walk(regs, &mem, gva, &w));
	if (w.verdict == MMU_MAPPED && w.page_size == 1 << 30 && !k->pages_1g)
		return false;
	assert_int_equal(ioctl(k->vcpu, KVM_TRANSLATE, &tr), 0);
	if (tr.valid != (w.verdict == MMU_MAPPED) ||
	    (tr.valid && tr.physical_address != (w.gpa & ~0xfffULL) && tr.physical_address != w.gpa))
		fail_msg("%s %#llx: KVM says %d %#llx, the walk %s %#llx (level %u, entry %#llx)", w.mode,
			 (long long)gva, tr.valid, (long long)tr.physical_address, mmu_verdict_text(w.verdict),
			 (long long)w.gpa, w.nlevels, (long long)(w.nlevels ? w.levels[w.nlevels - 1].entry : 0));
	return w.verdict == MMU_MAPPED;
}

static void one_mode(struct kvm *k, const char *name, uint64_t cr4, uint64_t efer, unsigned va_bits)
{
	struct kvm_sregs s = k->sregs, now;
	struct regs regs;
	unsigned mapped = 0, entry = cr4 & X86_CR4_PAE ? 8 : 4;

	for (unsigned i = 0; i < MEM; i += entry) {
		uint64_t e = random_entry(k, entry == 8);

		/* KVM knows PSE-36 in four bits of it only: leave them out. */
		if (entry == 4)
			le32_write(k->ram + i, e & X86_PTE_PS ? e & ~0x3fe000ULL : e);
		else
			le64_write(k->ram + i, e);
	}
	if (va_bits == 32 && entry == 8) /* PDPTEs are loaded with CR3: they must be good */
		for (unsigned i = 0; i < 4; i++)
			le64_write(k->ram + 0x1000 + 8 * i, (i + 2) << 12 | (i != 3));
	s.cr0 = X86_CR0_PE | X86_CR0_PG | X86_CR0_WP | BIT(4);
	s.cr3 = 0x1000;
	s.cr4 = cr4;
	s.efer = efer;
	/* A KVM that can not do a mode refuses it, or quietly leaves paging off. */
	if (ioctl(k->vcpu, KVM_SET_SREGS, &s) || ioctl(k->vcpu, KVM_GET_SREGS, &now) || now.cr0 != s.cr0 ||
	    now.cr4 != s.cr4) {
		print_message("%s: not offered by this KVM\n", name);
		return;
	}
	regs_init(&regs, &arch_x86_64);
	regs_set(&regs, X86_CR0, s.cr0);
	regs_set(&regs, X86_CR3, s.cr3);
	regs_set(&regs, X86_CR4, s.cr4);
	regs_set(&regs, X86_EFER, s.efer);
	for (unsigned i = 0; i < WALKS; i++)
		mapped += compare(k, &regs, va_bits == 32 ? rnd(k) & MASK(31, 0) :
				  (uint64_t)sign_extend(rnd(k), va_bits));
	print_message("%s: %u addresses, %u mapped\n", name, WALKS, mapped);
	assert_true(mapped > WALKS / 50); /* else nothing was compared */
}

static void against_kvm_translate(void **state)
{
	struct kvm k = { .dev = -1, .vm = -1, .vcpu = -1, .seed = 88172645463325252ULL };
	const char *why = open_kvm(&k);

	if (why) {
		print_message("%s\n", why);
		skip();
	}
	one_mode(&k, "32-bit", 0, 0, 32);
	one_mode(&k, "32-bit PSE", X86_CR4_PSE, 0, 32);
	one_mode(&k, "PAE", X86_CR4_PAE, 0, 32);
	one_mode(&k, "PAE NX", X86_CR4_PAE, X86_EFER_NXE, 32);
	one_mode(&k, "4-level", X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA, 48);
	one_mode(&k, "4-level NX", X86_CR4_PAE, X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE, 48);
	one_mode(&k, "5-level", X86_CR4_PAE | X86_CR4_LA57, X86_EFER_LME | X86_EFER_LMA | X86_EFER_NXE, 57);
	munmap(k.ram, MEM);
	close(k.vcpu);
	close(k.vm);
	close(k.dev);
}

#else
static void against_kvm_translate(void **state)
{
	print_message("the host is not x86-64\n");
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(against_kvm_translate) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

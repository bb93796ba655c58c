/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which stop mechanisms does this host's KVM really serve? A throw-away guest runs into a planted break
 * instruction: some KVMs (and emulated CPUs below them) never tell. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "guest/arch/ppc64/ppc64.h"

#define RAM (1u << 20)
#define CODE 0x1000u
#define MAX_EXITS 16
#define NR_H_PUT_TERM_CHAR 0x58

struct test {
	int vm, vcpu;
	uint8_t *ram;
	struct kvm_run *run;
	size_t run_size;
};

static void test_close(struct test *t)
{
	if (t->run && t->run != MAP_FAILED)
		munmap(t->run, t->run_size);
	if (t->vcpu >= 0)
		close(t->vcpu);
	if (t->vm >= 0)
		close(t->vm);
	if (t->ram != MAP_FAILED)
		munmap(t->ram, RAM);
}

static struct error *test_open(struct test *t, int kvm_fd)
{
	struct kvm_userspace_memory_region region = { .memory_size = RAM };
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_ppc_mmuv3_cfg mmu = { .flags = KVM_PPC_MMUV3_RADIX | KVM_PPC_MMUV3_GTSE,
					 .process_table = PPC64_PRTB_GR };
	int size = ioctl(kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	*t = (struct test){ .vm = -1, .vcpu = -1, .run_size = size > 0 ? (size_t)size : 0 };
	t->ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	t->vm = ioctl(kvm_fd, KVM_CREATE_VM, KVM_VM_PPC_HV);
	if (t->ram == MAP_FAILED || t->vm < 0)
		goto fail;
	region.userspace_addr = (uintptr_t)t->ram;
	if (ioctl(t->vm, KVM_SET_USER_MEMORY_REGION, &region) || ioctl(t->vm, KVM_PPC_CONFIGURE_V3_MMU, &mmu))
		goto fail;
	t->vcpu = ioctl(t->vm, KVM_CREATE_VCPU, 0);
	if (t->vcpu < 0 || ioctl(t->vcpu, KVM_ENABLE_CAP, &papr))
		goto fail;
	t->run = mmap(NULL, t->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, t->vcpu, 0);
	if (t->run != MAP_FAILED)
		return NULL;
fail:
	return error_errno(errno, "cannot create the self-test guest");
}

static uint32_t run(struct test *t)
{
	for (unsigned i = 0; i < MAX_EXITS; i++) {
		if (ioctl(t->vcpu, KVM_RUN, 0) == 0)
			return t->run->exit_reason;
		if (errno != EINTR && errno != EAGAIN)
			break;
	}
	return 0;
}

/* nop; the break instruction; then a hypercall, for those that run over it. Without a handler an illegal
 * instruction would loop at the vector: there is a hypercall too. */
static void load(struct test *t, bool little)
{
	static const uint32_t code[] = { 0x60000000, PPC64_INSN_BREAK, 0x38600000 | NR_H_PUT_TERM_CHAR, 0x44000022 };

	for (unsigned i = 0; i < ARRAY_SIZE(code); i++)
		bytes_write(t->ram + CODE + 4 * i, 4, !little, code[i]);
	/* Interrupts are big-endian until the guest says otherwise. */
	be32_write(t->ram + 0x700, 0x38600000 | NR_H_PUT_TERM_CHAR);
	be32_write(t->ram + 0x704, 0x44000022);
}

static bool breaks(struct test *t, bool little)
{
	struct kvm_guest_debug g = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP };
	struct kvm_regs regs = { .pc = CODE, .msr = PPC64_MSR_SF | PPC64_MSR_ME | (little ? PPC64_MSR_LE : 0) };
	uint32_t word = 0;
	struct kvm_one_reg reg = { .id = KVM_REG_PPC_DEBUG_INST, .addr = (uintptr_t)&word };

	/* What is planted is fixed (machine.c): another word would need other code. */
	if (ioctl(t->vcpu, KVM_GET_ONE_REG, &reg) || word != PPC64_INSN_BREAK)
		return false;
	load(t, little);
	__builtin___clear_cache((char *)t->ram, (char *)t->ram + CODE + 64);
	return ioctl(t->vcpu, KVM_SET_GUEST_DEBUG, &g) == 0 && ioctl(t->vcpu, KVM_SET_REGS, &regs) == 0 &&
	       run(t) == KVM_EXIT_DEBUG && t->run->debug.arch.address == CODE + 4;
}

struct error *ppc64_selftest(int kvm_fd, struct mech_support *ret)
{
	struct test t;
	struct error *err = test_open(&t, kvm_fd);

	memset(ret, 0, sizeof(*ret));
	if (!err)
		ret->break_byte = breaks(&t, true) && breaks(&t, false);
	/* Steps are made of break instructions. */
	ret->step = ret->step_lasts = ret->byte_by_failure = ret->break_byte;
	test_close(&t);
	return err;
}

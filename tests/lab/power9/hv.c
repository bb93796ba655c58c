/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bare PAPR guest on KVM HV, without a line of vmscope's: what a case compares with.
 * hv hcall N [NUMBER]: N H_PUT_TERM_CHAR, or of hypercall NUMBER; hv spin: a guest that loops for ever, left by the hypervisor decrementer
 * only; hv xive: an interrupt source of the native XIVE device.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define VM_TYPE_HV 1
#define MEM_SIZE (16u << 20)
#define CODE_GPA 0x100
#define SPIN_GPA 0x10c
#define H_PUT_TERM_CHAR 0x58
#define MSR_SF_ME_LE 0x8000000000001001ULL
/* Without its top bit the process table of a radix guest is refused. */
#define PROCESS_TABLE 0x8000000000000000ULL
#define SOURCE_IRQ 0x1200
#define ESB_GET 0x800
#define ESB_SET_PQ_00 0xc00

static int kvm, vm, vcpu;
static uint32_t number = H_PUT_TERM_CHAR;
static struct kvm_run *run;

static int check(int rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
	return rc;
}

static void create(void)
{
	/* again: li r3, H_PUT_TERM_CHAR; sc 1; b again; spin: b spin */
	const uint32_t code[] = { 0x38600000 | number, 0x44000022, 0x4bfffff8, 0x48000000 };
	struct kvm_userspace_memory_region region = { .memory_size = MEM_SIZE };
	struct kvm_enable_cap papr = { .cap = KVM_CAP_PPC_PAPR };
	struct kvm_ppc_mmuv3_cfg mmu = { .flags = KVM_PPC_MMUV3_RADIX | KVM_PPC_MMUV3_GTSE };
	int size;
	uint8_t *mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	vm = check(ioctl(kvm, KVM_CREATE_VM, VM_TYPE_HV), "KVM_CREATE_VM (HV)");
	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	memcpy(mem + CODE_GPA, code, sizeof(code));
	region.userspace_addr = (uintptr_t)mem;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
	printf("radix without the top bit: %s\n",
	       ioctl(vm, KVM_PPC_CONFIGURE_V3_MMU, &mmu) ? "refused" : "accepted");
	mmu.process_table = PROCESS_TABLE;
	check(ioctl(vm, KVM_PPC_CONFIGURE_V3_MMU, &mmu), "KVM_PPC_CONFIGURE_V3_MMU");
	vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	check(ioctl(vcpu, KVM_ENABLE_CAP, &papr), "KVM_CAP_PPC_PAPR");
	size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED) {
		perror("mmap of the vCPU");
		exit(1);
	}
}

static void start_at(uint64_t pc)
{
	struct kvm_regs regs;

	check(ioctl(vcpu, KVM_GET_REGS, &regs), "KVM_GET_REGS");
	regs.pc = pc;
	regs.msr = MSR_SF_ME_LE;
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

static int spin(void)
{
	start_at(SPIN_GPA);
	while (check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN") == 0)
		;
	return 0;
}

static int hcalls(unsigned int count)
{
	unsigned int seen = 0;

	start_at(CODE_GPA);
	while (seen < count) {
		check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
		if (run->exit_reason != KVM_EXIT_PAPR_HCALL || run->papr_hcall.nr != number) {
			printf("exit %u\n", run->exit_reason);
			return 1;
		}
		run->papr_hcall.ret = 0;
		seen++;
	}
	printf("H_PUT_TERM_CHAR: %u\n", seen);
	return 0;
}

static uint64_t esb_load(volatile uint8_t *esb, unsigned int offset)
{
	return __builtin_bswap64(*(volatile uint64_t *)(esb + offset));
}

static int xive(void)
{
	struct kvm_create_device dev = { .type = KVM_DEV_TYPE_XIVE };
	struct kvm_device_attr attr = { .group = KVM_DEV_XIVE_GRP_SOURCE, .attr = SOURCE_IRQ };
	struct kvm_enable_cap connect = { .cap = KVM_CAP_PPC_IRQ_XIVE };
	uint64_t state = 0;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *esb;

	check(ioctl(vm, KVM_CREATE_DEVICE, &dev), "KVM_CREATE_DEVICE (XIVE)");
	connect.args[0] = dev.fd;
	check(ioctl(vcpu, KVM_ENABLE_CAP, &connect), "KVM_CAP_PPC_IRQ_XIVE");
	attr.addr = (uintptr_t)&state;
	check(ioctl((int)dev.fd, KVM_SET_DEVICE_ATTR, &attr), "XIVE source");
	/* Two pages a source, the second for management; only a mapping from source 0 on is allowed. */
	esb = mmap(NULL, (2 * SOURCE_IRQ + 2) * page, PROT_READ | PROT_WRITE, MAP_SHARED, (int)dev.fd,
		   (off_t)(KVM_XIVE_ESB_PAGE_OFFSET * page));
	if (esb == MAP_FAILED) {
		perror("mmap of the ESB pages");
		return 1;
	}
	esb += 2 * SOURCE_IRQ * page;
	printf("PQ of a new source: %llx\n", (unsigned long long)esb_load(esb + page, ESB_GET));
	printf("SET_PQ_00 found: %llx\n", (unsigned long long)esb_load(esb + page, ESB_SET_PQ_00));
	printf("PQ afterwards: %llx\n", (unsigned long long)esb_load(esb + page, ESB_GET));
	return 0;
}

int main(int argc, char **argv)
{
	if (argc > 3)
		number = (uint32_t)strtoul(argv[3], NULL, 0);
	create();
	if (argc > 1 && !strcmp(argv[1], "xive"))
		return xive();
	if (argc > 1 && !strcmp(argv[1], "spin"))
		return spin();
	return hcalls(argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 0) : 10);
}

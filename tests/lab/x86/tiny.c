/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A bare real-mode guest on /dev/kvm, without a line of vmscope's: what a case compares with.
 * tiny N: N port writes, then HLT.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define MEM_SIZE 0x10000
#define CODE_GPA 0x1000
#define PORT_DONE 0x10

/* mov cx, N; again: out PORT_DONE, al; loop again; hlt */
static const uint8_t code[] = { 0xb9, 0, 0, 0xe6, PORT_DONE, 0xe2, 0xfc, 0xf4 };
static int check(int rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
	return rc;
}

static void load(int vm, unsigned int count)
{
	struct kvm_userspace_memory_region region = { .memory_size = MEM_SIZE };
	uint8_t *mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (mem == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	memcpy(mem + CODE_GPA, code, sizeof(code));
	mem[CODE_GPA + 1] = (uint8_t)count;
	mem[CODE_GPA + 2] = (uint8_t)(count >> 8);
	region.userspace_addr = (uintptr_t)mem;
	check(ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region), "KVM_SET_USER_MEMORY_REGION");
}

static void start_at(int vcpu, uint64_t rip)
{
	struct kvm_regs regs = { .rip = rip, .rflags = 2, .rsp = 0x8000 };
	struct kvm_sregs sregs;

	check(ioctl(vcpu, KVM_GET_SREGS, &sregs), "KVM_GET_SREGS");
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	check(ioctl(vcpu, KVM_SET_SREGS, &sregs), "KVM_SET_SREGS");
	check(ioctl(vcpu, KVM_SET_REGS, &regs), "KVM_SET_REGS");
}

int main(int argc, char **argv)
{
	unsigned int count = argc > 1 ? (unsigned int)strtoul(argv[1], NULL, 0) : 10;
	unsigned int done = 0, exits = 0;
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	int size = check(ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), "KVM_GET_VCPU_MMAP_SIZE");
	struct kvm_run *run;
	int vcpu;

	load(vm, count);
	vcpu = check(ioctl(vm, KVM_CREATE_VCPU, 0), "KVM_CREATE_VCPU");
	run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu, 0);
	if (run == MAP_FAILED) {
		perror("mmap of the vCPU");
		return 1;
	}
	start_at(vcpu, CODE_GPA);
	do {
		check(ioctl(vcpu, KVM_RUN, 0), "KVM_RUN");
		exits++;
		done += run->exit_reason == KVM_EXIT_IO && run->io.port == PORT_DONE;
	} while (run->exit_reason == KVM_EXIT_IO);
	printf("api=%d nested=%d exits=%u done=%u last=%s\n", ioctl(kvm, KVM_GET_API_VERSION, 0),
	       ioctl(kvm, KVM_CHECK_EXTENSION, KVM_CAP_NESTED_STATE) > 0, exits, done,
	       run->exit_reason == KVM_EXIT_HLT ? "hlt" : "other");
	return run->exit_reason == KVM_EXIT_HLT ? 0 : 1;
}

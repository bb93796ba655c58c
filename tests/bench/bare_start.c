/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The control of "start": a program that creates the same VM (in-kernel irqchip, one vCPU, 128 MiB),
 * makes one step in it and ends. */
#include <fcntl.h>
#include <linux/kvm.h>
#include <string.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#define RAM_SIZE (128u << 20)

int main(void)
{
	struct kvm_userspace_memory_region region = { .memory_size = RAM_SIZE };
	struct kvm_regs regs = { .rip = 0x1000, .rflags = 2 };
	struct kvm_guest_debug dbg = { .control = KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_SINGLESTEP };
	struct kvm_pit_config pit = { 0 };
	struct kvm_sregs sregs;
	struct kvm_run *run;
	int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC), vm, vcpu;
	uint8_t *ram = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (kvm < 0 || ram == MAP_FAILED)
		return 77;
	vm = ioctl(kvm, KVM_CREATE_VM, 0);
	memcpy(ram + 0x1000, "\x40\xeb\xfd", 3);
	region.userspace_addr = (uintptr_t)ram;
	ioctl(vm, KVM_SET_TSS_ADDR, 0xfffbd000);
	if (ioctl(vm, KVM_CREATE_IRQCHIP, 0) || ioctl(vm, KVM_CREATE_PIT2, &pit) ||
	    ioctl(vm, KVM_SET_USER_MEMORY_REGION, &region))
		return 77;
	vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);
	run = mmap(NULL, (size_t)ioctl(kvm, KVM_GET_VCPU_MMAP_SIZE, 0), PROT_READ | PROT_WRITE, MAP_SHARED,
		   vcpu, 0);
	ioctl(vcpu, KVM_GET_SREGS, &sregs);
	sregs.cs.base = 0;
	sregs.cs.selector = 0;
	if (run == MAP_FAILED || ioctl(vcpu, KVM_SET_SREGS, &sregs) || ioctl(vcpu, KVM_SET_REGS, &regs) ||
	    ioctl(vcpu, KVM_SET_GUEST_DEBUG, &dbg))
		return 77;
	return ioctl(vcpu, KVM_RUN, 0) == 0 && run->exit_reason == KVM_EXIT_DEBUG ? 0 : 77;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A VM without a vCPU and N irqfds, each signalled once and taken away: what registers consumers with
 * irqbypass. irqfd N.
 */
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int check(int rc, const char *what)
{
	if (rc < 0) {
		perror(what);
		exit(1);
	}
	return rc;
}

int main(int argc, char **argv)
{
	int kvm = check(open("/dev/kvm", O_RDWR | O_CLOEXEC), "/dev/kvm");
	int vm = check(ioctl(kvm, KVM_CREATE_VM, 0), "KVM_CREATE_VM");
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 0) : 1;

	check(ioctl(vm, KVM_CREATE_IRQCHIP, 0), "KVM_CREATE_IRQCHIP");
	for (unsigned i = 0; i < n; i++) {
		struct kvm_irqfd irqfd = { .fd = (uint32_t)check(eventfd(0, EFD_CLOEXEC), "eventfd"), .gsi = 5 };
		uint64_t one = 1;

		check(ioctl(vm, KVM_IRQFD, &irqfd), "KVM_IRQFD");
		check((int)write((int)irqfd.fd, &one, sizeof(one)), "write");
		irqfd.flags = KVM_IRQFD_FLAG_DEASSIGN;
		check(ioctl(vm, KVM_IRQFD, &irqfd), "KVM_IRQFD (deassign)");
		close((int)irqfd.fd);
	}
	return 0;
}

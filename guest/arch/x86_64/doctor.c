/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doctor checks of x86 hosts, and why there may be no /dev/kvm. */
#include "guest/doctor.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/cleanup.h"
#include "guest/arch/x86_64/x86.h"

#ifndef KVM_CAP_SET_GUEST_DEBUG2
#define KVM_CAP_SET_GUEST_DEBUG2 195
#endif
#ifndef KVM_GUESTDBG_BLOCKIRQ
#define KVM_GUESTDBG_BLOCKIRQ 0x00100000
#endif

/* Does /proc/cpuinfo list @flag? */
static bool cpu_flag(const char *flag)
{
	_fclose_ FILE *f = fopen("/proc/cpuinfo", "re");
	char line[8192], *save, *word;

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, "flags", 5) != 0)
			continue;
		for (word = strtok_r(line, " \t\n:", &save); word; word = strtok_r(NULL, " \t\n:", &save))
			if (strcmp(word, flag) == 0)
				return true;
		return false;
	}
	return false;
}

char *x86_missing_kvm(void)
{
	const char *module = cpu_flag("vmx") ? "kvm_intel" : cpu_flag("svm") ? "kvm_amd" : NULL;

	if (module)
		return xasprintf("sudo modprobe %s (if it says \"not supported\": turn virtualization on in the "
				 "firmware's setup)", module);
	if (cpu_flag("hypervisor"))
		return xstrdup("this is a virtual machine without nested virtualization: turn it on in its host, "
			       "or use a lab (scripts/lab)");
	return xstrdup("the CPU lists neither vmx nor svm: turn virtualization on in the firmware's setup, or use "
		       "another machine");
}

static enum doctor_verdict check_irqchip(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_IRQCHIP, DOCTOR_WARN, "use --irqchip off (one vCPU)", ret_value, ret_fix);
}

static enum doctor_verdict check_split(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_SPLIT_IRQCHIP, DOCTOR_WARN, "--irqchip split is not possible",
			  ret_value, ret_fix);
}

static enum doctor_verdict check_block_irqs(char **ret_value, char **ret_fix)
{
	_close_ int fd = doctor_kvm_open();
	int mask = fd < 0 ? 0 : ioctl(fd, KVM_CHECK_EXTENSION, KVM_CAP_SET_GUEST_DEBUG2);

	*ret_value = xstrdup(mask > 0 && (mask & KVM_GUESTDBG_BLOCKIRQ) ? "yes" : "no");
	if (mask > 0 && (mask & KVM_GUESTDBG_BLOCKIRQ))
		return DOCTOR_OK;
	*ret_fix = xstrdup("a newer kernel (5.15): without, a step may run into an interrupt handler (it is said)");
	return DOCTOR_WARN;
}

static enum doctor_verdict check_deadline(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_TSC_DEADLINE_TIMER, DOCTOR_WARN,
			  "nothing needed: guests use the LAPIC timer's other modes", ret_value, ret_fix);
}

const struct doctor_check x86_checks[] = {
	{ "kvm.irqchip", check_irqchip },
	{ "kvm.split_irqchip", check_split },
	{ "kvm.block_irqs", check_block_irqs },
	{ "kvm.tsc_deadline", check_deadline },
	{ NULL, NULL },
};

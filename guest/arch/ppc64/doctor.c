/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Doctor checks of POWER hosts, and why there may be no /dev/kvm. */
#include "guest/doctor.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "guest/arch/ppc64/ppc64.h"

/* Has /proc/cpuinfo a line that starts with @key and contains @word? */
static bool cpuinfo_says(const char *key, const char *word)
{
	_fclose_ FILE *f = fopen("/proc/cpuinfo", "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, key, strlen(key)) == 0 && strstr(line, word))
			return true;
	return false;
}

char *ppc64_missing_kvm(void)
{
	if (cpuinfo_says("platform", "pSeries"))
		return xstrdup("this is a partition of another hypervisor: KVM HV needs bare metal (PowerNV), or a "
			       "hypervisor with nested KVM; a lab works anywhere (scripts/lab power9)");
	return xstrdup("sudo modprobe kvm_hv (POWER9 and later in hypervisor mode)");
}

static enum doctor_verdict check_radix(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_PPC_MMU_RADIX, DOCTOR_MISSING,
			  "a radix host: POWER9 or later, without disable_radix on the kernel's command line",
			  ret_value, ret_fix);
}

static enum doctor_verdict check_xive(char **ret_value, char **ret_fix)
{
	return doctor_cap(KVM_CAP_PPC_IRQ_XIVE, DOCTOR_WARN,
			  "--irqchip off: guests have their decrementer only; native XIVE needs bare metal and firmware "
			  "that can save queues", ret_value, ret_fix);
}

/* A XIVE queue lies in one page of the host, and KVM takes queues of 64 KiB. */
static enum doctor_verdict check_queues(char **ret_value, char **ret_fix)
{
	long page = sysconf(_SC_PAGESIZE);

	*ret_value = xasprintf("pages of %ld KiB", page >> 10);
	if (page >= 65536)
		return DOCTOR_OK;
	*ret_fix = xstrdup("a kernel with 64 KiB pages: this one's KVM refuses XIVE event queues in guest memory, so "
			   "guests get no external interrupts");
	return DOCTOR_WARN;
}

const struct doctor_check ppc64_checks[] = {
	{ "kvm.radix", check_radix },
	{ "kvm.xive", check_xive },
	{ "kvm.xive_queues", check_queues },
	{ NULL, NULL },
};

/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `pmu` measures, for its programs and for who shows it. */
#pragma once

#define PMU_COUNTERS 2

enum pmu_what {
	PMU_RDMSR,		/* a: the MSR */
	PMU_WRMSR,
	PMU_RDMSR_GP,		/* it took #GP */
	PMU_WRMSR_GP,
	PMU_RDPMC,		/* a: index, b: version of the vPMU, PMU_VERSION_UNKNOWN */
	PMU_RDPMC_GP,
	PMU_GUEST0,		/* counted between entry and exit, by counter */
	PMU_GUEST1,
	PMU_HOST0,		/* counted between exit and entry, in the vCPU's thread */
	PMU_HOST1,
	PMU_WHATS
};

#define PMU_VERSION_UNKNOWN 0xff

enum pmu_part { PMU_PART_MSR, PMU_PART_RDPMC, PMU_PART_COUNTERS };

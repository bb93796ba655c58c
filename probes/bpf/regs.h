/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `regs` keeps: CPUs on which guests left, whose registers user space can read must be good. */
#pragma once

#include <stdint.h>

#define REGS_CPUS 1024

enum regs_part { REGS_PART_EXITS };

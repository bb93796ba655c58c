/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DWARF's register numbers, by ABI of the file, as register ids of struct arch. */
#pragma once

#include "core/arch/arch.h"

/* Highest number that can be asked for; beyond it are vector and system registers. */
#define DWARF_REGS_MAX 72

/* @machine: EM_* of the file. -1 when there is none. */
int dwarf_reg_id(const struct arch *arch, unsigned machine, unsigned dwarf_reg);

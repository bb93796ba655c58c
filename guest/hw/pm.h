/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the power management registers are (pm.c), for the tables that tell guests so (load/acpi.c). */
#pragma once

#define PM_PORT 0x600
#define PM_LEN 0x0c
#define PM_STATUS 0x0
#define PM_ENABLE 0x2
#define PM_CONTROL 0x4
#define PM_TIMER 0x8
#define PM_SCI_IRQ 9
#define PM_SLP_TYP_S5 0		/* as QEMU: 0x2000 to the control register powers off */
#define PM_RESET_PORT 0xcf9	/* PIIX reset control */
#define PM_RESET_VALUE 0x06

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of the doctor checks that guest/arch shares. */
#pragma once

#include "core/session/session.h"
#include "guest/arch/machine.h"

void doctor_register(struct session *session);
/* /dev/kvm, or -1 with errno. */
int doctor_kvm_open(void);
/* Is KVM capability @cap there? When not: @without, and @consequence as what to do. */
enum doctor_verdict doctor_cap(long cap, enum doctor_verdict without, const char *consequence,
			       char **ret_value, char **ret_fix);

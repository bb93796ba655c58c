/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of exits: what KVM_RUN returns, and what the hardware told KVM. NULL: not known. */
#pragma once

#include <stddef.h>
#include <stdint.h>

const char *kvm_exit_name(uint32_t reason);
/* The basic reason; bit 31 (entry failed) and other flags are ignored. */
const char *vmx_exit_name(uint32_t reason);
const char *svm_exit_name(uint64_t code);
/* Interrupt vector that ended a run under POWER's hypervisor mode; bit 0 (taken in real mode) is ignored. */
const char *hv_trap_name(uint32_t trap);

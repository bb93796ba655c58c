/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of exits: what KVM_RUN returns, and what the hardware told KVM. NULL: not known. */
#pragma once

#include <stddef.h>
#include <stdint.h>

const char *kvm_exit_name(uint32_t reason);
/* The basic reason; bit 31 (entry failed) and other flags are ignored. */
const char *vmx_exit_name(uint32_t reason);
const char *svm_exit_name(uint64_t code);

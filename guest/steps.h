/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Recorded steps of a live guest, and the way back through them. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/target/target.h"

struct vcpu;
struct vm;

/* On the vCPU's thread, around each single step; nothing when steps are not recorded. */
void steps_before(struct vcpu *v, uint64_t pc, const uint8_t *code, size_t len);
void steps_after(struct vcpu *v);
/* The guest is about to run: free runs and several vCPUs at once end the way back. */
void steps_resume(struct vm *vm, const struct run_request *req);
/* Registers or memory were written, or the guest was reset. */
void steps_forget(struct vm *vm, const char *why);

struct error *steps_record(struct vm *vm, uint64_t bytes);
bool steps_status(struct vm *vm, uint64_t *ret_steps, uint64_t *ret_dropped);
struct error *steps_travel(struct vm *vm, const struct travel *travel);

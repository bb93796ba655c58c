/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fixture running as a process under ptrace: code, registers and memory that are real, without KVM. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/arch/arch.h"
#include "core/symbols/symbols.h"
#include "core/target/target.h"

struct process {
	pid_t pid;
};

/* Path of build/tests/unit/data/NAME, beside the running test. Caller frees. */
char *fixture_path(const char *name);

/* Starts the fixture, stopped before its first instruction. False, with the reason printed, where it can
 * not run or may not be traced: the test skips. */
bool process_start(struct process *p, const char *fixture);
void process_kill(struct process *p);
void process_step(struct process *p);
/* Steps until pc is @addr. */
void process_run_to(struct process *p, uint64_t addr);
/* General registers, and the rest as of 64-bit code without paging: virtual is physical. */
void process_regs(struct process *p, struct regs *ret);
bool process_read(void *ctx, uint64_t addr, void *buf, size_t len);
struct mem_reader process_reader(struct process *p);
/* A target of one stopped vCPU over it, for sessions. The process is borrowed. */
struct target *process_target_create(struct process *p);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A target without KVM for tests of commands, panels and views: x86-64 in long mode, 2 vCPUs, 4 MiB of
 * RAM, an interpreter for a small instruction subset, everything deterministic (also event times).
 *
 * The program (FAKE_...; `fake_target_symbols` names them): vCPU 0 runs main, which calls work three
 * times; work calls leaf, which counts in `counter` and prints '.' unless the count is 2; then main
 * prints '!' and ends the guest with status 1. vCPU 1 counts `ticks` to 2 and halts. `spin` loops for
 * ever, `crash` is a ud2, `poke` writes to the MMIO page, `alien` is an instruction that is not known.
 *
 * Runs are synchronous: resume() interprets until a stop, or at most FAKE_BUDGET instructions, after
 * which the guest counts as RUNNING (its registers stale) until interrupt(). vCPUs take turns by one
 * instruction. Breakpoints: up to 4 by debug register, the rest by stepping; watchpoints by stepping
 * (a pure write watch stops when the value changed), STOP_MECH_DR on request.
 */
#pragma once

#include "core/target/target.h"

struct symbols;

#define FAKE_MEM (4u << 20)
#define FAKE_VCPUS 2
#define FAKE_BUDGET 100000
#define FAKE_TIME0 1000000000ull	/* time of the first event, ns; each instruction takes 1 us */
#define FAKE_HIGH 0xffffffff80000000ull	/* all RAM a second time, supervisor only, not executable */

#define FAKE_PML4 0x1000
#define FAKE_GDT 0x8000
#define FAKE_IDT 0x5000
#define FAKE_TSS 0x6000
#define FAKE_STACK0 0x90000	/* rsp of vCPU 0 at start; 0 lies there as main's return address */
#define FAKE_STACK1 0x98000
#define FAKE_MAIN 0x100000
#define FAKE_WORK 0x100100
#define FAKE_LEAF 0x100200
#define FAKE_SECOND 0x100300
#define FAKE_SPIN 0x100400
#define FAKE_CRASH 0x100410
#define FAKE_POKE 0x100420
#define FAKE_ALIEN 0x100440
#define FAKE_ISR 0x100500	/* isr_default: target of the IDT's gates */
#define FAKE_COUNTER 0x200000	/* u64, written by leaf */
#define FAKE_TICKS 0x200008	/* u64, written by vCPU 1 */
#define FAKE_TABLE 0x200010	/* u32[4]: 1 2 3 4 */
#define FAKE_MESSAGE 0x200040	/* "hello, fake guest" */
#define FAKE_VIRTQ 0x300000	/* rings and buffers of the virtio devices blk0 and rng0 */
#define FAKE_MMIO 0x400000	/* a device page, mapped; reads give 0 */

struct error *fake_target_create(struct target **ret);
void fake_target_symbols(struct symbols *syms);
/* What was typed at the console so far; borrowed until the next input. */
const char *fake_target_typed(struct target *t);
/* For views: replaces a state blob; the next state_get gives these bytes. NULL: not available. */
void fake_target_set_state(struct target *t, enum state_kind kind, unsigned index, const void *data,
			   size_t len);

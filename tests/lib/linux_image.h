/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A very small Linux, as it lies in memory: its note, symbol table, types, tasks, a module with symbols,
 * interrupts, messages and unwind tables, put into the fake target. For tests of what reads a kernel, and
 * a start for those who try to break it.
 */
#pragma once

#include "core/symbols/linux_kernel.h"
#include "tests/lib/fake_target.h"

#define IMAGE_VA(gpa) (FAKE_HIGH + (gpa))
#define IMAGE_TEXT 0x110000u	/* _stext, do_work at +0x100, do_inner at +0x200, asm_irq at +0x300 */
#define IMAGE_MODULE_TEXT 0x118000u /* mod_work */
#define IMAGE_NOTE 0x210000u
#define IMAGE_KALLSYMS 0x220000u /* up to 0x240000 */
#define IMAGE_BTF 0x240000u
#define IMAGE_INIT_TASK 0x260000u
#define IMAGE_TASKS 0x261000u	/* pid 1, its thread 7, pid 2: 0x400 bytes each */
#define IMAGE_SIGNALS 0x263000u
#define IMAGE_MODULE 0x264000u
#define IMAGE_IRQS 0x266000u
#define IMAGE_PERCPU 0x270000u	/* of CPU 0; CPU 1 at +0x1000 */
#define IMAGE_ORC 0x280000u
#define IMAGE_STACK 0x290000u

/* Offsets in the made-up struct task_struct. */
#define IMAGE_TASK_TASKS 0x20u


/* @maple: interrupts on a maple tree, else on a radix tree. */
void linux_image_build(struct target *t, bool maple);
/* Registers of CPU 1 in do_inner(), which do_work() called, which an interrupt came to in user code. */
void linux_image_regs(struct target *t, struct regs *ret);

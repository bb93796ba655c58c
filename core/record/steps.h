/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The undo log: what each single step replaced, newest last, in bounded memory. A vCPU's thread looks at the
 * machine before a step (what the instruction may write) and after it, and keeps what is different. To go
 * back means to put that back in reverse order.
 *
 * What can not be undone ends the way back there, with a sentence why: a handler on another stack, a halt, an
 * instruction that can not be decoded. What devices were told stays told: such steps are counted.
 */
#pragma once

#include "core/arch/arch.h"
#include "core/base/error.h"

struct step_log;

/* @bytes: bound of its memory. */
struct step_log *step_log_create(uint64_t bytes);
void step_log_destroy(struct step_log *log);

/* A machine as the log sees it, on the thread of its vCPU. */
struct step_machine {
	void *ctx;
	unsigned vcpu;
	const struct mem_reader *mem;
	void (*core)(void *ctx, struct regs *ret);		/* REGS_CORE */
	bool (*wide)(void *ctx, struct regs *ret);		/* the other groups; slow */
};
/* @code: the instruction at @pc. */
void step_log_before(struct step_log *log, const struct step_machine *m, uint64_t pc, const uint8_t *code,
		     size_t len);
/* The step was made; @entered: into a handler. */
void step_log_after(struct step_log *log, const struct step_machine *m, bool entered);
/* The guest ran without a log, or was written to: the way back ends here. */
void step_log_break(struct step_log *log, const char *why);

uint64_t step_log_steps(const struct step_log *log);	/* that can be undone */
uint64_t step_log_dropped(const struct step_log *log);

/* How to put things back; registers come with the vCPU's set, which is the caller's to write. */
struct step_undo {
	void *ctx;
	struct regs *(*regs)(void *ctx, unsigned vcpu);	/* as of now; changed in place */
	bool (*write)(void *ctx, const struct regs *regs, uint64_t gva, const void *data, size_t len);
};
struct step_undone {
	unsigned vcpu;
	bool device;		/* the step talked to a device */
	bool failed;		/* memory could not be written back */
};
/* Undoes the newest step; false: none is left, *@ret_why says why (borrowed). */
bool step_log_undo(struct step_log *log, const struct step_undo *how, struct step_undone *ret,
		   const char **ret_why);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inside of the fake target, shared by fake_target.c and fake_run.c only. */
#pragma once

#include "core/arch/x86_64.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/event/store.h"
#include "core/target/target.h"

#include "tests/lib/fake_target.h"
#include "tests/lib/fake_xive.h"

struct fake_vcpu {
	struct regs regs;
	enum vcpu_state state;	/* STOPPED, HALTED, DEAD */
	uint64_t exits;
	bool skip_break;	/* the breakpoint at pc was reported, or the user put pc there */
};

struct fake_stop {
	struct stop_spec spec;	/* .cond is our own reference */
	struct stop_status status;
	uint64_t ignored;
};

struct fake_state {
	enum state_kind kind;
	unsigned index;
	uint8_t *data;		/* NULL: not available */
	size_t len;
};

struct fake {
	struct target target;
	uint8_t *mem;
	struct fake_vcpu vcpu[FAKE_VCPUS];
	enum target_state state;
	int stop_fd;
	uint64_t insns;		/* ever: the clock */
	struct run_request run;	/* under way */
	uint64_t steps;		/* of this run */
	VEC(struct fake_stop) stops;
	VEC(struct stop_report) reports;
	VEC(uint8_t) events;	/* records, one after the other */
	VEC(struct fake_state) states;
	struct text typed;
	struct fake_xive xive;
};

static inline struct fake *fake_of(struct target *t)
{
	return container_of(t, struct fake, target);
}

/* Appends an event of now; @vcpu EVENT_NO_VCPU: none. Borrowed until the next one. */
const struct event *fake_put_event(struct fake *f, enum vmm_event schema, unsigned vcpu, const void *payload,
				   size_t len);
/* Stops: fills pc and time, queues the report and a vm.stop event, makes stop_fd readable. */
void fake_report(struct fake *f, const struct stop_report *report);

struct error *fake_resume(struct target *t, const struct run_request *req);
struct error *fake_stop_arm(struct target *t, const struct stop_spec *spec);
struct error *fake_stop_disarm(struct target *t, unsigned id);
struct error *fake_stop_update(struct target *t, unsigned id, struct expr_prog *cond, uint64_t ignore);
bool fake_stop_status(struct target *t, unsigned id, struct stop_status *ret);

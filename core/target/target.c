/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wrappers: one wording for what a target can not do, one bound check for vCPU numbers. */
#include "core/target/target.h"

#include <stdlib.h>

#include "core/base/vec.h"

static struct error *unsupported(struct target *t, const char *what)
{
	return error_create(ERROR_UNSUPPORTED, "%s is not supported by a %s target", what, t->ops->name);
}

static struct error *check_vcpu(struct target *t, unsigned vcpu)
{
	unsigned n = target_vcpu_count(t);

	if (vcpu < n)
		return NULL;
	if (n == 0)
		return error_create(ERROR_NOT_FOUND, "there is no vCPU %u: the target has none", vcpu);
	return error_create(ERROR_NOT_FOUND, "there is no vCPU %u: they are numbered 0 to %u", vcpu, n - 1);
}

void target_destroy(struct target *t)
{
	if (t)
		t->ops->destroy(t);
}

enum target_state target_state(struct target *t)
{
	return t->ops->state ? t->ops->state(t) : TARGET_STOPPED;
}

unsigned target_vcpu_count(struct target *t)
{
	return t->ops->vcpu_count ? t->ops->vcpu_count(t) : 0;
}

struct error *target_vcpu_info(struct target *t, unsigned vcpu, struct vcpu_info *ret)
{
	struct error *err = check_vcpu(t, vcpu);

	if (err)
		return err;
	if (!t->ops->vcpu_info)
		return unsupported(t, "describing vCPUs");
	return t->ops->vcpu_info(t, vcpu, ret);
}

struct error *target_regs_read(struct target *t, unsigned vcpu, unsigned groups, struct regs *ret,
			       bool *ret_stale)
{
	struct error *err = check_vcpu(t, vcpu);
	bool stale = false;

	if (err)
		return err;
	if (!t->ops->regs_read)
		return unsupported(t, "reading registers");
	if (!ret->arch)
		regs_init(ret, t->arch);
	err = t->ops->regs_read(t, vcpu, groups, ret, &stale);
	if (!err && ret_stale)
		*ret_stale = stale;
	return err;
}

struct error *target_reg_write(struct target *t, unsigned vcpu, unsigned reg, const void *data, size_t len)
{
	struct error *err = check_vcpu(t, vcpu);

	if (err)
		return err;
	if (reg >= t->arch->nregs)
		return error_create(ERROR_NOT_FOUND, "%s has no register number %u", t->arch->name, reg);
	if (!t->ops->reg_write)
		return unsupported(t, "writing registers");
	return t->ops->reg_write(t, vcpu, reg, data, len);
}

struct error *target_phys_read(struct target *t, uint64_t gpa, void *buf, size_t len)
{
	if (!t->ops->phys_read)
		return unsupported(t, "reading memory");
	return len ? t->ops->phys_read(t, gpa, buf, len) : NULL;
}

struct error *target_phys_write(struct target *t, uint64_t gpa, const void *buf, size_t len)
{
	if (!t->ops->phys_write)
		return unsupported(t, "writing memory");
	return len ? t->ops->phys_write(t, gpa, buf, len) : NULL;
}

struct error *target_state_get(struct target *t, enum state_kind kind, unsigned index, void *buf,
			       size_t size, size_t *ret_len)
{
	if (!t->ops->state_get)
		return unsupported(t, "reading device state");
	return t->ops->state_get(t, kind, index, buf, size, ret_len);
}

struct error *target_xive_act(struct target *t, enum xive_act act, uint32_t lisn, uint8_t *ret_old)
{
	if (!t->ops->xive_act)
		return unsupported(t, "acting on XIVE sources");
	return t->ops->xive_act(t, act, lisn, ret_old);
}

struct error *target_resume(struct target *t, const struct run_request *req)
{
	struct error *err = req->kind == RUN_STEP ? check_vcpu(t, req->vcpu) : NULL;

	if (err)
		return err;
	if (!t->ops->resume)
		return unsupported(t, req->kind == RUN_STEP ? "single-stepping" : "running");
	if (req->kind == RUN_STEP && req->count == 0)
		return error_create(ERROR_USAGE, "a step of 0 instructions does nothing: give 1 or more");
	return t->ops->resume(t, req);
}

struct error *target_interrupt(struct target *t)
{
	return t->ops->interrupt ? t->ops->interrupt(t) : unsupported(t, "interrupting");
}

struct error *target_travel(struct target *t, const struct travel *travel)
{
	if (t->ops->travel)
		return t->ops->travel(t, travel);
	return error_hint(unsupported(t, "going to another time"),
			  "a recording can: `record start FILE`, then `vmscope play FILE`");
}

struct error *target_kill(struct target *t)
{
	return t->ops->kill ? t->ops->kill(t) : unsupported(t, "killing");
}

struct error *target_reset(struct target *t)
{
	return t->ops->reset ? t->ops->reset(t) : unsupported(t, "resetting");
}

struct error *target_stop_arm(struct target *t, const struct stop_spec *spec)
{
	static const char *const what[] = {
		[STOP_KIND_BREAK] = "setting breakpoints", [STOP_KIND_WATCH] = "watching memory",
		[STOP_KIND_CATCH] = "catching events",
	};

	if (!t->ops->stop_arm)
		return unsupported(t, what[spec->kind]);
	return t->ops->stop_arm(t, spec);
}

struct error *target_stop_disarm(struct target *t, unsigned id)
{
	return t->ops->stop_disarm ? t->ops->stop_disarm(t, id) : unsupported(t, "removing breakpoints");
}

struct error *target_console_input(struct target *t, const void *data, size_t len)
{
	return t->ops->console_input ? t->ops->console_input(t, data, len) :
	       unsupported(t, "typing at the guest's console");
}

const char *stop_mech_name(enum stop_mech mech)
{
	static const char *const names[] = {
		[STOP_MECH_NONE] = "none", [STOP_MECH_DR] = "debug register",
		[STOP_MECH_BYTE] = "planted byte", [STOP_MECH_PAGE] = "page protection",
		[STOP_MECH_STEP] = "step and compare", [STOP_MECH_EVENT] = "exit event",
	};

	return (unsigned)mech < ARRAY_SIZE(names) ? names[mech] : "unknown";
}

const char *stop_reason_name(enum stop_reason reason)
{
	static const char *const names[] = {
		[STOP_STARTED] = "started", [STOP_STEP] = "step", [STOP_BREAK] = "breakpoint",
		[STOP_WATCH] = "watchpoint", [STOP_CATCH] = "catchpoint", [STOP_INTERRUPT] = "interrupt",
		[STOP_GUEST_EXIT] = "guest-exit", [STOP_RESET] = "reset", [STOP_SHUTDOWN] = "shutdown",
		[STOP_HALTED] = "halted", [STOP_ERROR] = "error",
		[STOP_COND_FAULT] = "condition-fault", [STOP_KILLED] = "killed",
		[STOP_TRAVEL] = "moved",
	};

	return (unsigned)reason < ARRAY_SIZE(names) ? names[reason] : "unknown";
}

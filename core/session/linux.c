/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/linux.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/session/run.h"

/* The boot protocol (Documentation/arch/x86/boot.rst): where boot_params has its marks. */
#define BOOT_HEADER 0x202
#define BOOT_HEADER_MAGIC 0x53726448u
#define BOOT_LOADER 0x210
/* Where 4-level and 5-level paging map physical memory before it is moved (page_offset_base's first value). */
#define DIRECT_MAP_L4 0xffff888000000000ull
#define DIRECT_MAP_L5 0xff11000000000000ull

struct session_linux {
	struct linux_kernel *kernel;	/* NULL: not found yet */
	unsigned boot_watch[2];		/* ids of internal stops, 0: not armed */
	unsigned module_break;
	bool booting;			/* started by the boot protocol, and not found yet */
	bool fresh;			/* the next run begins at the first instruction */
	uint64_t boot_params;		/* where the loader puts them, 0: not known */
	struct run_request request;	/* the run under way */
};

static struct session_linux *state(struct session *s)
{
	if (!s->linux_guest)
		s->linux_guest = xcalloc(1, sizeof(*s->linux_guest));
	return s->linux_guest;
}

/* ---- knowing it ------------------------------------------------------------------------------ */

/* New names: breakpoints that wait look again. */
static void symbols_came(struct session *s)
{
	session_resolve_stops(s);
	stop_list_arm(&s->stops, s->target);
	session_invalidate(s);
}

static void refresh_modules(struct session *s)
{
	struct linux_kernel *k = s->linux_guest ? s->linux_guest->kernel : NULL;
	bool changed = false;

	if (!k || !k->btf)
		return;
	linux_kernel_settle(k);
	error_destroy(linux_modules_refresh(k, &changed));
	if (changed)
		symbols_came(s);
}

struct error *session_linux(struct session *s, struct linux_kernel **ret)
{
	struct session_linux *l = state(s);
	struct error *err;

	if (!s->target)
		return error_create(ERROR_STATE, "there is no guest");
	if (l->kernel && !linux_kernel_is_there(l->kernel))
		session_linux_forget(s);
	if (!l->kernel) {
		err = linux_kernel_load(s->target, s->symbols, &l->kernel);
		if (err)
			return err;
		l->booting = false;
		symbols_came(s);
	}
	linux_kernel_settle(l->kernel);
	refresh_modules(s);
	*ret = l->kernel;
	return NULL;
}

struct linux_kernel *session_linux_known(const struct session *s)
{
	return s->linux_guest ? s->linux_guest->kernel : NULL;
}

void session_linux_forget(struct session *s)
{
	struct session_linux *l = s->linux_guest;

	if (!l || !l->kernel)
		return;
	linux_kernel_destroy(take_ptr(l->kernel));
	session_unresolve_stops(s);
	stop_list_arm(&s->stops, s->target);
	session_invalidate(s);
}

void session_linux_destroy(struct session *s)
{
	if (s->linux_guest)
		linux_kernel_destroy(s->linux_guest->kernel);
	free(take_ptr(s->linux_guest));
}

/* ---- a kernel that starts -------------------------------------------------------------------- */

/* The gpa of boot_params in the register the protocol names. */
static bool find_boot_params(struct session *s, uint64_t *ret)
{
	const struct regs *regs;
	struct reg_ref rsi;
	uint8_t magic[4];
	struct error *err;
	bool stale;

	if (strcmp(s->target->arch->name, "x86_64") || !reg_lookup(s->target->arch, "rsi", &rsi))
		return false;
	err = session_regs(s, REGS_CORE, &regs, &stale);
	if (!err && reg_ref_get(regs, rsi, ret))
		err = target_phys_read(s->target, *ret + BOOT_HEADER, magic, sizeof(magic));
	bool found = !err && le32_read(magic) == BOOT_HEADER_MAGIC;
	error_destroy(err);
	return found;
}

bool session_linux_expected(struct session *s)
{
	uint64_t params;

	if (session_linux_known(s) || (s->linux_guest && s->linux_guest->booting))
		return true;
	return s->target && s->has_stop && s->last_stop.reason == STOP_STARTED && find_boot_params(s, &params);
}

static bool any_waits(const struct session *s)
{
	for (size_t i = 0; i < s->stops.stops.len; i++)
		if (s->stops.stops.data[i]->enabled && s->stops.stops.data[i]->unresolved)
			return true;
	return false;
}

static void disarm(struct session *s, unsigned *id)
{
	session_internal_disarm(s, *id);
	*id = 0;
}

/* A debug register that stops at any access to one of the parameters through the direct map. */
static void arm_boot_watch(struct session *s, uint64_t addr, unsigned *id)
{
	struct stop_spec spec = {
		.id = s->next_internal_id, .kind = STOP_KIND_WATCH, .addr = addr, .len = 8,
		.access = STOP_RW, .want = STOP_MECH_DR, .vcpu = 0, .temporary = true,
	};
	struct error *err = target_stop_arm(s->target, &spec);

	if (!err)
		*id = s->next_internal_id++;
	error_destroy(err);
}

static void watch_boot(struct session *s)
{
	struct session_linux *l = state(s);
	uint64_t params;

	/* After a reset that the guest asked for, the registers are still those of before. */
	if (s->last_stop.reason == STOP_STARTED)
		l->boot_params = find_boot_params(s, &params) ? params : 0;
	l->booting = l->boot_params;
	if (!l->booting || !any_waits(s))
		return;
	arm_boot_watch(s, DIRECT_MAP_L4 + l->boot_params + BOOT_LOADER, &l->boot_watch[0]);
	arm_boot_watch(s, DIRECT_MAP_L5 + l->boot_params + BOOT_LOADER, &l->boot_watch[1]);
}

static void watch_modules(struct session *s)
{
	struct session_linux *l = state(s);
	uint64_t addr;

	if (!any_waits(s)) {
		disarm(s, &l->module_break);
		return;
	}
	if (l->module_break || !linux_kernel_symbol(l->kernel, "do_init_module", &addr))
		return;
	error_destroy(session_internal_break(s, addr, -1, NULL, &l->module_break));
}

void session_linux_resuming(struct session *s, const struct run_request *req)
{
	struct session_linux *l = state(s);

	l->request = *req;
	if (l->fresh) {
		l->fresh = false;
		session_linux_forget(s);
		watch_boot(s);
	}
	if (l->kernel)
		watch_modules(s);
}

static void boot_reached(struct session *s)
{
	struct session_linux *l = state(s);
	const struct regs *regs;
	struct error *err;
	bool stale;

	for (unsigned i = 0; i < ARRAY_SIZE(l->boot_watch); i++)
		disarm(s, &l->boot_watch[i]);
	err = session_regs(s, REGS_CORE, &regs, &stale);
	if (!err)
		err = linux_kernel_load_early(s->target, regs, s->symbols, &l->kernel);
	/* Then it is found by its note, when somebody asks. */
	error_destroy(err);
	if (l->kernel)
		symbols_came(s);
}

/* Runs on as if the stop had not been; false: what was asked for is done. */
static bool run_on(struct session *s, const struct stop_report *report)
{
	struct session_linux *l = state(s);

	if (l->request.kind == RUN_STEP) {
		if (report->steps >= l->request.count)
			return false;
		l->request.count -= report->steps;
	}
	if (!s->interrupted && !session_plan_resume(s, &l->request))
		return true;
	return false;
}

bool session_linux_stopped(struct session *s, const struct stop_report *report)
{
	struct session_linux *l = state(s);

	if (report->reason == STOP_STARTED || report->reason == STOP_RESET) {
		l->booting = false;
		l->fresh = true;
		for (unsigned i = 0; i < ARRAY_SIZE(l->boot_watch); i++)
			disarm(s, &l->boot_watch[i]);
		disarm(s, &l->module_break);
	}
	/* What a guest that wants to start again has in memory is of interest until it does. */
	if (report->reason == STOP_STARTED)
		session_linux_forget(s);
	if (report->id && (report->id == l->boot_watch[0] || report->id == l->boot_watch[1])) {
		boot_reached(s);
		return run_on(s, report);
	}
	/* Not at every step of a `next` or `finish`: the list may be long. */
	if (report->reason != STOP_STEP && (report->id < 1u << 30 || report->id == l->module_break))
		refresh_modules(s);
	if (report->id && report->id == l->module_break) {
		l->module_break = 0; /* it was a temporary one */
		return run_on(s, report);
	}
	return false;
}

/* ---- the current task ------------------------------------------------------------------------ */

bool session_linux_current(struct session *s, bool now, struct expr_local *ret, struct variable_type *ret_type)
{
	struct linux_kernel *k = session_linux_known(s);
	const struct regs *regs;
	struct error *err = NULL;
	struct reg_ref gs;
	uint64_t v;
	bool stale;

	if (!k && now && session_linux_expected(s))
		error_destroy(session_linux(s, &k));
	if (!k || !linux_kernel_task_pointer(k, ret_type))
		return false;
	*ret = (struct expr_local){ .place = EXPR_LOCAL_VALUE, .reg = -1 };
	if (!now) {
		err = linux_kernel_current_offset(k, &v);
		error_destroy(err);
		if (err || !reg_lookup(s->target->arch, "gs.base", &gs))
			return false;
		ret->place = EXPR_LOCAL_MEM;
		ret->reg = gs.reg;
		ret->offset = v;
		return true;
	}
	err = session_regs(s, REGS_CORE | REGS_MSR, &regs, &stale);
	if (!err)
		err = linux_kernel_current(k, regs, &v);
	if (!err)
		ret->offset = v;
	error_destroy(err);
	return !err;
}

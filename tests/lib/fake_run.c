/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs of the fake target: vCPUs take turns by one instruction; stop conditions are checked around each. */
#include "tests/lib/fake_run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#include "tests/lib/fake_cpu.h"

/* ---- events ---------------------------------------------------------------------------------- */

const struct event *fake_put_event(struct fake *f, enum vmm_event schema, unsigned vcpu, const void *payload,
				     size_t len)
{
	struct event e = {
		.time_ns = FAKE_TIME0 + f->insns * 1000, .schema = schema,
		.size = align_up(sizeof(e) + len, 8), .tid = 1000 + vcpu, .vm = 1, .vcpu = vcpu,
		.payload_len = len,
	};
	size_t at = f->events.len;

	for (unsigned i = 0; i < e.size; i++)
		vec_push(&f->events, 0);
	memcpy(f->events.data + at, &e, sizeof(e));
	memcpy(f->events.data + at + sizeof(e), payload, len);
	return (const struct event *)(f->events.data + at);
}

static void put_console(struct fake *f, unsigned vcpu, uint8_t port, uint8_t byte)
{
	struct vmm_console c = { .port = port, .len = 1, .data = { byte } };

	fake_put_event(f, VMM_CONSOLE, vcpu, &c, offsetof(struct vmm_console, data) + 1);
}

void fake_report(struct fake *f, const struct stop_report *report)
{
	struct stop_report r = *report;
	struct vmm_stop stop;
	uint64_t one = 1;

	r.pc = arch_x86_64.pc_linear(&f->vcpu[r.vcpu].regs);
	r.time_ns = FAKE_TIME0 + f->insns * 1000;
	if (r.reason != STOP_STARTED)
		f->vcpu[r.vcpu].skip_break = true;
	stop = (struct vmm_stop){ .pc = r.pc, .reason = r.reason, .id = r.id, .steps = r.steps };
	fake_put_event(f, VMM_STOP, r.vcpu, &stop, sizeof(stop));
	/* As the KVM target: after a triple fault there is nothing to go on with. */
	f->state = r.reason == STOP_GUEST_EXIT || r.reason == STOP_SHUTDOWN ? TARGET_ENDED : TARGET_STOPPED;
	vec_push(&f->reports, r);
	if (write(f->stop_fd, &one, sizeof(one)) < 0)
		return; /* can not be full: it is read whenever it was written */
}

/* ---- stop conditions ------------------------------------------------------------------------- */

static struct fake_stop *find_stop(struct fake *f, unsigned id)
{
	for (size_t i = 0; i < f->stops.len; i++)
		if (f->stops.data[i].spec.id == id)
			return &f->stops.data[i];
	return NULL;
}

static enum stop_mech choose_mech(struct fake *f, const struct stop_spec *spec)
{
	unsigned drs = 0;

	if (spec->kind == STOP_KIND_CATCH)
		return STOP_MECH_EVENT;
	if (spec->kind == STOP_KIND_WATCH)
		return spec->want == STOP_MECH_NONE ? STOP_MECH_STEP : spec->want;
	for (size_t i = 0; i < f->stops.len; i++)
		drs += f->stops.data[i].status.mech == STOP_MECH_DR;
	if (spec->want == STOP_MECH_NONE)
		return drs < 4 ? STOP_MECH_DR : STOP_MECH_STEP;
	return spec->want == STOP_MECH_DR && drs == 4 ? STOP_MECH_NONE : spec->want;
}

struct error *fake_stop_arm(struct target *t, const struct stop_spec *spec)
{
	struct fake *f = fake_of(t);
	struct fake_stop s = { .spec = *spec };

	if (f->state == TARGET_ENDED)
		return error_create(ERROR_STATE, "the guest has ended");
	if (find_stop(f, spec->id))
		return error_create(ERROR_FAILED, "stop condition %u is armed already", spec->id);
	if (spec->kind == STOP_KIND_WATCH && (spec->len == 0 || spec->len > 4096))
		return error_create(ERROR_USAGE, "a watchpoint covers 1 to 4096 bytes, not %llu",
				    (unsigned long long)spec->len);
	s.status.mech = choose_mech(f, spec);
	if (s.status.mech == STOP_MECH_NONE)
		return error_hint(error_create(ERROR_UNSUPPORTED, "all 4 debug registers are in use"),
				  "delete a hardware breakpoint, or use break");
	s.spec.cond = spec->cond ? expr_ref(spec->cond) : NULL;
	vec_push(&f->stops, s);
	return NULL;
}

struct error *fake_stop_disarm(struct target *t, unsigned id)
{
	struct fake *f = fake_of(t);
	struct fake_stop *s = find_stop(f, id);

	if (!s)
		return error_create(ERROR_NOT_FOUND, "there is no stop condition %u", id);
	expr_unref(s->spec.cond);
	vec_remove(&f->stops, (size_t)(s - f->stops.data));
	return NULL;
}

struct error *fake_stop_update(struct target *t, unsigned id, struct expr_prog *cond, uint64_t ignore)
{
	struct fake_stop *s = find_stop(fake_of(t), id);

	if (!s)
		return error_create(ERROR_NOT_FOUND, "there is no stop condition %u", id);
	cond = cond ? expr_ref(cond) : NULL;
	expr_unref(s->spec.cond);
	s->spec.cond = cond;
	s->spec.ignore = ignore;
	s->ignored = 0;
	return NULL;
}

bool fake_stop_status(struct target *t, unsigned id, struct stop_status *ret)
{
	struct fake_stop *s = find_stop(fake_of(t), id);

	if (s)
		*ret = s->status;
	return s != NULL;
}

/* What a condition reads: the vCPU at hand, and the event of a catchpoint. */
struct cond_ctx {
	struct fake *f;
	struct fake_vcpu *v;
	struct event_field_ctx field;
};

static bool cond_reg(void *ctx, unsigned id, uint64_t *ret)
{
	struct cond_ctx *c = ctx;

	return regs_get_packed(&c->v->regs, id, ret);
}

static bool cond_mem(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct cond_ctx *c = ctx;
	_error_ struct error *err = target_virt_read(&c->f->target, &c->v->regs, gva, buf, len, NULL);

	return !err;
}

static bool cond_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	struct cond_ctx *c = ctx;
	_error_ struct error *err = target_phys_read(&c->f->target, gpa, buf, len);

	return !err;
}

static bool cond_field(void *ctx, unsigned index, uint64_t *ret)
{
	struct cond_ctx *c = ctx;

	return c->field.event && event_env_field(&c->field, index, ret);
}

static const char *cond_reg_name(unsigned id)
{
	struct reg_ref ref = id < REGS_MAX ? (struct reg_ref){ .reg = id } : reg_ref_unpack(id);

	return ref.reg < X86_REG_COUNT ? x86_64_regs[ref.reg].name : NULL;
}

/* The condition of @s was reached on vCPU @vcpu: counts, and reports when it stops the guest. */
static bool stop_reached(struct fake *f, struct fake_stop *s, unsigned vcpu, const struct event *event,
			 struct stop_report *report)
{
	struct fake_vcpu *v = &f->vcpu[vcpu];
	struct cond_ctx ctx = { .f = f, .v = v };
	struct expr_env env = { .ctx = &ctx, .reg = cond_reg, .mem = cond_mem, .phys = cond_phys,
				.field = cond_field };
	struct expr_value value = { .bits = 1 };
	struct expr_fault fault;

	if (s->spec.vcpu >= 0 && (unsigned)s->spec.vcpu != vcpu)
		return false;
	if (s->spec.has_sp_above && arch_x86_64.sp_linear(&v->regs) <= s->spec.sp_above)
		return false;
	report->vcpu = vcpu;
	report->id = s->spec.id;
	report->steps = f->steps;
	if (event) {
		ctx.field = (struct event_field_ctx){ .schema = &vmm_schemas[event->schema], .event = event };
		memcpy(report->event_bytes, event, event->size);
	}
	if (s->spec.cond) {
		s->status.checked++;
		if (!expr_eval(s->spec.cond, &env, &value, &fault)) {
			_error_ struct error *err = expr_fault_error(&fault, s->spec.cond, cond_reg_name);

			report->reason = STOP_COND_FAULT;
			snprintf(report->text, sizeof(report->text), "the condition of %u cannot be evaluated: %s",
				 s->spec.id, error_message(err));
			fake_report(f, report);
			return true;
		}
	}
	if (!value.bits)
		return false;
	s->status.hits++;
	if (s->ignored < s->spec.ignore) {
		s->ignored++;
		return false;
	}
	if (s->spec.temporary)
		error_destroy(fake_stop_disarm(&f->target, s->spec.id));
	fake_report(f, report);
	return true;
}

static bool check_breaks(struct fake *f, unsigned vcpu)
{
	uint64_t pc = arch_x86_64.pc_linear(&f->vcpu[vcpu].regs), gpa = ~0ULL;
	struct mmu_walk w;
	_error_ struct error *err = target_walk(&f->target, &f->vcpu[vcpu].regs, pc, &w);

	if (!err && w.verdict == MMU_MAPPED)
		gpa = w.gpa;
	for (size_t i = 0; i < f->stops.len; i++) {
		struct fake_stop *s = &f->stops.data[i];
		struct stop_report r = { .reason = STOP_BREAK };

		if (s->spec.kind == STOP_KIND_BREAK && s->spec.addr == (s->spec.physical ? gpa : pc) &&
		    stop_reached(f, s, vcpu, NULL, &r))
			return true;
	}
	return false;
}

static bool check_watches(struct fake *f, unsigned vcpu, const struct fake_step *step)
{
	for (unsigned a = 0; a < step->naccess; a++) {
		const struct fake_access *acc = &step->access[a];
		uint64_t addr = acc->addr, gpa;

		if (fake_of(&f->target)->target.ops->translate(&f->target, vcpu, addr, &gpa))
			gpa = ~0ULL;
		for (size_t i = 0; i < f->stops.len; i++) {
			struct fake_stop *s = &f->stops.data[i];
			uint64_t at = s->spec.physical ? gpa : addr;
			struct stop_report r = { .reason = STOP_WATCH, .watch_addr = addr, .watch_len = acc->len,
						 .watch_old = acc->old, .watch_new = acc->new };

			if (s->spec.kind != STOP_KIND_WATCH || at + acc->len <= s->spec.addr ||
			    at >= s->spec.addr + s->spec.len ||
			    !(s->spec.access & (acc->write ? STOP_WRITE : STOP_READ)))
				continue;
			if (s->spec.access == STOP_WRITE && s->status.mech == STOP_MECH_STEP && acc->old == acc->new)
				continue;
			if (stop_reached(f, s, vcpu, NULL, &r))
				return true;
		}
	}
	return false;
}

/* Records an exit; true when a catchpoint stopped the guest. */
static bool exit_event(struct fake *f, unsigned vcpu, enum vmm_event schema, const void *payload, size_t len)
{
	uint8_t copy[EVENT_SIZE_MAX] __attribute__((aligned(8)));
	const struct event *e;

	f->vcpu[vcpu].exits++;
	e = fake_put_event(f, schema, vcpu, payload, len);
	memcpy(copy, e, e->size); /* the queue moves when more is put */
	for (size_t i = 0; i < f->stops.len; i++) {
		struct fake_stop *s = &f->stops.data[i];
		struct stop_report r = { .reason = STOP_CATCH };

		if (s->spec.kind == STOP_KIND_CATCH && (s->spec.catch_events & BIT(schema)) &&
		    stop_reached(f, s, vcpu, (const struct event *)copy, &r))
			return true;
	}
	return false;
}

/* ---- running --------------------------------------------------------------------------------- */

/* The instruction's own memory accesses. Rights count, so a write to code faults. */
struct access_ctx {
	struct fake *f;
	struct fake_vcpu *v;
	uint64_t mmio_gpa, mmio_value; /* of the last access to the device page */
	bool mmio, mmio_write;
};

static bool cpu_access(struct access_ctx *c, uint64_t gva, void *rbuf, const void *wbuf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct mmu_walk w;
		_error_ struct error *err = target_walk(&c->f->target, &c->v->regs, gva + i, &w);

		if (err || w.verdict != MMU_MAPPED || (wbuf && !w.write))
			return false;
		if (w.gpa < FAKE_MEM) {
			if (rbuf)
				((uint8_t *)rbuf)[i] = c->f->mem[w.gpa];
			else
				c->f->mem[w.gpa] = ((const uint8_t *)wbuf)[i];
			continue;
		}
		if (rbuf)
			((uint8_t *)rbuf)[i] = 0;
		if (i == 0)
			*c = (struct access_ctx){ .f = c->f, .v = c->v, .mmio = true, .mmio_gpa = w.gpa,
						  .mmio_write = wbuf != NULL,
						  .mmio_value = wbuf ? bytes_read(wbuf, len, false) : 0 };
	}
	return true;
}

static bool cpu_read(void *ctx, uint64_t gva, void *buf, size_t len)
{
	return cpu_access(ctx, gva, buf, NULL, len);
}

static bool cpu_write(void *ctx, uint64_t gva, const void *buf, size_t len)
{
	return cpu_access(ctx, gva, NULL, buf, len);
}

static bool do_io(struct fake *f, unsigned vcpu, uint64_t pc, const struct fake_step *step)
{
	bool out = step->result == FAKE_OUT;
	struct vmm_exit_io io = { .pc = pc, .handle_ns = 1500, .port = step->port, .size = step->size,
				  .write = out, .count = 1, .value = step->value };
	struct vmm_guest_exit ge = { .code = (step->value << 1 | 1) & 0xff };
	struct stop_report r;

	if (out && (step->port == 0xe9 || step->port == 0x3f8))
		put_console(f, vcpu, step->port == 0xe9 ? 0xe9 : 0, step->value);
	if (exit_event(f, vcpu, VMM_EXIT_IO, &io, sizeof(io)))
		return true;
	if (!out || step->port != 0xf4)
		return false;
	fake_put_event(f, VMM_GUEST_EXIT, vcpu, &ge, sizeof(ge));
	r = (struct stop_report){ .reason = STOP_GUEST_EXIT, .vcpu = vcpu, .exit_code = ge.code, .steps = f->steps };
	snprintf(r.text, sizeof(r.text), "the guest exited with status %d", r.exit_code);
	fake_report(f, &r);
	return true;
}

static bool do_fault(struct fake *f, unsigned vcpu, uint64_t pc, enum fake_result result)
{
	struct vmm_exit_shutdown down = { .pc = pc };
	struct vmm_exit_internal internal = { .pc = pc, .suberror = 1 };
	struct stop_report r = { .vcpu = vcpu, .steps = f->steps };

	if (result == FAKE_FAULT) {
		f->vcpu[vcpu].state = VCPU_DEAD;
		if (exit_event(f, vcpu, VMM_EXIT_SHUTDOWN, &down, sizeof(down)))
			return true;
		r.reason = STOP_SHUTDOWN;
		snprintf(r.text, sizeof(r.text), "vCPU %u: triple fault", vcpu);
	} else {
		const struct event *e = fake_put_event(f, VMM_EXIT_INTERNAL, vcpu, &internal, sizeof(internal));

		memcpy(r.event_bytes, e, e->size);
		r.reason = STOP_ERROR;
		snprintf(r.text, sizeof(r.text), "vCPU %u: the instruction at 0x%llx can not be emulated", vcpu,
			 (unsigned long long)pc);
	}
	fake_report(f, &r);
	return true;
}

/* One instruction of @vcpu and what follows from it; true when the guest stopped. */
static bool run_one(struct fake *f, unsigned vcpu)
{
	struct fake_vcpu *v = &f->vcpu[vcpu];
	struct access_ctx ctx = { .f = f, .v = v };
	struct fake_mem mem = { .ctx = &ctx, .read = cpu_read, .write = cpu_write };
	uint64_t pc = arch_x86_64.pc_linear(&v->regs);
	struct fake_step step;
	struct vmm_exit_hlt hlt = { .pc = pc };
	struct vmm_exit_mmio mmio = { .pc = pc };

	if (!v->skip_break && check_breaks(f, vcpu))
		return true;
	v->skip_break = false;
	v->state = VCPU_STOPPED;
	f->insns++;
	step = fake_cpu_step(&v->regs, &mem);
	if (step.result == FAKE_FAULT || step.result == FAKE_UNKNOWN)
		return do_fault(f, vcpu, pc, step.result);
	if (f->run.kind == RUN_STEP && vcpu == f->run.vcpu)
		f->steps++;
	if (check_watches(f, vcpu, &step))
		return true;
	if (ctx.mmio) {
		mmio.gpa = ctx.mmio_gpa;
		mmio.value = ctx.mmio_value;
		mmio.len = step.naccess ? step.access[step.naccess - 1].len : 0;
		mmio.write = ctx.mmio_write;
		if (exit_event(f, vcpu, VMM_EXIT_MMIO, &mmio, sizeof(mmio)))
			return true;
	}
	if (step.result == FAKE_HLT) {
		v->state = VCPU_HALTED;
		return exit_event(f, vcpu, VMM_EXIT_HLT, &hlt, sizeof(hlt));
	}
	if (step.result == FAKE_OUT || step.result == FAKE_IN)
		return do_io(f, vcpu, pc, &step);
	return false;
}

/* After a step: done, or a breakpoint at the new pc (as a debug register would tell next). */
static bool step_done(struct fake *f)
{
	const struct run_request *req = &f->run;
	struct fake_vcpu *v = &f->vcpu[req->vcpu];
	uint64_t pc = arch_x86_64.pc_linear(&v->regs);
	bool left = req->range_hi > req->range_lo && (pc < req->range_lo || pc >= req->range_hi);

	if (f->steps < req->count && !left)
		return false;
	if (check_breaks(f, req->vcpu))
		return true;
	fake_report(f, &(struct stop_report){ .reason = STOP_STEP, .vcpu = req->vcpu, .steps = f->steps });
	return true;
}

static void run_budget(struct fake *f)
{
	bool step = f->run.kind == RUN_STEP;

	for (unsigned n = 0; n < FAKE_BUDGET; n++) {
		bool ran = false;

		for (unsigned i = 0; i < FAKE_VCPUS; i++) {
			struct fake_vcpu *v = &f->vcpu[i];

			if (step && i != f->run.vcpu && !f->run.all)
				continue;
			/* A step of a halted vCPU goes on behind its hlt, as if an interrupt had come. */
			if (v->state == VCPU_DEAD || (v->state == VCPU_HALTED && !(step && i == f->run.vcpu)))
				continue;
			ran = true;
			if (run_one(f, i) || (step && i == f->run.vcpu && step_done(f)))
				return;
		}
		if (!ran) {
			fake_report(f, &(struct stop_report){ .reason = STOP_HALTED, .steps = f->steps,
				.text = "every vCPU is halted and nothing can wake it" });
			return;
		}
	}
}

struct error *fake_resume(struct target *t, const struct run_request *req)
{
	struct fake *f = fake_of(t);
	struct vmm_resume resume = { .kind = req->kind, .count = req->count };

	if (f->state == TARGET_ENDED)
		return error_create(ERROR_STATE, "the guest has ended");
	if (f->state != TARGET_STOPPED)
		return error_create(ERROR_STATE, "the guest is running");
	for (unsigned i = 0; i < FAKE_VCPUS; i++)
		if (f->vcpu[i].state == VCPU_DEAD && (req->kind == RUN_CONTINUE || req->vcpu == i))
			return error_hint(error_create(ERROR_STATE, "vCPU %u is dead: triple fault", i),
					  "`reset` starts the guest again");
	f->run = *req;
	f->steps = 0;
	f->state = TARGET_RUNNING;
	fake_put_event(f, VMM_RESUME, req->vcpu, &resume, sizeof(resume));
	run_budget(f);
	return NULL;
}

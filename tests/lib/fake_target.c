/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The vector of the fake target: vCPUs, registers, memory, state and life. Runs are in fake_run.c. */
#include "tests/lib/fake_target.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "core/base/cleanup.h"

#include "tests/lib/fake_machine.h"
#include "tests/lib/fake_run.h"

static unsigned fake_vcpu_count(struct target *t)
{
	return FAKE_VCPUS;
}

static struct error *fake_vcpu_info(struct target *t, unsigned vcpu, struct vcpu_info *ret)
{
	struct fake *f = fake_of(t);
	const struct fake_vcpu *v = &f->vcpu[vcpu];

	*ret = (struct vcpu_info){
		.index = vcpu,
		.hw_id = vcpu,
		.state = f->state == TARGET_RUNNING && v->state == VCPU_STOPPED ? VCPU_RUNNING : v->state,
		.tid = 1000 + vcpu,
		.exits = v->exits,
		.pc = arch_x86_64.pc_linear(&v->regs),
		.stale = f->state == TARGET_RUNNING,
	};
	return NULL;
}

static struct error *fake_regs_read(struct target *t, unsigned vcpu, unsigned groups, struct regs *ret,
				    bool *ret_stale)
{
	struct fake *f = fake_of(t);
	const struct regs *regs = &f->vcpu[vcpu].regs;

	for (unsigned i = 0; i < X86_REG_COUNT; i++)
		if (x86_64_regs[i].group & groups)
			regs_set_bytes(ret, i, regs_bytes(regs, i), x86_64_regs[i].bits / 8);
	*ret_stale = f->state == TARGET_RUNNING;
	return NULL;
}

static struct error *fake_reg_write(struct target *t, unsigned vcpu, unsigned reg, const void *data, size_t len)
{
	struct fake *f = fake_of(t);

	if (f->state != TARGET_STOPPED)
		return error_create(ERROR_STATE, "registers can be written only while the guest is stopped");
	if (len != x86_64_regs[reg].bits / 8u)
		return error_create(ERROR_USAGE, "%s has %u bytes, not %zu", x86_64_regs[reg].name,
				    x86_64_regs[reg].bits / 8, len);
	regs_set_bytes(&f->vcpu[vcpu].regs, reg, data, len);
	if (reg == X86_RIP) {
		f->vcpu[vcpu].skip_break = true;
		f->vcpu[vcpu].state = VCPU_STOPPED;
	}
	return NULL;
}

static struct error *outside(uint64_t gpa, size_t len, const char *verb)
{
	uint64_t bad = gpa < FAKE_MEM ? FAKE_MEM : gpa;

	if (gpa < FAKE_MEM && len <= FAKE_MEM - gpa)
		return NULL;
	return error_create(ERROR_FAULT, "cannot %s guest-physical memory at 0x%llx: it is not RAM", verb,
			    (unsigned long long)bad);
}

static struct error *fake_phys_read(struct target *t, uint64_t gpa, void *buf, size_t len)
{
	struct error *err = outside(gpa, len, "read");

	if (!err)
		memcpy(buf, fake_of(t)->mem + gpa, len);
	return err;
}

static struct error *fake_phys_write(struct target *t, uint64_t gpa, const void *buf, size_t len)
{
	struct error *err = outside(gpa, len, "write");

	if (!err)
		memcpy(fake_of(t)->mem + gpa, buf, len);
	return err;
}

static const void *fake_phys_ptr(struct target *t, uint64_t gpa, size_t *ret_len)
{
	if (gpa >= FAKE_MEM)
		return NULL;
	*ret_len = FAKE_MEM - gpa;
	return fake_of(t)->mem + gpa;
}

static bool fake_region(struct target *t, unsigned i, struct mem_region *ret)
{
	static const struct mem_region regions[] = {
		{ 0, FAKE_MEM, MEM_RAM, "ram", 0 },
		{ FAKE_MMIO, 0x1000, MEM_MMIO, "testdev", -1 },
		{ 0xe9, 1, MEM_PORT, "debugcon", -1 },
		{ 0xf4, 4, MEM_PORT, "exit", -1 },
		{ 0x3f8, 8, MEM_PORT, "uart0", -1 },
	};

	if (i >= ARRAY_SIZE(regions))
		return false;
	*ret = regions[i];
	return true;
}

/* An oracle of its own: what the page tables of fake_machine.c are meant to say. */
static struct error *fake_translate(struct target *t, unsigned vcpu, uint64_t gva, uint64_t *ret_gpa)
{
	uint64_t gpa = gva >= FAKE_HIGH ? gva - FAKE_HIGH : gva;

	if (gpa < 0x1000 || gpa >= FAKE_MMIO + (2 << 20))
		return error_create(ERROR_FAULT, "address 0x%llx is not mapped", (unsigned long long)gva);
	*ret_gpa = gpa;
	return NULL;
}

static struct error *fake_state_get(struct target *t, enum state_kind kind, unsigned index, void *buf,
				    size_t size, size_t *ret_len)
{
	struct fake *f = fake_of(t);

	for (size_t i = 0; i < f->states.len; i++) {
		const struct fake_state *s = &f->states.data[i];

		if (s->kind != kind || s->index != index)
			continue;
		if (!s->data || s->len > size)
			break;
		memcpy(buf, s->data, s->len);
		*ret_len = s->len;
		return NULL;
	}
	for (size_t i = 0; i < f->states.len; i++)
		if (f->states.data[i].kind == kind && f->states.data[i].index == index)
			return error_create(ERROR_UNSUPPORTED, "this guest has no such device");
	if (fake_xive_state(&f->xive, kind, index, buf, size, ret_len))
		return NULL;
	if (!fake_machine_state(kind, index, buf, size, ret_len))
		return error_create(ERROR_NOT_FOUND, "there is no state %d with index %u", kind, index);
	return NULL;
}

void fake_target_set_state(struct target *t, enum state_kind kind, unsigned index, const void *data, size_t len)
{
	struct fake *f = fake_of(t);
	struct fake_state s = { .kind = kind, .index = index, .len = len };

	if (data) {
		s.data = xcalloc(1, len);
		memcpy(s.data, data, len);
	}
	for (size_t i = 0; i < f->states.len; i++) {
		if (f->states.data[i].kind == kind && f->states.data[i].index == index) {
			free(f->states.data[i].data);
			f->states.data[i] = s;
			return;
		}
	}
	vec_push(&f->states, s);
}

static enum target_state fake_state(struct target *t)
{
	return fake_of(t)->state;
}

static struct error *fake_interrupt(struct target *t)
{
	struct fake *f = fake_of(t);

	if (f->state == TARGET_RUNNING)
		fake_report(f, &(struct stop_report){ .reason = STOP_INTERRUPT, .vcpu = f->run.vcpu,
						      .steps = f->steps });
	return NULL;
}

static struct error *fake_kill(struct target *t)
{
	struct fake *f = fake_of(t);

	if (f->state == TARGET_ENDED)
		return NULL;
	fake_report(f, &(struct stop_report){ .reason = STOP_KILLED, .text = "killed" });
	f->state = TARGET_ENDED;
	return NULL;
}

static void power_on(struct fake *f)
{
	memset(f->mem, 0, FAKE_MEM);
	fake_machine_memory(f->mem);
	fake_xive_power_on(&f->xive, f->mem);
	for (unsigned i = 0; i < FAKE_VCPUS; i++) {
		f->vcpu[i] = (struct fake_vcpu){ .state = VCPU_STOPPED, .skip_break = true };
		fake_machine_regs(i, &f->vcpu[i].regs);
	}
	fake_report(f, &(struct stop_report){ .reason = STOP_STARTED, .text = "before the first instruction" });
}

static struct error *fake_reset(struct target *t)
{
	power_on(fake_of(t));
	return NULL;
}

static int fake_stop_fd(struct target *t)
{
	return fake_of(t)->stop_fd;
}

static bool fake_stop_take(struct target *t, struct stop_report *ret)
{
	struct fake *f = fake_of(t);
	uint64_t n;

	if (f->reports.len == 0)
		return false;
	*ret = f->reports.data[0];
	vec_remove(&f->reports, 0);
	if (f->reports.len == 0 && read(f->stop_fd, &n, sizeof(n)) < 0)
		return true; /* it was not readable: nothing to clear */
	return true;
}

static unsigned fake_events_drain(struct target *t, struct event_store *store, unsigned max)
{
	struct fake *f = fake_of(t);
	size_t at = 0;
	unsigned n = 0;

	while (at < f->events.len && n < max) {
		const struct event *e = (const struct event *)(f->events.data + at);

		event_store_put(store, e);
		at += e->size;
		n++;
	}
	if (at)
		memmove(f->events.data, f->events.data + at, f->events.len - at);
	f->events.len -= at;
	return n;
}

static int fake_event_fd(struct target *t)
{
	return -1;
}

static struct error *fake_console_input(struct target *t, const void *data, size_t len)
{
	struct fake *f = fake_of(t);

	if (f->state == TARGET_ENDED)
		return error_create(ERROR_STATE, "nobody reads the console: the guest has ended");
	text_add(&f->typed, data, len);
	return NULL;
}

const char *fake_target_typed(struct target *t)
{
	return text_str(&fake_of(t)->typed);
}

static void fake_destroy(struct target *t)
{
	struct fake *f = fake_of(t);

	for (size_t i = 0; i < f->states.len; i++)
		free(f->states.data[i].data);
	vec_free(&f->states);
	for (size_t i = 0; i < f->stops.len; i++)
		expr_unref(f->stops.data[i].spec.cond);
	vec_free(&f->stops);
	vec_free(&f->reports);
	vec_free(&f->events);
	text_deinit(&f->typed);
	if (f->stop_fd >= 0)
		close(f->stop_fd);
	free(f->mem);
	free(f->target.title);
	free(f);
}

static const struct target_ops fake_ops = {
	.name = "fake",
	.destroy = fake_destroy,
	.vcpu_count = fake_vcpu_count,
	.vcpu_info = fake_vcpu_info,
	.regs_read = fake_regs_read,
	.reg_write = fake_reg_write,
	.phys_read = fake_phys_read,
	.phys_write = fake_phys_write,
	.phys_ptr = fake_phys_ptr,
	.region = fake_region,
	.translate = fake_translate,
	.state_get = fake_state_get,
	.xive_act = fake_xive_act,
	.state = fake_state,
	.resume = fake_resume,
	.interrupt = fake_interrupt,
	.kill = fake_kill,
	.reset = fake_reset,
	.stop_fd = fake_stop_fd,
	.stop_take = fake_stop_take,
	.stop_arm = fake_stop_arm,
	.stop_disarm = fake_stop_disarm,
	.stop_update = fake_stop_update,
	.stop_status = fake_stop_status,
	.events_drain = fake_events_drain,
	.event_fd = fake_event_fd,
	.console_input = fake_console_input,
};

struct error *fake_target_create(struct target **ret)
{
	struct fake *f = xcalloc(1, sizeof(*f));

	f->target.ops = &fake_ops;
	f->target.arch = &arch_x86_64;
	f->target.title = xstrdup("fake");
	f->mem = xcalloc(1, FAKE_MEM);
	f->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (f->stop_fd < 0) {
		struct error *err = error_errno(errno, "cannot create an eventfd");

		fake_destroy(&f->target);
		return err;
	}
	power_on(f);
	*ret = &f->target;
	return NULL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One KVM_RUN and what came of it: devices through the bus, one event a record, and a stop for
 * everything nobody can answer. Exits only one architecture knows go to machine_host.exit().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "core/base/bits.h"
#include "core/base/loop.h"
#include "core/base/vec.h"
#include "guest/vm.h"

#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

static enum exit_next stop(struct vcpu *v, struct stop_report *report, enum stop_reason reason)
{
	report->reason = reason;
	report->vcpu = v->index;
	return EXIT_STOP;
}

/* Events that stop the guest carry what there is to say; a catchpoint's own report is replaced. */
static enum exit_next stop_event(struct vcpu *v, struct stop_report *report, enum stop_reason reason,
				 uint32_t schema, void *payload, size_t len)
{
	vcpu_exit_event(v, schema, payload, len, report);
	memset(&report->event_bytes, 0, sizeof(report->event_bytes));
	report->event.time_ns = v->exit_time_ns;
	report->event.schema = schema;
	report->event.size = align_up(sizeof(struct event) + len, 8);
	report->event.payload_len = len;
	report->event.vm = 1;
	report->event.vcpu = v->index;
	report->event.cpu = ~0u;
	report->event.tid = v->tid;
	memcpy(report->event.payload, payload, len);
	report->id = 0;
	return stop(v, report, reason);
}

static uint64_t size_mask(unsigned size)
{
	return size >= 8 ? ~0ULL : BIT(size * 8) - 1;
}

/* @count accesses of one string instruction share the exit; the data lies in the run structure. */
static enum exit_next exit_io(struct vcpu *v, struct stop_report *report)
{
	struct kvm_run *run = v->run;
	unsigned size = run->io.size;
	bool write = run->io.direction == KVM_EXIT_IO_OUT;
	uint8_t *data = (uint8_t *)run + run->io.data_offset;
	struct vmm_exit_io ev = {
		.pc = machine_host.pc(v), .port = run->io.port, .size = size, .write = write,
		.count = run->io.count,
	};
	uint64_t value;

	v->io_pending = true;
	for (uint32_t i = 0; i < run->io.count; i++, data += size) {
		if (write) {
			value = bytes_read(data, size, false);
			bus_write(v->vm->bus, MEM_PORT, run->io.port, size, value);
		} else {
			value = ~0ULL;
			bus_read(v->vm->bus, MEM_PORT, run->io.port, size, &value);
			value &= size_mask(size);
			bytes_write(data, size, false, value);
		}
		if (i == 0)
			ev.value = value;
	}
	return vcpu_exit_event(v, VMM_EXIT_IO, &ev, sizeof(ev), report) ? EXIT_STOP : EXIT_GO;
}

static enum exit_next exit_mmio(struct vcpu *v, struct stop_report *report)
{
	struct kvm_run *run = v->run;
	unsigned len = run->mmio.len > 8 ? 8 : run->mmio.len;
	struct vmm_exit_mmio ev = {
		.pc = machine_host.pc(v), .gpa = run->mmio.phys_addr, .len = len,
		.write = run->mmio.is_write,
	};
	bool stops = false;

	if (machine_host.mmio && machine_host.mmio(v, report, &stops))
		return stops ? EXIT_STOP : EXIT_GO;
	v->io_pending = true;
	if (run->mmio.is_write && memory_ptr(&v->vm->mem, ev.gpa, NULL)) {
		/* RAM that a watchpoint made read-only: the write is done here and nobody else's business. */
		uint64_t bad;

		memory_write(&v->vm->mem, ev.gpa, run->mmio.data, len, &bad);
		return stops_hit_page(v, ev.gpa, len, report) ? EXIT_STOP : EXIT_GO;
	}
	if (run->mmio.is_write) {
		ev.value = bytes_read(run->mmio.data, len, false);
		bus_write(v->vm->bus, MEM_MMIO, ev.gpa, len, ev.value);
	} else {
		ev.value = ~0ULL;
		bus_read(v->vm->bus, MEM_MMIO, ev.gpa, len, &ev.value);
		ev.value &= size_mask(len);
		bytes_write(run->mmio.data, len, false, ev.value);
	}
	return vcpu_exit_event(v, VMM_EXIT_MMIO, &ev, sizeof(ev), report) ? EXIT_STOP : EXIT_GO;
}

static enum exit_next exit_hlt(struct vcpu *v, struct stop_report *report)
{
	struct vmm_exit_hlt ev = { .pc = machine_host.pc(v) };

	v->halted = true;
	return vcpu_exit_event(v, VMM_EXIT_HLT, &ev, sizeof(ev), report) ? EXIT_STOP : EXIT_GO;
}

static enum exit_next exit_shutdown(struct vcpu *v, struct stop_report *report)
{
	struct vmm_exit_shutdown ev = { .pc = machine_host.pc(v) };

	v->dead = true;
	snprintf(report->text, sizeof(report->text),
		 "vCPU %u: triple fault, the CPU would reset", v->index);
	return stop_event(v, report, STOP_SHUTDOWN, VMM_EXIT_SHUTDOWN, &ev, sizeof(ev));
}

static enum exit_next exit_fail_entry(struct vcpu *v, struct stop_report *report)
{
	struct vmm_exit_fail_entry ev = {
		.pc = machine_host.pc(v), .reason = v->run->fail_entry.hardware_entry_failure_reason,
		.cpu = v->run->fail_entry.cpu,
	};

	v->dead = true;
	snprintf(report->text, sizeof(report->text),
		 "vCPU %u: the CPU refused to enter the guest, hardware reason 0x%" PRIx64
		 " on host CPU %u", v->index, ev.reason, ev.cpu);
	return stop_event(v, report, STOP_ERROR, VMM_EXIT_FAIL_ENTRY, &ev, sizeof(ev));
}

static const char *suberror_text(uint32_t suberror)
{
	switch (suberror) {
	case KVM_INTERNAL_ERROR_EMULATION:
		return "KVM cannot emulate this instruction";
	case KVM_INTERNAL_ERROR_SIMUL_EX:
		return "simultaneous exceptions";
	case KVM_INTERNAL_ERROR_DELIVERY_EV:
		return "an exit while an event was delivered";
	case KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON:
		return "an exit KVM did not expect";
	default:
		return "unknown suberror";
	}
}

static enum exit_next exit_internal(struct vcpu *v, struct stop_report *report)
{
	struct vmm_exit_internal ev = {
		.pc = machine_host.pc(v), .suberror = v->run->internal.suberror,
		.ndata = v->run->internal.ndata,
	};
	uint64_t gpa;
	size_t len, used = 0;
	const uint8_t *code;
	char bytes[16 * 3 + 1] = "";

	/* A KVM that can not deliver the break instruction stops on it like this: that is a hit too. */
	if (ev.suberror == KVM_INTERNAL_ERROR_EMULATION && v->vm->stops.any_byte &&
	    vcpu_fetch_code(v, ev.pc, &len, &gpa) && memory_planted(&v->vm->mem, gpa)) {
		v->last_debug = (struct debug_exit){ .pc = ev.pc, .byte = true };
		return EXIT_DEBUG;
	}
	if (ev.ndata > ARRAY_SIZE(ev.data))
		ev.ndata = ARRAY_SIZE(ev.data);
	for (unsigned i = 0; i < ev.ndata; i++)
		ev.data[i] = v->run->internal.data[i];
	code = vcpu_fetch_code(v, ev.pc, &len, &gpa);
	for (size_t i = 0; code && i < len && i < 15; i++)
		used += snprintf(bytes + used, sizeof(bytes) - used, " %02x", code[i]);
	snprintf(report->text, sizeof(report->text),
		 "vCPU %u: KVM internal error %u (%s) at 0x%" PRIx64 "%s%s", v->index, ev.suberror,
		 suberror_text(ev.suberror), ev.pc, code ? ", code" : "", bytes);
	return stop_event(v, report, STOP_ERROR, VMM_EXIT_INTERNAL, &ev, sizeof(ev));
}

static enum exit_next exit_system(struct vcpu *v, struct stop_report *report)
{
	struct vmm_exit_system ev = {
		.pc = machine_host.pc(v), .type = v->run->system_event.type,
	};
	bool reset = ev.type == KVM_SYSTEM_EVENT_RESET;

	snprintf(report->text, sizeof(report->text), "vCPU %u: the guest asked for %s", v->index,
		 reset ? "a reset" : ev.type == KVM_SYSTEM_EVENT_SHUTDOWN ? "power off" : "a crash stop");
	return stop_event(v, report, reset ? STOP_RESET : STOP_GUEST_EXIT, VMM_EXIT_SYSTEM, &ev,
			  sizeof(ev));
}

static enum exit_next exit_hypercall(struct vcpu *v, struct stop_report *report)
{
	struct vmm_exit_hypercall ev = { .pc = machine_host.pc(v), .nr = v->run->hypercall.nr };

	v->io_pending = true;
	for (unsigned i = 0; i < ARRAY_SIZE(v->run->hypercall.args); i++)
		ev.args[i] = v->run->hypercall.args[i];
	v->run->hypercall.ret = (uint64_t)-1000; /* KVM_ENOSYS of the hypercall ABI */
	ev.ret = v->run->hypercall.ret;
	return vcpu_exit_event(v, VMM_EXIT_HYPERCALL, &ev, sizeof(ev), report) ? EXIT_STOP : EXIT_GO;
}

static enum exit_next exit_unknown(struct vcpu *v, struct stop_report *report)
{
	struct vmm_exit_unknown ev = {
		.pc = machine_host.pc(v), .reason = v->run->exit_reason,
		.hardware = v->run->exit_reason == KVM_EXIT_UNKNOWN ? v->run->hw.hardware_exit_reason : 0,
	};

	snprintf(report->text, sizeof(report->text),
		 "vCPU %u: KVM exit reason %u, which vmscope does not handle, at 0x%" PRIx64
		 " (hardware reason 0x%" PRIx64 ")", v->index, ev.reason, ev.pc, ev.hardware);
	return stop_event(v, report, STOP_ERROR, VMM_EXIT_UNKNOWN, &ev, sizeof(ev));
}

static enum exit_next run_failed(struct vcpu *v, struct stop_report *report, int err)
{
	struct vmm_exit_unknown ev = { .pc = machine_host.pc(v), .reason = v->run->exit_reason };

	if (err == EFAULT && v->run->exit_reason == KVM_EXIT_MEMORY_FAULT)
		ev.hardware = v->run->hw.hardware_exit_reason;
	snprintf(report->text, sizeof(report->text),
		 "vCPU %u: KVM_RUN failed at 0x%" PRIx64 ": %s", v->index, ev.pc, strerror(err));
	return stop_event(v, report, STOP_ERROR, VMM_EXIT_UNKNOWN, &ev, sizeof(ev));
}

static enum exit_next handle(struct vcpu *v, struct stop_report *report)
{
	bool stops = false;

	switch (v->run->exit_reason) {
	case KVM_EXIT_IO:
		return exit_io(v, report);
	case KVM_EXIT_MMIO:
		return exit_mmio(v, report);
	case KVM_EXIT_HLT:
		return exit_hlt(v, report);
	case KVM_EXIT_INTR:
	case KVM_EXIT_IRQ_WINDOW_OPEN:
		return EXIT_GO;
	case KVM_EXIT_SHUTDOWN:
		return exit_shutdown(v, report);
	case KVM_EXIT_FAIL_ENTRY:
		return exit_fail_entry(v, report);
	case KVM_EXIT_INTERNAL_ERROR:
		return exit_internal(v, report);
	case KVM_EXIT_SYSTEM_EVENT:
		return exit_system(v, report);
	case KVM_EXIT_HYPERCALL:
		return exit_hypercall(v, report);
	default:
		if (machine_host.exit(v, report, &stops))
			return stops ? EXIT_STOP : EXIT_GO;
		return exit_unknown(v, report);
	}
}

enum exit_next vcpu_enter(struct vcpu *v, struct stop_report *report)
{
	int r;

	if (v->needs_enter)
		machine_host.enter(v);
	r = ioctl(v->fd, KVM_RUN, 0);
	/* Whatever was pending is complete: KVM does that first, also when it does not run the guest. */
	v->io_pending = false;
	atomic_store_explicit(&v->exits, atomic_load_explicit(&v->exits, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	if (r < 0) {
		int err = errno;

		if (err == EINTR || err == EAGAIN) {
			__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
			machine_host.sync(v);
			return EXIT_GO;
		}
		machine_host.sync(v);
		return run_failed(v, report, err);
	}
	if (v->run->exit_reason == KVM_EXIT_DEBUG) { /* the fast one: stepping makes no event */
		machine_host.debug_decode(v, &v->last_debug);
		return EXIT_DEBUG;
	}
	v->exit_time_ns = clock_now_ns();
	machine_host.sync(v);
	return handle(v, report);
}

enum exit_next vcpu_complete(struct vcpu *v, struct stop_report *report)
{
	enum exit_next next = EXIT_GO;

	while (v->io_pending && next == EXIT_GO) {
		__atomic_store_n(&v->run->immediate_exit, 1, __ATOMIC_SEQ_CST);
		next = vcpu_enter(v, report);
		__atomic_store_n(&v->run->immediate_exit, 0, __ATOMIC_SEQ_CST);
	}
	return next;
}

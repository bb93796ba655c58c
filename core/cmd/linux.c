/* SPDX-License-Identifier: GPL-3.0-or-later */
/* linux, linux symbols, dmesg, cmdline, tasks, current, modules, irqs: a Linux guest without its debug
 * files. */
#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/decode/linux_dmesg.h"
#include "core/decode/linux_views.h"
#include "core/session/linux.h"

#define CMDLINE_MAX 2048

/* What is told of a guest that runs may have changed while it was read. */
static void mark_running(struct session *s, struct out *out)
{
	if (!session_is_halted(s))
		out_message(out, ROLE_WARN, "(the guest runs: what changes meanwhile may be shown wrong)");
}

static struct error *linux_run(struct session *s, const struct args *args, struct out *out)
{
	struct linux_kernel *k;
	struct error *err = session_linux(s, &k);

	if (err)
		return err;
	out_begin(out, "linux");
	out_text(out, ROLE_TEXT, "Linux ");
	out_str(out, ROLE_TEXT, "release", 0, k->guest.release);
	if (k->by_scan) {
		out_text(out, ROLE_TEXT, ", still starting");
	} else {
		out_text(out, ROLE_TEXT, ", moved by ");
		out_hex(out, ROLE_ADDR, "kaslr_offset", 0, k->guest.kaslr_offset);
		out_text(out, ROLE_TEXT, ", VMCOREINFO at ");
		out_hex(out, ROLE_ADDR, "note_gpa", 0, k->guest.note_gpa);
	}
	out_text(out, ROLE_TEXT, "; ");
	out_dec(out, ROLE_NUMBER, "symbols", 0, k->kallsyms.count);
	out_text(out, ROLE_TEXT, " symbols, ");
	out_dec(out, ROLE_NUMBER, "types", 0, k->btf ? btf_count(k->btf) - 1 : 0);
	out_text(out, ROLE_TEXT, " types, ");
	out_dec(out, ROLE_NUMBER, "modules", 0, k->modules.len);
	out_text(out, ROLE_TEXT, " modules");
	out_end(out);
	return NULL;
}

const struct command cmd_linux = {
	.name = "linux",
	.group = "linux guest",
	.summary = "say which Linux kernel the guest's memory holds",
	.needs = NEED_TARGET,
	.run = linux_run,
};

static struct error *linux_symbols_run(struct session *s, const struct args *args, struct out *out)
{
	bool known = session_linux_known(s);
	struct linux_kernel *k;
	struct error *err = session_linux(s, &k);

	if (err)
		return err;
	if (!known)
		session_changed(s);
	out_begin(out, "linux");
	out_text(out, ROLE_TEXT, "Linux ");
	out_str(out, ROLE_TEXT, "release", 0, k->guest.release);
	out_text(out, ROLE_TEXT, ": ");
	out_dec(out, ROLE_NUMBER, "symbols", 0, k->kallsyms.count);
	out_text(out, ROLE_TEXT, " symbols%s, moved by ", known ? " (loaded before)" : "");
	out_hex(out, ROLE_ADDR, "kaslr_offset", 0, k->guest.kaslr_offset);
	out_end(out);
	return NULL;
}

const struct command cmd_linux_symbols = {
	.name = "linux symbols",
	.group = "linux guest",
	.summary = "take symbols and types of a Linux guest from its own memory",
	.help = "Needs no file: the kernel's symbol table (kallsyms) is found by the VMCOREINFO note that the\n"
		"kernel writes while it starts, at the addresses it has been moved to (KASLR), its types (BTF) and\n"
		"its modules by those. Breakpoints that waited for their symbols are armed. Every other `linux`\n"
		"command does the same when it has not been done yet.",
	.needs = NEED_TARGET,
	.run = linux_symbols_run,
};

static struct error *linux_dmesg_run(struct session *s, const struct args *args, struct out *out)
{
	struct linux_guest *g = xcalloc(1, sizeof(*g));
	/* The note alone says where they are, also of a kernel without symbols. */
	struct error *err = linux_guest_find(s->target, g);
	uint64_t max = args->value[0].given ? args->value[0].number : 0;

	if (!err)
		err = linux_dmesg_show(g, max > UINT32_MAX ? 0 : max, out);
	free(g);
	return err;
}

const struct command cmd_linux_dmesg = {
	.name = "linux dmesg",
	.group = "linux guest",
	.summary = "show the kernel messages of a Linux guest",
	.help = "All that its ring still has, or the last N; also of a guest that runs, hangs or has ended.",
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.needs = NEED_TARGET,
	.run = linux_dmesg_run,
};

static struct error *linux_cmdline_run(struct session *s, const struct args *args, struct out *out)
{
	char text[CMDLINE_MAX + 1] = "";
	struct linux_kernel *k;
	struct error *err = session_linux(s, &k);
	uint64_t at;
	size_t done;

	if (!err)
		err = linux_kernel_need_symbol(k, "saved_command_line", &at);
	if (!err)
		err = linux_kernel_read_number(k, at, 8, &at);
	if (err)
		return err;
	err = target_virt_read(s->target, &k->guest.regs, at, text, CMDLINE_MAX, &done);
	if (err && !done)
		return err;
	error_destroy(err);
	out_begin(out, "linux");
	out_str(out, ROLE_TEXT, "cmdline", 0, text);
	out_end(out);
	return NULL;
}

const struct command cmd_linux_cmdline = {
	.name = "linux cmdline",
	.group = "linux guest",
	.summary = "show the command line a Linux guest was started with",
	.needs = NEED_TARGET,
	.run = linux_cmdline_run,
};

/* ---- views ----------------------------------------------------------------------------------- */

static struct error *show(struct session *s, struct out *out,
			  struct error *(*fn)(const struct linux_kernel *k, struct out *out))
{
	struct linux_kernel *k;
	struct error *err = session_linux(s, &k);

	if (err)
		return err;
	mark_running(s, out);
	return fn(k, out);
}

static struct error *linux_tasks_run(struct session *s, const struct args *args, struct out *out)
{
	return show(s, out, linux_tasks_show);
}

const struct command cmd_linux_tasks = {
	.name = "linux tasks",
	.group = "linux guest",
	.summary = "list the tasks of a Linux guest: ids, CPU, state, name",
	.help = "Every thread of every process, and the kernel's own. Also of a guest that runs: then marked.\n"
		"`print *(struct task_struct *)ADDR` shows all of one.",
	.needs = NEED_TARGET,
	.run = linux_tasks_run,
};

static struct error *linux_modules_run(struct session *s, const struct args *args, struct out *out)
{
	return show(s, out, linux_modules_show);
}

const struct command cmd_linux_modules = {
	.name = "linux modules",
	.group = "linux guest",
	.summary = "list the modules of a Linux guest: address, size, state, users",
	.help = "Their symbols are known as the kernel's are: `break lo_ioctl`, `break lo_ioctl [loop]` when\n"
		"several have one of that name.",
	.needs = NEED_TARGET,
	.run = linux_modules_run,
};

static struct error *linux_irqs_run(struct session *s, const struct args *args, struct out *out)
{
	return show(s, out, linux_irqs_show);
}

const struct command cmd_linux_irqs = {
	.name = "linux irqs",
	.group = "linux guest",
	.summary = "list the interrupts of a Linux guest: counts by CPU, chip, handlers",
	.help = "As /proc/interrupts in the guest shows them: those that came at least once or have a handler.\n"
		"`info ioapic` and `info lapic` show the hardware's side.",
	.needs = NEED_TARGET,
	.run = linux_irqs_run,
};

static void show_current(struct session *s, unsigned vcpu, const struct regs *regs, const struct linux_task *task,
			 struct out *out)
{
	uint64_t pc = s->target->arch->pc_linear(regs);

	out_begin(out, "current");
	out_text(out, ROLE_TEXT, "vCPU ");
	out_dec(out, ROLE_NUMBER, "vcpu", 2, vcpu);
	out_text(out, ROLE_TEXT, "  CPU ");
	out_dec(out, ROLE_NUMBER, "cpu", 2, task->cpu);
	out_text(out, ROLE_TEXT, "  pid ");
	out_dec(out, ROLE_NUMBER, "pid", 6, task->pid);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_SYMBOL, "comm", 16, task->comm);
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_ADDR, "addr", 16, task->addr);
	out_text(out, ROLE_TEXT, "  in ");
	out_str(out, ROLE_TEXT, "mode", 6, pc >> 63 ? "kernel" : "user");
	out_text(out, ROLE_TEXT, " at ");
	out_hex(out, ROLE_ADDR, "pc", 16, pc);
	session_out_symbol(s, out, ROLE_SYMBOL, pc);
	out_end(out);
}

static struct error *linux_current_run(struct session *s, const struct args *args, struct out *out)
{
	struct linux_task_reader reader;
	struct linux_kernel *k;
	struct error *err = session_linux(s, &k);
	struct regs *regs;

	if (!err)
		err = linux_task_reader_init(&reader, k);
	if (err)
		return err;
	mark_running(s, out);
	regs = xcalloc(1, sizeof(*regs));
	for (unsigned i = 0; i < target_vcpu_count(s->target) && !err; i++) {
		struct linux_task task;
		struct error *none;
		uint64_t addr;
		bool stale;

		regs_init(regs, s->target->arch);
		err = target_regs_read(s->target, i, REGS_CORE | REGS_MSR, regs, &stale);
		none = err ? NULL : linux_kernel_current(k, regs, &addr);
		if (!err && !none)
			none = linux_task_read(&reader, addr, &task);
		if (none)
			out_message(out, ROLE_DIM, "vCPU %2u  %s", i, error_message(none));
		else if (!err)
			show_current(s, i, regs, &task, out);
		error_destroy(none);
	}
	free(regs);
	return err;
}

const struct command cmd_linux_current = {
	.name = "linux current",
	.group = "linux guest",
	.summary = "show the task that each vCPU of a Linux guest runs",
	.help = "`$current` is that of the selected vCPU, as a struct task_struct *: `print $current->comm`,\n"
		"`print *$current`, `break vfs_read if $current->pid == 1`.",
	.needs = NEED_TARGET,
	.run = linux_current_run,
};

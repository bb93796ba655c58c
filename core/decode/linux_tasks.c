/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>

#include "core/base/vec.h"
#include "core/decode/linux_views.h"

/* More than any guest with the memory to look at has. */
#define TASKS_MAX (1u << 17)
#define THREADS_MAX (1u << 16)
#define PF_KTHREAD 0x00200000u	/* include/linux/sched.h */

enum { F_PID, F_TGID, F_COMM, F_STATE, F_EXIT_STATE, F_FLAGS, F_CPU, F_MM, F_PARENT, F_TASKS, F_SIGNAL,
       F_THREAD_NODE };

struct error *linux_task_reader_init(struct linux_task_reader *r, const struct linux_kernel *k)
{
	*r = (struct linux_task_reader){ .k = k, .field = {
		[F_PID] = { "pid" }, [F_TGID] = { "tgid" }, [F_COMM] = { "comm" },
		[F_STATE] = { "__state|state" }, [F_EXIT_STATE] = { "exit_state" }, [F_FLAGS] = { "flags" },
		[F_CPU] = { "thread_info.cpu|cpu", .optional = true }, [F_MM] = { "mm" },
		[F_PARENT] = { "real_parent" }, [F_TASKS] = { "tasks" }, [F_SIGNAL] = { "signal" },
		[F_THREAD_NODE] = { "thread_node" },
	} };
	return linux_fields_find(k, "task_struct", r->field, ARRAY_SIZE(r->field));
}

/* fs/proc/array.c: the lowest bit that is set counts; 0 runs, or waits for a CPU. */
static const char *state_name(uint64_t state, uint64_t exit_state)
{
	static const char *const names[] = { "sleeping", "disk sleep", "stopped", "tracing stop", "dead",
					     "zombie", "parked", "dead", "sleeping", "waking", "idle", "new",
					     "lock wait", "sleeping", NULL, "frozen" };
	uint64_t all = state | exit_state;

	/* TASK_IDLE: uninterruptible, but no load. */
	if ((state & 0x402) == 0x402)
		return "idle";
	if (exit_state & 0x20)
		return "zombie";
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (all >> i & 1 && names[i])
			return names[i];
	return all & 0xffff ? "?" : "running";
}

struct error *linux_task_read(const struct linux_task_reader *r, uint64_t addr, struct linux_task *ret)
{
	const struct linux_kernel *k = r->k;
	uint64_t state, exit_state, flags, parent;
	const struct {
		unsigned field;
		uint64_t *to;
	} numbers[] = { { F_PID, &ret->pid }, { F_TGID, &ret->tgid }, { F_STATE, &state },
			{ F_EXIT_STATE, &exit_state }, { F_FLAGS, &flags }, { F_CPU, &ret->cpu },
			{ F_MM, &ret->mm }, { F_PARENT, &parent } };

	*ret = (struct linux_task){ .addr = addr };
	for (unsigned i = 0; i < ARRAY_SIZE(numbers); i++) {
		struct error *err = linux_field_read(k, addr, &r->field[numbers[i].field], numbers[i].to);
		if (err)
			return err;
	}
	struct error *err = linux_kernel_read_text(k, addr + r->field[F_COMM].offset, ret->comm,
						   sizeof(ret->comm));
	if (!err && parent)
		err = linux_field_read(k, parent, &r->field[F_TGID], &ret->parent);
	ret->is_kernel = flags & PF_KTHREAD;
	ret->state = state_name(state, exit_state);
	return err;
}

/* ---- all of them ----------------------------------------------------------------------------- */

struct tasks {
	struct linux_task_reader reader;
	uint64_t thread_head;	/* in struct signal_struct */
	struct out *out;
	unsigned count;
};

static void show_task(struct tasks *t, const struct linux_task *task)
{
	struct out *out = t->out;

	out_begin(out, "task");
	out_dec(out, ROLE_NUMBER, "pid", 7, task->pid);
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "tgid", 7, task->tgid);
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "ppid", 7, task->parent);
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "cpu", 3, task->cpu);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "state", 12, task->state);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_DIM, "kind", 6, task->is_kernel ? "kernel" : "user");
	out_text(out, ROLE_TEXT, " ");
	out_hex(out, ROLE_ADDR, "addr", 16, task->addr);
	out_hidden_hex(out, "mm", task->mm);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_SYMBOL, "comm", 0, task->comm);
	out_end(out);
}

static struct error *visit_thread(void *ctx, uint64_t addr)
{
	struct tasks *t = ctx;
	struct linux_task task;
	struct error *err = linux_task_read(&t->reader, addr, &task);

	if (!err) {
		show_task(t, &task);
		t->count++;
	}
	return err;
}

static struct error *visit_process(void *ctx, uint64_t addr)
{
	struct tasks *t = ctx;
	uint64_t signal;
	struct error *err = linux_field_read(t->reader.k, addr, &t->reader.field[F_SIGNAL], &signal);

	/* One that is just being reaped has none any more. */
	if (err || !signal)
		return err ? err : visit_thread(t, addr);
	return linux_list_each(t->reader.k, signal + t->thread_head, t->reader.field[F_THREAD_NODE].offset,
			       THREADS_MAX, visit_thread, t);
}

struct error *linux_tasks_show(const struct linux_kernel *k, struct out *out)
{
	struct tasks t = { .out = out };
	uint64_t init;
	struct error *err = linux_task_reader_init(&t.reader, k);

	if (!err)
		err = linux_kernel_offset(k, "signal_struct", "thread_head", &t.thread_head);
	if (!err)
		err = linux_kernel_need_symbol(k, "init_task", &init);
	if (err)
		return err;
	out_text(out, ROLE_HEADING, "    PID    TGID    PPID CPU STATE        KIND   TASK               NAME");
	out_nl(out);
	return linux_list_each(k, init + t.reader.field[F_TASKS].offset, t.reader.field[F_TASKS].offset,
			       TASKS_MAX, visit_process, &t);
}

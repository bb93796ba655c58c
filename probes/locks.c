/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `locks`: waits for locks of the kernel, by lock, with KVM's own locks named. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "probes/bpf/locks.h"
#include "probes/hist_read.h"
#include "probes/kallsyms.h"
#include "probes/probe.h"
#include "probes/show.h"

#define OBJECTS_BYTES (8u << 20)	/* some 80,000 locks */
#define STACK_SHOWN 4

/* All waits for one lock. */
struct row {
	uint64_t lock;
	uint32_t flags;
	struct hist wait;
	unsigned waiters;		/* threads */
	uint32_t longest_tid, owner;	/* of the longest wait */
	uint64_t stack[LOCK_STACK];
	uint32_t stack_len;
	char name[80];
};

typedef VEC(struct row) row_list;

/* ---- reading ------------------------------------------------------------------------------------- */

static struct row *row_of(row_list *rows, const struct lock_key *key)
{
	for (size_t i = 0; i < rows->len; i++)
		if (rows->data[i].lock == key->lock && rows->data[i].flags == key->flags)
			return &rows->data[i];
	vec_push(rows, (struct row){ .lock = key->lock, .flags = key->flags });
	return &rows->data[rows->len - 1];
}

static void read_rows(const struct probe_run *run, row_list *rows)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "sums");
	struct lock_key key, *prev = NULL;
	struct lock_sum sum;

	for (unsigned n = 0; n < LOCK_ENTRIES && bpf_map_get_next_key(fd, prev, &key) == 0; n++, prev = &key) {
		struct row *row;

		if (bpf_map_lookup_elem(fd, &key, &sum) != 0 || !sum.wait.count)
			continue;
		row = row_of(rows, &key);
		if (sum.wait.max >= row->wait.max) {
			row->longest_tid = key.tid;
			row->owner = sum.owner;
			row->stack_len = sum.stack_len < LOCK_STACK ? sum.stack_len : LOCK_STACK;
			memcpy(row->stack, sum.stack, sizeof(row->stack));
		}
		hist_add(&row->wait, &sum.wait);
		row->waiters++;
	}
}

static int by_total(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->wait.total != y->wait.total)
		return x->wait.total < y->wait.total ? 1 : -1;
	return x->lock < y->lock ? -1 : x->lock > y->lock;
}

/* ---- names --------------------------------------------------------------------------------------- */

static const char *kind_name(uint32_t flags)
{
	if (flags & WAIT_MUTEX)
		return "mutex";
	if (flags & WAIT_PERCPU)
		return flags & WAIT_WRITE ? "percpu-wr" : "percpu-rd";
	if (flags & WAIT_RT)
		return "rt";
	if (flags & WAIT_SPIN)
		return flags & WAIT_READ ? "rwlock-rd" : flags & WAIT_WRITE ? "rwlock-wr" : "spinlock";
	return flags & WAIT_READ ? "rwsem-rd" : flags & WAIT_WRITE ? "rwsem-wr" : "semaphore";
}

/* Our own process's VM is the one that is meant; others say whose they are. */
static void name_object(struct row *row, const struct lock_object *o)
{
	char vm[32] = "", name[sizeof(o->name) + 1];

	snprintf(name, sizeof(name), "%.*s", (int)sizeof(o->name), o->name);
	if (o->tgid != (uint32_t)getpid())
		snprintf(vm, sizeof(vm), " of %u", o->tgid);
	if (o->vcpu >= 0)
		snprintf(row->name, sizeof(row->name), "vcpu[%d]%s%s", o->vcpu,
			 strchr(name, '-') ? strchr(name, '-') : "", vm);
	else
		snprintf(row->name, sizeof(row->name), "%s%s", name, vm);
}

static struct error *name_kvm(const struct probe_run *run, row_list *rows)
{
	_free_ void *data = NULL;
	struct error *error;
	size_t len;

	error = probe_run_iterate(run, "iter_objects", OBJECTS_BYTES, &data, &len);
	for (size_t at = 0; !error && at + sizeof(struct lock_object) <= len; at += sizeof(struct lock_object)) {
		struct lock_object o;

		memcpy(&o, (char *)data + at, sizeof(o));
		for (size_t i = 0; i < rows->len; i++)
			if (rows->data[i].lock == o.addr)
				name_object(&rows->data[i], &o);
	}
	return error;
}

/* Kernel symbols of the locks that are no KVM object's, and of the stacks. @names: rows * (1 + LOCK_STACK). */
static void name_symbols(row_list *rows, struct kernel_name *names)
{
	for (size_t i = 0; i < rows->len; i++) {
		struct kernel_name *k = &names[i * (1 + LOCK_STACK)];

		k[0].addr = rows->data[i].lock;
		for (unsigned s = 0; s < LOCK_STACK; s++)
			k[1 + s].addr = s < rows->data[i].stack_len ? rows->data[i].stack[s] : 0;
	}
	kallsyms_resolve(NULL, names, rows->len * (1 + LOCK_STACK));
	for (size_t i = 0; i < rows->len; i++) {
		struct row *row = &rows->data[i];
		const struct kernel_name *k = &names[i * (1 + LOCK_STACK)];

		if (row->name[0])
			continue;
		/* In a variable's first bytes; a slab's address is near nothing. */
		if (k->name[0] && k->offset < 4096)
			snprintf(row->name, sizeof(row->name), k->offset ? "%s+0x%" PRIx64 : "%s", k->name, k->offset);
		else
			snprintf(row->name, sizeof(row->name), "0x%" PRIx64, row->lock);
	}
}

/* ---- showing ------------------------------------------------------------------------------------- */

static bool is_plumbing(const char *name)
{
	static const char *const prefixes[] = { "bpf_", "__bpf_", "__traceiter_", "__probestub_", "trace_",
						"___bpf_" };

	for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return !*name;
}

static void show_stack(struct out *out, const struct row *row, const struct kernel_name *k)
{
	_cleanup_(text_deinit) struct text t = { 0 };
	unsigned shown = 0;

	for (unsigned i = 0; i < row->stack_len && (out->is_json || shown < STACK_SHOWN); i++) {
		/* The way from the lock's function to our program is of no interest. */
		if (!shown && is_plumbing(k[i].name))
			continue;
		text_printf(&t, "%s%s", shown++ ? " < " : "", k[i].name[0] ? k[i].name : "?");
	}
	out_str(out, ROLE_SYMBOL, "stack", 0, text_str(&t));
}

static void show_row(const struct probe_run *run, struct out *out, const struct row *row,
		     const struct kernel_name *names)
{
	out_begin(out, "lock");
	out_str(out, ROLE_MNEMONIC, "lock", 28, row->name);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "kind", 9, kind_name(row->flags));
	out_hidden_hex(out, "addr", row->lock);
	out_dec(out, ROLE_NUMBER, "count", 9, row->wait.count);
	out_dec(out, ROLE_NUMBER, "threads", 8, row->waiters);
	probe_out_time(out, "total_ns", row->wait.total);
	probe_out_time(out, "p50_ns", hist_quantile(&row->wait, 500));
	probe_out_time(out, "p99_ns", hist_quantile(&row->wait, 990));
	probe_out_time(out, "max_ns", row->wait.max);
	out_nl(out);
	out_text(out, ROLE_DIM, "    longest: thread ");
	out_dec(out, ROLE_NUMBER, "longest_tid", 0, row->longest_tid);
	if (row->owner) {
		out_text(out, ROLE_DIM, " behind ");
		out_dec(out, ROLE_NUMBER, "owner_tid", 0, row->owner);
	}
	out_text(out, ROLE_DIM, " in ");
	show_stack(out, row, names + 1);
	probe_out_hist(out, "from_ns", &row->wait);
	out_end(out);
}

static struct error *show(struct probe_run *run, struct out *out)
{
	uint64_t unkept = probe_run_hits(run, LOCK_PART_UNKEPT);
	_free_ struct kernel_name *names = NULL;
	struct error *error;
	row_list rows = { 0 };

	read_rows(run, &rows);
	error = name_kvm(run, &rows);
	if (rows.len)
		qsort(rows.data, rows.len, sizeof(*rows.data), by_total);
	names = xcalloc(rows.len * (1 + LOCK_STACK) + 1, sizeof(*names));
	if (!error)
		name_symbols(&rows, names);
	if (!error && !rows.len)
		out_message(out, ROLE_TEXT, "no thread had to wait for a lock of the kernel");
	if (!error && rows.len && !out->is_json) {
		out_text(out, ROLE_HEADING, "%-28s %-9s%9s%8s %11s %11s %11s %11s", "lock", "kind", "waits", "threads",
			 "total", "p50", "p99", "max");
		out_nl(out);
	}
	for (size_t i = 0; i < rows.len && !error; i++)
		show_row(run, out, &rows.data[i], &names[i * (1 + LOCK_STACK)]);
	if (unkept)
		out_message(out, ROLE_WARN, "%" PRIu64 " waits had no place in the table of %d: not in these sums",
			    unkept, LOCK_ENTRIES);
	vec_free(&rows);
	return error;
}

const struct probe probe_locks = {
	.name = "locks",
	.summary = "waits for locks of the kernel: by lock, with owner and stack of the longest",
	.help = "Contention only: a lock that is taken at once is not seen, and neither is how long it\n"
		"is held. Locks of KVM's VMs and vCPUs are named by the object they are in.",
	.parts = {
		[LOCK_PART_CONTENTION] = {
			.name = "contention", .shows = "waits for contended locks", .required = true,
			.rungs = {
				{ "tp_btf", "contention_begin and contention_end",
				  { "btf_contention_begin", "btf_contention_end" } },
				{ "raw_tp", "contention_begin and contention_end",
				  { "raw_contention_begin", "raw_contention_end" } },
			},
		},
		[LOCK_PART_NAMES] = {
			.name = "names", .shows = "names of KVM's locks",
			.rungs = { { "iter", "task_file", { "iter_objects" } } },
		},
	},
	.show = show,
};

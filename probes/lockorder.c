/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `lockorder`: in which order the kernel's locks are taken, and what is wrong with it. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/session/session.h"
#include "probes/bpf/lockorder.h"
#include "probes/kallsyms.h"
#include "probes/lock_held.h"
#include "probes/lock_names.h"
#include "probes/lockdep.h"
#include "probes/probe.h"
#include "probes/show.h"
#include "probes/vcpus.h"

#define EDGES_MAX 65536
#define REFRESH_NS (200ull * 1000 * 1000)
#define POLL_NS (1000ull * 1000 * 1000)
#define STACK_SHOWN 6
#define HOLDERS_MAX 32

/* A pair as the kernel told of it. Which VM its locks are of may only be known later. */
struct raw_edge {
	uint64_t time_ns;
	uint32_t tid;
	bool named[2];		/* held, taken */
	struct order_edge e;
};

struct state {
	struct probe_run *run;
	struct lockdep *deps;
	struct lock_names *names;
	VEC(struct raw_edge) edges;
	size_t unnamed;		/* edges with a lock that may get a name yet */
	uint64_t dropped;	/* edges beyond EDGES_MAX */
	const struct raw_edge *now; /* being added: what a finding is about */
};

/* What frames of a stack are looked up for. */
struct frames {
	struct kernel_name *names;
	size_t n;
};

/* ---- findings as events -------------------------------------------------------------------------- */

struct violation {		/* struct ev_violation of the object */
	uint32_t kind, cycle, thread, pad;
	char rule[8];
	char held[40];
	char taken[40];
};

_Static_assert(sizeof(struct violation) % 8 == 0, "an event's size is a multiple of 8");

static void on_finding(void *ctx, const struct lockdep_finding *f)
{
	struct state *st = ctx;
	const struct lockdep_edge *e = lockdep_edge_at(st->deps, f->edge);
	const struct schema *schema = event_store_schema_by_name(st->run->store, "lockorder.violation");
	struct violation v = { .kind = f->kind, .cycle = f->npath + (f->kind == LOCKDEP_CYCLE),
			       .thread = e->inner_site.tid };
	union {
		struct event event;
		uint8_t bytes[sizeof(struct event) + sizeof(struct violation)];
	} u = { 0 };
	unsigned vcpu = EVENT_NO_VCPU;

	if (!schema)
		return;
	snprintf(v.rule, sizeof(v.rule), "%s", f->rule ? f->rule->id : "");
	snprintf(v.held, sizeof(v.held), "%.39s", lockdep_class_name(st->deps, e->outer));
	snprintf(v.taken, sizeof(v.taken), "%.39s", lockdep_class_name(st->deps, e->inner));
	vcpus_find(st->run->session, (pid_t)e->inner_site.tid, &vcpu);
	u.event = (struct event){
		.time_ns = e->inner_site.time_ns, .schema = schema->id, .size = sizeof(u), .cpu = UINT32_MAX,
		.tid = e->inner_site.tid, .vm = vcpu != EVENT_NO_VCPU, .vcpu = (uint16_t)vcpu,
		.payload_len = sizeof(v),
	};
	memcpy(u.event.payload, &v, sizeof(v));
	event_store_put(st->run->store, &u.event);
}

/* ---- edges --------------------------------------------------------------------------------------- */

/* The lock's class, or its address where it has no name. True: it has one. */
static bool describe(const struct state *st, uint64_t addr, struct lockdep_lock *lock, char *buf, size_t size)
{
	const struct lock_object *o = lock_names_find(st->names, addr);

	lock->addr = addr;
	snprintf(buf, size, "0x%" PRIx64, addr);
	if (o) {
		snprintf(buf, size, "%s", o->name);
		/* All VMs of a process share its mmap_lock. */
		lock->group = strcmp(o->name, "mmap_lock") ? o->kvm : 0;
	}
	lock->class = buf;
	return o;
}

static void add_edge(struct state *st, struct raw_edge *raw)
{
	struct lockdep_lock held = { .mode = raw->e.held_mode }, taken = { .mode = raw->e.taken_mode };
	struct lockdep_site held_site = { .time_ns = raw->e.held_ns, .tid = raw->tid };
	struct lockdep_site site = { .time_ns = raw->time_ns, .tid = raw->tid };
	char held_name[LOCKDEP_NAME], taken_name[LOCKDEP_NAME];

	raw->named[0] = describe(st, raw->e.held, &held, held_name, sizeof(held_name));
	raw->named[1] = describe(st, raw->e.taken, &taken, taken_name, sizeof(taken_name));
	/* An SRCU domain that nobody knows may be one that interrupts read, on top of anything. */
	if ((!raw->named[0] && held.mode == LOCKDEP_RECURSIVE) || (!raw->named[1] && taken.mode == LOCKDEP_RECURSIVE))
		return;
	for (unsigned i = 0; i < ORDER_SITE && raw->e.held_stack[i]; i++)
		held_site.stack[held_site.nstack++] = raw->e.held_stack[i];
	for (unsigned i = 0; i < ORDER_STACK && i < raw->e.nstack; i++)
		site.stack[site.nstack++] = raw->e.stack[i];
	st->now = raw;
	lockdep_edge(st->deps, &held, &held_site, &taken, &site);
	st->now = NULL;
}

static bool is_named(const struct raw_edge *raw)
{
	return raw->named[0] && raw->named[1];
}

/* A VM's locks are known once its files are: pairs that had no names are judged again. */
static void name_again(struct state *st, uint64_t min_ns)
{
	if (!st->unnamed || !lock_names_refresh(st->names, st->run, min_ns))
		return;
	st->unnamed = 0;
	for (size_t i = 0; i < st->edges.len; i++) {
		struct raw_edge *raw = &st->edges.data[i];
		bool changed;

		if (is_named(raw))
			continue;
		changed = (!raw->named[0] && lock_names_find(st->names, raw->e.held)) ||
			  (!raw->named[1] && lock_names_find(st->names, raw->e.taken));
		if (changed)
			add_edge(st, raw);
		st->unnamed += !is_named(raw);
	}
}

static bool only_contended(const struct probe_run *run)
{
	int rung = run->chosen[ORDER_PART_SLEEPING];

	return rung >= 0 && !strcmp(run->probe->parts[ORDER_PART_SLEEPING].rungs[rung].kind, "tp_btf");
}

/* Tells the programs whose owners to look at. */
static void watch_mutexes(struct state *st)
{
	int fd = bpf_object__find_map_fd_by_name(st->run->obj, "watched");
	uint64_t addrs[ORDER_WATCHED] = { 0 };

	if (fd < 0 || !only_contended(st->run))
		return;
	lock_names_mutexes(st->names, addrs, ORDER_WATCHED - 1);
	for (uint32_t i = 0; i < ORDER_WATCHED; i++)
		bpf_map_update_elem(fd, &i, &addrs[i], BPF_ANY);
}

static void refresh(struct state *st, uint64_t min_ns)
{
	if (lock_names_refresh(st->names, st->run, min_ns))
		watch_mutexes(st);
}

static struct state *state_of(struct probe_run *run)
{
	struct state *st = run->data;

	if (st)
		return st;
	st = xcalloc(1, sizeof(*st));
	st->run = run;
	st->deps = lockdep_create();
	st->names = lock_names_create();
	lockdep_set_report(st->deps, on_finding, st);
	run->data = st;
	refresh(st, 0);
	return st;
}

static void on_event(struct probe_run *run, const struct event *event, const struct schema *schema)
{
	struct state *st = state_of(run);
	struct raw_edge raw = { .time_ns = event->time_ns, .tid = event->tid };

	if (strcmp(schema->name, "lockorder.edge") || event->payload_len < sizeof(raw.e))
		return;
	memcpy(&raw.e, event->payload, sizeof(raw.e));
	raw.e.held_ns = event->time_ns - raw.e.held_ns; /* the event has for how long */
	if (st->edges.len == EDGES_MAX) {
		st->dropped++;
		return;
	}
	if (!lock_names_find(st->names, raw.e.held) || !lock_names_find(st->names, raw.e.taken))
		refresh(st, REFRESH_NS);
	add_edge(st, &raw);
	st->unnamed += !is_named(&raw);
	vec_push(&st->edges, raw);
	name_again(st, REFRESH_NS);
}

/* Objects come and go; without functions to watch, what to look at has to be looked up. */
static void poll(struct probe_run *run)
{
	struct state *st = state_of(run);

	if (only_contended(run))
		refresh(st, POLL_NS);
}

static void end(struct probe_run *run)
{
	struct state *st = run->data;

	if (!st)
		return;
	lockdep_destroy(st->deps);
	lock_names_destroy(st->names);
	vec_free(&st->edges);
	free(st);
}

/* ---- showing ------------------------------------------------------------------------------------- */

static bool is_plumbing(const char *name)
{
	static const char *const prefixes[] = { "bpf_", "__bpf_", "___bpf_", "kprobe_", "ftrace_", "opt_pre_handler",
						"arch_ftrace", "aggr_pre", "optimized_callback", "kretprobe",
						"__kretprobe", "arch_rethook" };

	for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (!strncmp(name, prefixes[i], strlen(prefixes[i])))
			return true;
	return !*name;
}

static const struct kernel_name *frame_of(const struct frames *f, uint64_t addr)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->names[i].addr == addr)
			return &f->names[i];
	return NULL;
}

static void show_site(struct out *out, const char *name, const struct frames *frames, const struct lockdep_site *site)
{
	_cleanup_(text_deinit) struct text t = { 0 };
	unsigned shown = 0;

	for (uint32_t i = 0; i < site->nstack && (out->is_json || shown < STACK_SHOWN); i++) {
		const struct kernel_name *k = frame_of(frames, site->stack[i]);

		if (!shown && (!k || is_plumbing(k->name)))
			continue;
		text_printf(&t, "%s%s", shown++ ? " < " : "", k && k->name[0] ? k->name : "?");
	}
	out_str(out, ROLE_SYMBOL, name, 0, shown ? text_str(&t) : "(no stack)");
}

static void show_edge(const struct state *st, struct out *out, const struct frames *frames, uint32_t i,
		      const char *held_word, const char *taken_word)
{
	const struct lockdep_edge *e = lockdep_edge_at(st->deps, i);

	out_text(out, ROLE_DIM, "    %s ", held_word);
	out_str(out, ROLE_MNEMONIC, "held", 0, lockdep_class_name(st->deps, e->outer));
	out_text(out, ROLE_DIM, " in ");
	show_site(out, "held_stack", frames, &e->outer_site);
	out_nl(out);
	out_text(out, ROLE_DIM, "    %s ", taken_word);
	out_str(out, ROLE_MNEMONIC, "taken", 0, lockdep_class_name(st->deps, e->inner));
	out_text(out, ROLE_DIM, " in ");
	show_site(out, "taken_stack", frames, &e->inner_site);
	out_text(out, ROLE_DIM, ", thread ");
	out_dec(out, ROLE_NUMBER, "tid", 0, e->inner_site.tid);
}

static void show_finding(const struct state *st, struct out *out, const struct frames *frames,
			 const struct lockdep_finding *f)
{
	static const char *const kinds[] = { [LOCKDEP_ORDER] = "order", [LOCKDEP_CYCLE] = "cycle", [LOCKDEP_SELF] = "self" };
	char text[512];

	lockdep_sentence(st->deps, f, text, sizeof(text));
	out_begin(out, "violation");
	out_hidden_str(out, "kind", kinds[f->kind]);
	out_hidden_str(out, "rule", f->rule ? f->rule->id : "");
	out_text(out, ROLE_ERROR, "%s: ", f->kind == LOCKDEP_CYCLE ? "CYCLE" : "LOCK ORDER");
	out_str(out, ROLE_ERROR, "text", 0, text);
	out_nl(out);
	show_edge(st, out, frames, f->edge, "with ", "taken");
	out_list(out, "path");
	for (uint32_t i = 0; i < f->npath && i < ARRAY_SIZE(f->path); i++) {
		out_nl(out);
		out_begin(out, "path");
		show_edge(st, out, frames, f->path[i], "and  ", "taken");
		out_end(out);
	}
	out_list_end(out);
	out_end(out);
}

static bool has_name(const char *class)
{
	return strncmp(class, "0x", 2);
}

/* The graph: what is taken inside what. Pairs of locks that nobody can name are only counted. */
static void show_graph(const struct state *st, struct out *out, const struct frames *frames)
{
	unsigned hidden = 0, shown = 0;

	for (uint32_t i = 0; i < lockdep_nedges(st->deps); i++) {
		const struct lockdep_edge *e = lockdep_edge_at(st->deps, i);
		const char *outer = lockdep_class_name(st->deps, e->outer), *inner = lockdep_class_name(st->deps, e->inner);
		const char *state = e->rule ? e->rule->id : e->in_cycle ? "in a cycle" : "ok";

		if (!out->is_json && (!has_name(outer) || !has_name(inner))) {
			hidden++;
			continue;
		}
		if (!shown++ && !out->is_json) {
			out_text(out, ROLE_HEADING, "%-32s    %-32s order", "held", "taken inside");
			out_nl(out);
		}
		out_begin(out, "order");
		out_str(out, ROLE_MNEMONIC, "held", 32, outer);
		out_text(out, ROLE_DIM, " -> ");
		out_str(out, ROLE_MNEMONIC, "taken", 32, inner);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, e->rule || e->in_cycle ? ROLE_ERROR : ROLE_GOOD, "state", 0, state);
		out_hidden_dec(out, "tid", e->inner_site.tid);
		if (out->is_json) {
			show_site(out, "held_stack", frames, &e->outer_site);
			show_site(out, "taken_stack", frames, &e->inner_site);
		}
		out_end(out);
	}
	if (hidden)
		out_message(out, ROLE_DIM, "and %u pairs with locks that have no name, which are checked for cycles, too",
			    hidden);
}

static void add_frames(struct frames *f, size_t *cap, const struct lockdep_site *site)
{
	for (uint32_t i = 0; i < site->nstack; i++) {
		if (frame_of(f, site->stack[i]))
			continue;
		if (f->n == *cap) {
			*cap = *cap ? *cap * 2 : 64;
			f->names = xrealloc(f->names, *cap * sizeof(*f->names));
		}
		f->names[f->n++] = (struct kernel_name){ .addr = site->stack[i] };
	}
}

/* Only of what is shown: a look into the list of symbols for each would take longer than the rest. */
static void find_frames(const struct state *st, bool all, struct frames *ret)
{
	size_t cap = 0;

	for (uint32_t i = 0; i < lockdep_nedges(st->deps); i++) {
		const struct lockdep_edge *e = lockdep_edge_at(st->deps, i);

		if (!all && !e->rule && !e->in_cycle && e->outer != e->inner)
			continue;
		add_frames(ret, &cap, &e->outer_site);
		add_frames(ret, &cap, &e->inner_site);
	}
	if (ret->n)
		kallsyms_resolve(NULL, ret->names, ret->n);
}

static void name_lock(const struct state *st, uint64_t addr, char *buf, size_t size)
{
	const struct lock_object *o = lock_names_find(st->names, addr);

	if (o)
		lock_names_text(o, buf, size);
	else
		snprintf(buf, size, "0x%" PRIx64, addr);
}

static void show_held(const struct state *st, struct out *out, const struct frames *frames, uint32_t tid,
		      const struct held *h)
{
	struct vcpu_thread thread = { .tid = (pid_t)tid, .vcpu = -1 };

	out_begin(out, "holds");
	out_text(out, ROLE_DIM, "holds: ");
	vcpus_out(st->run, out, &thread);
	out_list(out, "locks");
	for (uint32_t i = 0; i < h->depth && i < HELD_MAX; i++) {
		struct lockdep_site site = { 0 };
		char name[64];

		for (; site.nstack < ORDER_SITE && h->locks[i].site[site.nstack]; site.nstack++)
			site.stack[site.nstack] = h->locks[i].site[site.nstack];
		name_lock(st, h->locks[i].lock, name, sizeof(name));
		out_text(out, ROLE_TEXT, i ? " > " : " ");
		out_begin(out, "lock");
		out_str(out, ROLE_MNEMONIC, "lock", 0, name);
		out_text(out, ROLE_DIM, " in ");
		show_site(out, "site", frames, &site);
		out_hidden_dec(out, "since_ns", h->locks[i].since_ns);
		out_end(out);
	}
	out_list_end(out);
	out_end(out);
}

/* What threads hold at this moment, as far as it is followed. */
static void show_holders(struct state *st, struct out *out)
{
	int fd = bpf_object__find_map_fd_by_name(st->run->obj, "helds");
	struct held *held = xcalloc(HOLDERS_MAX, sizeof(*held));
	uint32_t tids[HOLDERS_MAX], tid, *prev = NULL;
	struct frames frames = { 0 };
	size_t n = 0, cap = 0;

	while (n < HOLDERS_MAX && bpf_map_get_next_key(fd, prev, &tid) == 0) {
		tids[n] = tid;
		prev = &tids[n];
		if (bpf_map_lookup_elem(fd, &tid, &held[n]) || !held[n].depth)
			continue;
		for (uint32_t i = 0; i < held[n].depth && i < HELD_MAX; i++)
			add_frames(&frames, &cap, &(struct lockdep_site){
				.nstack = ORDER_SITE, .stack = { held[n].locks[i].site[0], held[n].locks[i].site[1],
								 held[n].locks[i].site[2], held[n].locks[i].site[3] } });
		n++;
	}
	if (frames.n)
		kallsyms_resolve(NULL, frames.names, frames.n);
	for (size_t i = 0; i < n; i++)
		show_held(st, out, &frames, tids[i], &held[i]);
	free(frames.names);
	free(held);
}

static struct error *show(struct probe_run *run, struct out *out)
{
	uint64_t deep = probe_run_hits(run, ORDER_PART_DEEP), unkept = probe_run_hits(run, ORDER_PART_UNKEPT);
	struct state *st = state_of(run);
	struct frames frames = { 0 };
	uint32_t n;

	name_again(st, 0);
	n = lockdep_nfindings(st->deps);
	find_frames(st, out->is_json, &frames);
	for (uint32_t i = 0; i < n; i++)
		show_finding(st, out, &frames, lockdep_finding_at(st->deps, i));
	if (!n)
		out_message(out, ROLE_GOOD, "no lock was taken against the order: %" PRIu64 " taken, %u pairs of classes",
			    probe_run_hits(run, ORDER_PART_TAKEN), lockdep_nedges(st->deps));
	show_graph(st, out, &frames);
	if (!only_contended(run))
		show_holders(st, out);
	if (only_contended(run))
		out_message(out, ROLE_WARN, "contended takes only: this kernel lets no program onto its lock functions");
	free(frames.names);
	if (deep || unkept || st->dropped || lockdep_unkept(st->deps))
		out_message(out, ROLE_WARN, "not followed: %" PRIu64 " locks of threads that hold more than %d, %" PRIu64
			    " of threads beyond the table, %" PRIu64 " pairs", deep, ORDER_HELD, unkept,
			    st->dropped + lockdep_unkept(st->deps));
	return NULL;
}

const struct probe probe_lockorder = {
	.name = "lockorder",
	.summary = "order in which locks are taken: cycles, and what KVM's rules forbid",
	.help = "Sleeping locks (mutexes, semaphores, SRCU). A lock taken with another held is an edge\n"
		"between their classes; one edge against KVM's documented order (locking.rst) is told\n"
		"at once, before any cycle exists; a cycle is told when its last edge appears, the\n"
		"deadlock itself need not happen. Each finding is an event, lockorder.violation.\n"
		"Spinning locks are not followed: their release is inlined, so it can not be seen.",
	.parts = {
		[ORDER_PART_SLEEPING] = {
			.name = "sleeping", .shows = "mutexes and semaphores", .required = true,
			.rungs = {
				{ "fentry", "mutex_lock, down_read, down_write and what is near them",
				  { HELD_SLEEPING("fentry_", "fexit_") } },
				{ "kprobe", "mutex_lock, down_read, down_write and what is near them",
				  { HELD_SLEEPING("kprobe_", "kretprobe_") } },
				{ "tp_btf", "contention_begin: takes that have to wait, by the owners of KVM's mutexes",
				  { "btf_contended" } },
			},
		},
		[ORDER_PART_SRCU] = {
			.name = "srcu", .shows = "readers of kvm->srcu and who waits for them",
			.rungs = {
				{ "fentry", "__srcu_read_lock, synchronize_srcu",
				  { HELD_SRCU("fentry_"), "?fentry_synchronize_srcu", "?fentry_synchronize_srcu_expedited" } },
				{ "kprobe", "__srcu_read_lock, synchronize_srcu",
				  { HELD_SRCU("kprobe_"), "?kprobe_synchronize_srcu", "?kprobe_synchronize_srcu_expedited" } },
			},
		},
		[ORDER_PART_NAMES] = {
			.name = "names", .shows = "names of KVM's locks, without which no rule can be checked",
			.rungs = { { "iter", "task_file", { LOCK_NAMES_ITERATOR } } },
		},
	},
	.show = show,
	.on_event = on_event,
	.poll = poll,
	.end = end,
};

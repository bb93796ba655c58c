/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lockdep.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"

#define CHAINS_MAX (1u << 20)
#define PATH_MAX_EDGES 16

static const struct lockdep_rule rules[] = {
#define ORDER(id, outer, inner, text) { id, inner, outer, text },
#define FORBID(id, held, taken, text) { id, held, taken, text },
#include "probes/lock_rules.def"
#undef ORDER
#undef FORBID
};

struct hold {
	uint32_t class;
	struct lockdep_lock lock;	/* its class name is not kept */
	struct lockdep_site site;
};

struct task {
	uint32_t tid, depth;
	struct hold held[LOCKDEP_HELD_MAX];
};

struct class {
	char name[LOCKDEP_NAME];
	VEC(uint32_t) out;	/* edges that start here */
};

struct lockdep {
	VEC(struct class) classes;
	VEC(struct lockdep_edge) edges;
	VEC(struct task *) tasks;
	VEC(struct lockdep_finding) findings;
	uint64_t *chains;	/* hashes of sequences that were looked at; 0: free */
	uint32_t nchains, chain_slots;
	uint64_t cached, unkept;
	void (*report)(void *ctx, const struct lockdep_finding *f);
	void *ctx;
};

struct lockdep *lockdep_create(void)
{
	return xcalloc(1, sizeof(struct lockdep));
}

void lockdep_destroy(struct lockdep *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->classes.len; i++)
		vec_free(&l->classes.data[i].out);
	for (size_t i = 0; i < l->tasks.len; i++)
		free(l->tasks.data[i]);
	vec_free(&l->classes);
	vec_free(&l->edges);
	vec_free(&l->tasks);
	vec_free(&l->findings);
	free(l->chains);
	free(l);
}

void lockdep_set_report(struct lockdep *l, void (*report)(void *ctx, const struct lockdep_finding *f), void *ctx)
{
	l->report = report;
	l->ctx = ctx;
}

/* ---- classes and edges --------------------------------------------------------------------------- */

/* -1: no room. */
static int class_of(struct lockdep *l, const char *name)
{
	struct class fresh = { 0 };

	for (size_t i = 0; i < l->classes.len; i++)
		if (!strncmp(l->classes.data[i].name, name, LOCKDEP_NAME - 1))
			return (int)i;
	if (l->classes.len == LOCKDEP_CLASSES_MAX) {
		l->unkept++;
		return -1;
	}
	snprintf(fresh.name, sizeof(fresh.name), "%s", name);
	vec_push(&l->classes, fresh);
	return (int)l->classes.len - 1;
}

static int find_edge(const struct lockdep *l, uint32_t outer, uint32_t inner)
{
	const struct class *c = &l->classes.data[outer];

	for (size_t i = 0; i < c->out.len; i++)
		if (l->edges.data[c->out.data[i]].inner == inner)
			return (int)c->out.data[i];
	return -1;
}

/*
 * Kinds of an edge, as in the kernel: is the outer lock held exclusively (E) or shared (S), is the inner
 * one taken recursively (R: it waits for no reader) or not (N). A way is no deadlock when it enters a lock
 * by R and leaves it by S: both are readers there.
 */
enum { KIND_EN = 1, KIND_ER = 2, KIND_SN = 4, KIND_SR = 8 };

static uint8_t kind_of(enum lockdep_mode outer, enum lockdep_mode inner)
{
	if (outer == LOCKDEP_WRITE)
		return inner == LOCKDEP_RECURSIVE ? KIND_ER : KIND_EN;
	return inner == LOCKDEP_RECURSIVE ? KIND_SR : KIND_SN;
}

/* ---- cycles -------------------------------------------------------------------------------------- */

/* A lock on the way, and how the way entered it. */
struct step {
	uint32_t class;
	bool recursive;
	int edge, from;		/* by that edge, from that step; -1: the start */
};

/* Fewest edges from the inner class of @start back to its outer one (breadth first), as a way that can
 * deadlock together with @kind of that edge. */
static bool shortest_cycle(const struct lockdep *l, uint32_t start, uint8_t kind, struct lockdep_finding *ret)
{
	const struct lockdep_edge *first = &l->edges.data[start];
	uint8_t *seen = xcalloc(l->classes.len, 1);
	VEC(struct step) steps = { 0 };
	int end = -1;

	vec_push(&steps, (struct step){ first->inner, kind & (KIND_ER | KIND_SR), -1, -1 });
	seen[first->inner] |= steps.data[0].recursive ? 2 : 1;
	for (size_t at = 0; at < steps.len && end < 0; at++) {
		struct step s = steps.data[at];
		const struct class *c = &l->classes.data[s.class];

		for (size_t i = 0; i < c->out.len && end < 0; i++) {
			const struct lockdep_edge *e = &l->edges.data[c->out.data[i]];
			uint8_t kinds = s.recursive ? e->kinds & (KIND_EN | KIND_ER) : e->kinds;
			/* To get there by N is worth more: all goes on from there. */
			bool recursive = !(kinds & (KIND_EN | KIND_SN));

			if (!kinds || seen[e->inner] & (recursive ? 3 : 1))
				continue;
			if (e->inner == first->outer && recursive && kind & (KIND_SN | KIND_SR))
				continue;
			seen[e->inner] |= recursive ? 2 : 1;
			vec_push(&steps, (struct step){ e->inner, recursive, (int)c->out.data[i], (int)at });
			if (e->inner == first->outer)
				end = (int)steps.len - 1;
		}
	}
	ret->npath = 0;
	for (int at = end; at > 0; at = steps.data[at].from)
		ret->npath++;
	for (int at = end, n = (int)ret->npath; at > 0; at = steps.data[at].from)
		if (--n < PATH_MAX_EDGES)
			ret->path[n] = (uint32_t)steps.data[at].edge;
	vec_free(&steps);
	free(seen);
	return end >= 0;
}

/* ---- findings ------------------------------------------------------------------------------------ */

static void found(struct lockdep *l, const struct lockdep_finding *f)
{
	vec_push(&l->findings, *f);
	if (l->report)
		l->report(l->ctx, f);
}

static void check_rules(struct lockdep *l, uint32_t edge)
{
	struct lockdep_edge *e = &l->edges.data[edge];
	const char *held = l->classes.data[e->outer].name, *taken = l->classes.data[e->inner].name;

	for (size_t i = 0; i < ARRAY_SIZE(rules) && !e->rule && e->same_group; i++) {
		if (strcmp(rules[i].held, held) || strcmp(rules[i].taken, taken))
			continue;
		e->rule = &rules[i];
		found(l, &(struct lockdep_finding){ .kind = LOCKDEP_ORDER, .rule = e->rule, .edge = edge });
	}
}

static void check_cycle(struct lockdep *l, uint32_t edge, uint8_t kind)
{
	struct lockdep_finding f = { .kind = LOCKDEP_CYCLE, .edge = edge };

	if (l->edges.data[edge].in_cycle || !shortest_cycle(l, edge, kind, &f))
		return;
	l->edges.data[edge].in_cycle = true;
	for (uint32_t i = 0; i < f.npath && i < PATH_MAX_EDGES; i++)
		l->edges.data[f.path[i]].in_cycle = true;
	found(l, &f);
}

static void add_edge(struct lockdep *l, uint32_t outer, uint32_t inner, uint8_t kind, bool same_group,
		     const struct lockdep_site *outer_site, const struct lockdep_site *inner_site)
{
	int edge = find_edge(l, outer, inner);
	bool new_kind, new_group;

	if (edge < 0 && l->edges.len == LOCKDEP_EDGES_MAX) {
		l->unkept++;
		return;
	}
	if (edge < 0) {
		edge = (int)l->edges.len;
		vec_push(&l->edges, (struct lockdep_edge){
			.outer = outer, .inner = inner, .outer_site = *outer_site, .inner_site = *inner_site,
		});
		vec_push(&l->classes.data[outer].out, (uint32_t)edge);
	}
	new_kind = !(l->edges.data[edge].kinds & kind);
	new_group = same_group && !l->edges.data[edge].same_group;
	l->edges.data[edge].kinds |= kind;
	l->edges.data[edge].same_group |= same_group;
	l->edges.data[edge].count++;
	if (new_kind || new_group)
		check_rules(l, (uint32_t)edge);
	if (new_kind)
		check_cycle(l, (uint32_t)edge, kind);
}

/* Two of one class: the same one again never ends; others are a convention (all vCPUs of a VM under
 * kvm->lock) that is not ours to judge. */
static void check_self(struct lockdep *l, uint32_t class, const struct lockdep_lock *outer,
		       const struct lockdep_site *outer_site, const struct lockdep_lock *inner,
		       const struct lockdep_site *inner_site)
{
	struct lockdep_edge e = { .outer = class, .inner = class, .kinds = kind_of(outer->mode, inner->mode),
				  .count = 1, .outer_site = *outer_site, .inner_site = *inner_site };

	if (outer->addr != inner->addr || (outer->mode == LOCKDEP_RECURSIVE && inner->mode == LOCKDEP_RECURSIVE))
		return;
	for (size_t i = 0; i < l->findings.len; i++)
		if (l->findings.data[i].kind == LOCKDEP_SELF && l->edges.data[l->findings.data[i].edge].outer == class)
			return;
	if (l->edges.len == LOCKDEP_EDGES_MAX)
		return;
	vec_push(&l->edges, e);
	found(l, &(struct lockdep_finding){ .kind = LOCKDEP_SELF, .edge = (uint32_t)l->edges.len - 1 });
}

void lockdep_edge(struct lockdep *l, const struct lockdep_lock *outer, const struct lockdep_site *outer_site,
		  const struct lockdep_lock *inner, const struct lockdep_site *inner_site)
{
	int a = class_of(l, outer->class), b = class_of(l, inner->class);

	if (a < 0 || b < 0 || inner->try)
		return;
	if (a == b) {
		check_self(l, (uint32_t)a, outer, outer_site, inner, inner_site);
		return;
	}
	add_edge(l, (uint32_t)a, (uint32_t)b, kind_of(outer->mode, inner->mode),
		 !outer->group || !inner->group || outer->group == inner->group, outer_site, inner_site);
}

/* ---- streams ------------------------------------------------------------------------------------- */

static struct task *task_of(struct lockdep *l, uint32_t tid, bool create)
{
	struct task *t;

	for (size_t i = 0; i < l->tasks.len; i++)
		if (l->tasks.data[i]->tid == tid)
			return l->tasks.data[i];
	if (!create)
		return NULL;
	if (l->tasks.len == LOCKDEP_TASKS_MAX) {
		l->unkept++;
		return NULL;
	}
	t = xcalloc(1, sizeof(*t));
	t->tid = tid;
	vec_push(&l->tasks, t);
	return t;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

/* What is held and what comes, with groups: a rule is about locks of one VM. */
static uint64_t chain_hash(const struct task *t, uint32_t class, const struct lockdep_lock *lock)
{
	uint64_t h = 1;

	for (uint32_t i = 0; i < t->depth; i++)
		h = mix(mix(h, t->held[i].class * 4 + t->held[i].lock.mode), t->held[i].lock.group ^
			(t->held[i].lock.addr == lock->addr));
	h = mix(mix(h, class * 4 + lock->mode), lock->group);
	return h ? h : 1;
}

/* True: this sequence was looked at before. */
static bool chain_known(struct lockdep *l, uint64_t h)
{
	uint32_t at;

	if ((l->nchains + 1) * 2 > l->chain_slots && l->chain_slots < CHAINS_MAX) {
		uint32_t slots = l->chain_slots ? l->chain_slots * 2 : 1024;

		/* A cache may forget; what is looked at again finds no new edge. */
		free(l->chains);
		l->chains = xcalloc(slots, sizeof(*l->chains));
		l->chain_slots = slots;
		l->nchains = 0;
	}
	for (at = h & (l->chain_slots - 1); l->chains[at]; at = (at + 1) & (l->chain_slots - 1))
		if (l->chains[at] == h)
			return true;
	if (l->nchains + 1 < l->chain_slots) {
		l->chains[at] = h;
		l->nchains++;
	}
	return false;
}

void lockdep_acquire(struct lockdep *l, uint32_t tid, const struct lockdep_lock *lock,
		     const struct lockdep_site *site)
{
	struct task *t = task_of(l, tid, true);
	int class = class_of(l, lock->class);

	if (!t || class < 0)
		return;
	if (!lock->try && t->depth) {
		if (chain_known(l, chain_hash(t, (uint32_t)class, lock))) {
			l->cached++;
		} else {
			for (uint32_t i = t->depth; i-- > 0;) {
				struct lockdep_lock outer = t->held[i].lock;

				/* The names may have moved: the list of classes grows. */
				outer.class = l->classes.data[t->held[i].class].name;
				lockdep_edge(l, &outer, &t->held[i].site, lock, site);
			}
		}
	}
	if (t->depth == LOCKDEP_HELD_MAX) {
		l->unkept++;
		return;
	}
	t->held[t->depth] = (struct hold){ .class = (uint32_t)class, .lock = *lock, .site = *site };
	t->held[t->depth++].lock.class = NULL;
}

bool lockdep_release(struct lockdep *l, uint32_t tid, uint64_t addr)
{
	struct task *t = task_of(l, tid, false);

	for (uint32_t i = t ? t->depth : 0; i-- > 0;) {
		if (t->held[i].lock.addr != addr)
			continue;
		memmove(&t->held[i], &t->held[i + 1], (t->depth - i - 1) * sizeof(t->held[0]));
		t->depth--;
		return true;
	}
	return false;
}

void lockdep_task_gone(struct lockdep *l, uint32_t tid)
{
	for (size_t i = 0; i < l->tasks.len; i++) {
		if (l->tasks.data[i]->tid != tid)
			continue;
		free(l->tasks.data[i]);
		vec_remove(&l->tasks, i);
		return;
	}
}

/* ---- looking ------------------------------------------------------------------------------------- */

uint32_t lockdep_nclasses(const struct lockdep *l)
{
	return (uint32_t)l->classes.len;
}

const char *lockdep_class_name(const struct lockdep *l, uint32_t id)
{
	return l->classes.data[id].name;
}

uint32_t lockdep_nedges(const struct lockdep *l)
{
	return (uint32_t)l->edges.len;
}

const struct lockdep_edge *lockdep_edge_at(const struct lockdep *l, uint32_t i)
{
	return &l->edges.data[i];
}

uint32_t lockdep_nfindings(const struct lockdep *l)
{
	return (uint32_t)l->findings.len;
}

const struct lockdep_finding *lockdep_finding_at(const struct lockdep *l, uint32_t i)
{
	return &l->findings.data[i];
}

uint64_t lockdep_unkept(const struct lockdep *l)
{
	return l->unkept;
}

void lockdep_stats(const struct lockdep *l, uint64_t *ret_cached, uint64_t *ret_chains)
{
	*ret_cached = l->cached;
	*ret_chains = l->nchains;
}

const struct lockdep_rule *lockdep_rule_at(unsigned i)
{
	return i < ARRAY_SIZE(rules) ? &rules[i] : NULL;
}

void lockdep_sentence(const struct lockdep *l, const struct lockdep_finding *f, char *buf, unsigned size)
{
	const struct lockdep_edge *e = &l->edges.data[f->edge];
	const char *outer = l->classes.data[e->outer].name, *inner = l->classes.data[e->inner].name;
	int n;

	switch (f->kind) {
	case LOCKDEP_ORDER:
		snprintf(buf, size, "%s taken with %s held: violates %s (%s)%s", inner, outer, f->rule->id, f->rule->text,
			 e->in_cycle ? "" : ", no cycle observed yet");
		return;
	case LOCKDEP_SELF:
		snprintf(buf, size, "%s taken by the task that holds it: it waits for itself", inner);
		return;
	case LOCKDEP_CYCLE:
		n = snprintf(buf, size, "circular: %s -> %s", outer, inner);
		for (uint32_t i = 0; i < f->npath && i < PATH_MAX_EDGES && n > 0 && (unsigned)n < size; i++)
			n += snprintf(buf + n, size - (unsigned)n, " -> %s",
				      l->classes.data[l->edges.data[f->path[i]].inner].name);
		return;
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which locks are taken inside which, and what is wrong with it: lockdep's algorithm over classes (one
 * order seen once is enough, the deadlock need not happen), and the order KVM documents as rules: a single
 * edge against a rule is reported before any cycle exists. No kernel, no BPF: events in, findings out.
 *
 *	lockdep_acquire()  held locks of the task x the new one --> edges --new?--> rules, then the shortest
 *	lockdep_edge()     the same for one pair that somebody else saw             cycle through it
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define LOCKDEP_STACK 16
#define LOCKDEP_CLASSES_MAX 8191
#define LOCKDEP_EDGES_MAX 65536
#define LOCKDEP_HELD_MAX 48
#define LOCKDEP_TASKS_MAX 65536
#define LOCKDEP_NAME 48

enum lockdep_mode {
	LOCKDEP_WRITE,		/* exclusive */
	LOCKDEP_READ,		/* shared, but waits behind a writer that waits */
	LOCKDEP_RECURSIVE,	/* shared, never waits for another reader: SRCU */
};

/* A lock as it is taken. */
struct lockdep_lock {
	const char *class;	/* "kvm->lock": all locks of one kind are one class */
	uint64_t addr;		/* the instance */
	uint64_t group;		/* the VM it belongs to; 0: none. Rules are about locks of one group */
	enum lockdep_mode mode;
	bool try;		/* by trylock: it can not wait, so nothing leads to it */
};

/* Where it was taken. */
struct lockdep_site {
	uint64_t time_ns;
	uint32_t tid, nstack;
	uint64_t stack[LOCKDEP_STACK];
};

/* A documented order: @held may not be held when @taken is taken. */
struct lockdep_rule {
	const char *id;		/* "R01" */
	const char *held, *taken;
	const char *text;
};

struct lockdep_edge {
	uint32_t outer, inner;	/* class ids */
	uint8_t kinds;		/* which combinations of modes were seen: lockdep.c */
	uint64_t count;
	struct lockdep_site outer_site, inner_site; /* of the first time */
	const struct lockdep_rule *rule; /* broken by it; NULL: none */
	bool in_cycle;
	bool same_group;
};

enum lockdep_kind { LOCKDEP_ORDER, LOCKDEP_CYCLE, LOCKDEP_SELF };

struct lockdep_finding {
	enum lockdep_kind kind;
	const struct lockdep_rule *rule;	/* ORDER */
	uint32_t edge;				/* the one that closed it */
	uint32_t npath;				/* CYCLE: edges from its inner class back to its outer one */
	uint32_t path[16];
};

struct lockdep;

struct lockdep *lockdep_create(void);
void lockdep_destroy(struct lockdep *l);
/* Called for each finding, once for each edge and kind. */
void lockdep_set_report(struct lockdep *l, void (*report)(void *ctx, const struct lockdep_finding *f), void *ctx);

/* Task @tid takes @lock, holding what it took and did not release. */
void lockdep_acquire(struct lockdep *l, uint32_t tid, const struct lockdep_lock *lock,
		     const struct lockdep_site *site);
/* The newest hold of @addr by @tid ends; false: it held none. */
bool lockdep_release(struct lockdep *l, uint32_t tid, uint64_t addr);
void lockdep_task_gone(struct lockdep *l, uint32_t tid);
/* One pair: @inner is taken with @outer held. */
void lockdep_edge(struct lockdep *l, const struct lockdep_lock *outer, const struct lockdep_site *outer_site,
		  const struct lockdep_lock *inner, const struct lockdep_site *inner_site);

uint32_t lockdep_nclasses(const struct lockdep *l);
const char *lockdep_class_name(const struct lockdep *l, uint32_t id);
uint32_t lockdep_nedges(const struct lockdep *l);
const struct lockdep_edge *lockdep_edge_at(const struct lockdep *l, uint32_t i);
uint32_t lockdep_nfindings(const struct lockdep *l);
const struct lockdep_finding *lockdep_finding_at(const struct lockdep *l, uint32_t i);
/* What found no room: classes, edges, tasks, holds deeper than LOCKDEP_HELD_MAX. */
uint64_t lockdep_unkept(const struct lockdep *l);
/* Searches that the chain cache saved, and made. */
void lockdep_stats(const struct lockdep *l, uint64_t *ret_cached, uint64_t *ret_chains);

/* "kvm->lock taken with vcpu->mutex held: violates R01 (kvm->lock > vcpu->mutex), no cycle observed yet" */
void lockdep_sentence(const struct lockdep *l, const struct lockdep_finding *f, char *buf, unsigned size);
const struct lockdep_rule *lockdep_rule_at(unsigned i); /* NULL past the end */

/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What every probe's programs share: filters, the per-CPU event rings, counters of what fired.
 *
 * An event is a struct `ev_<name>`: its BTF describes it, so user space knows names, types, units and
 * enums of its fields without a line of code. Units are the typedefs below; DECLARE_EVENT(<name>, help)
 * after the struct makes the record type; event_reserve() and event_submit() send one.
 */
#pragma once

#include "probes/bpf/kernel.bpf.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "probes/hist.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

/* Set by user space before loading; the verifier then drops what is not wanted. */
const volatile __u32 filter_tgid;	/* 0: every process */
const volatile __u32 filter_kernel_tgid; /* the same as the kernel numbers it: a nested pid namespace has others */
const volatile bool want_events;	/* stream events; otherwise only the sums are kept */

/* Units of event fields, by the name of their type. */
typedef __u64 ns_t;
typedef __u64 hex_t;
typedef __u32 hex32_t;
typedef __u64 gpa_t;
typedef __u64 gva_t;
typedef __u8 bool8_t;

#define NO_VCPU 0xffffffff

/* Of the pid namespace that we are in, as stat() tells of its file; 0: the first one. */
const volatile __u64 ns_dev, ns_inode;

/* Thread in the low half, process in the high one, as our own pid namespace numbers them; 0: not in it. */
static __always_inline __u64 current_id(void)
{
	struct { __u32 pid, tgid; } in_ns = {}; /* struct bpf_pidns_info of uapi/linux/bpf.h */

	if (!ns_inode)
		return bpf_get_current_pid_tgid();
	if (bpf_get_ns_current_pid_tgid(ns_dev, ns_inode, (void *)&in_ns, sizeof(in_ns)))
		return 0;
	return (__u64)in_ns.tgid << 32 | in_ns.pid;
}
/* What programs call: the kernel's own numbers are somebody else's in a nested namespace. */
#define bpf_get_current_pid_tgid current_id

static __always_inline bool filtered(__u64 pid_tgid)
{
	return filter_tgid && filter_tgid != (__u32)(pid_tgid >> 32);
}

/* ---- events ------------------------------------------------------------------------------------- */

/* Before every record; probes/reader.c knows it. @type: the BTF id of the event's struct, 0 for losses. */
struct event_head {
	__u64 time_ns;
	__u32 type, cpu, tid, tgid, vcpu, pad;
};

struct lost_record {
	struct event_head head;
	__u64 count;
};

/* One ring for each CPU, so that no producer waits for another; user space fills the outer map. */
struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct ring_map);
} rings SEC(".maps");

/* Per CPU: records that found no room, and those of them that no record in the ring has told about. */
struct lost {
	__u64 total, untold;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct lost);
} losses SEC(".maps");

const volatile __u32 ring_bytes;

static __always_inline void head_fill(struct event_head *head, __u32 type, __u32 cpu, __u32 vcpu, __u64 now)
{
	__u64 id = bpf_get_current_pid_tgid();

	head->time_ns = now;
	head->type = type;
	head->cpu = cpu;
	head->tid = (__u32)id;
	head->tgid = id >> 32;
	head->vcpu = vcpu;
	head->pad = 0;
}

/* The reader polls by time; it is woken only when more than half is used. */
static __always_inline __u64 wakeup(void *ring)
{
	return bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA) > ring_bytes / 2 ? BPF_RB_FORCE_WAKEUP :
									    BPF_RB_NO_WAKEUP;
}

/* Says in the ring how many are missing before what comes next. False: there is still no room. The
 * exchange keeps the count exact when an interrupt's event comes between. */
static __always_inline bool tell_lost(void *ring, struct lost *lost, __u32 cpu, __u64 now)
{
	__u64 count = __sync_lock_test_and_set(&lost->untold, 0);
	struct lost_record *r = bpf_ringbuf_reserve(ring, sizeof(*r), 0);

	if (!r) {
		__sync_fetch_and_add(&lost->untold, count);
		return false;
	}
	head_fill(&r->head, 0, cpu, NO_VCPU, now);
	r->count = count;
	bpf_ringbuf_submit(r, BPF_RB_NO_WAKEUP);
	return true;
}

static __always_inline void *lose(struct lost *lost)
{
	__sync_fetch_and_add(&lost->total, 1);
	__sync_fetch_and_add(&lost->untold, 1);
	return (void *)0;
}

static __always_inline void *record_reserve(__u32 type, __u64 size, __u32 vcpu, __u64 now, void **ret_ring)
{
	__u32 cpu = bpf_get_smp_processor_id(), zero = 0;
	struct lost *lost = bpf_map_lookup_elem(&losses, &zero);
	void *ring = bpf_map_lookup_elem(&rings, &cpu), *record;

	if (!ring || !lost)
		return (void *)0;
	if (lost->untold && !tell_lost(ring, lost, cpu, now))
		return lose(lost);
	record = bpf_ringbuf_reserve(ring, size, 0);
	if (!record)
		return lose(lost);
	head_fill(record, type, cpu, vcpu, now);
	*ret_ring = ring;
	return record;
}

#define DECLARE_EVENT(name) \
	struct name##_record { struct event_head head; struct name ev; }

/* A record of event @name to fill (->ev), or (void *)0 when there is no room (counted). */
#define event_reserve(name, vcpu, now, ret_ring) \
	((struct name##_record *)record_reserve(bpf_core_type_id_local(struct name), \
						sizeof(struct name##_record), vcpu, now, ret_ring))

/* Conditions over fields: probes/checks.h. Constants, so the verifier keeps only what applies. */
#define EVENT_CHECKS_MAX 8
struct event_check {
	__u64 value;
	__u32 type;
	__u16 offset;
	__u8 size, op;
};
const volatile struct event_check event_checks[EVENT_CHECKS_MAX];

static __always_inline bool check_holds(__u64 v, __u64 value, __u8 op)
{
	switch (op) {
	case 0: case 0x80: return v == value;
	case 1: case 0x81: return v != value;
	case 2: return v < value;
	case 3: return v <= value;
	case 4: return v > value;
	case 5: return v >= value;
	case 0x82: return (__s64)v < (__s64)value;
	case 0x83: return (__s64)v <= (__s64)value;
	case 0x84: return (__s64)v > (__s64)value;
	default: return (__s64)v >= (__s64)value;
	}
}

static __always_inline bool passes(const void *ev, __u32 type)
{
	for (int i = 0; i < EVENT_CHECKS_MAX; i++) {
		__u32 offset = event_checks[i].offset;
		bool is_signed = event_checks[i].op & 0x80;
		__u64 v = 0;

		if (event_checks[i].type != type)
			continue;
		switch (event_checks[i].size) {
		case 1: v = *(__u8 *)(ev + offset); if (is_signed) v = (__s64)(__s8)v; break;
		case 2: v = *(__u16 *)(ev + offset); if (is_signed) v = (__s64)(__s16)v; break;
		case 4: v = *(__u32 *)(ev + offset); if (is_signed) v = (__s64)(__s32)v; break;
		case 8: v = *(__u64 *)(ev + offset); break;
		default: return false;
		}
		if (!check_holds(v, event_checks[i].value, event_checks[i].op))
			return false;
	}
	return true;
}

#define event_submit(record, ring) do { \
	if (passes(&(record)->ev, bpf_core_type_id_local(__typeof__((record)->ev)))) \
		bpf_ringbuf_submit(record, wakeup(ring)); \
	else \
		bpf_ringbuf_discard(record, BPF_RB_NO_WAKEUP); \
} while (0)

/* ---- what fired ---------------------------------------------------------------------------------- */

/* Attaching proves that a place exists, only firing proves that this kernel passes it. */
#define HITS_MAX 16
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, HITS_MAX);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

static __always_inline void hit(__u32 part)
{
	__u64 *n = bpf_map_lookup_elem(&hits, &part);

	if (n)
		++*n;
}

/* ---- sums ---------------------------------------------------------------------------------------- */

/* One writer at a time (the map's key holds the thread), so no atomics. */
static __always_inline void hist_put(struct hist *h, __u64 v)
{
	__u32 i = hist_index(v);

	if (!h->count || v < h->min)
		h->min = v;
	if (v > h->max)
		h->max = v;
	h->count++;
	h->total += v;
	if (i < HIST_BUCKETS)
		h->bucket[i]++;
}

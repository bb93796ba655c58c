/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Calls about mediated devices, VFIO and irqbypass, into a log: they are rare, and their order matters. */
#include "probes/bpf/sums.bpf.h"

#include "probes/bpf/params.bpf.h"

#include "probes/bpf/lifecycle.h"

enum ev_life_kind {
	mdev_create, mdev_remove, device_added, device_deleted, parent_register, parent_unregister, vfio_register,
	vfio_unregister, vfio_open, vfio_close, producer_register, producer_unregister, consumer_register,
	consumer_unregister, bypass_add, bypass_del, bypass_stop, bypass_start,
};

struct ev_step {
	enum ev_life_kind call;
	bool8_t returns;
	__u8 pad[3];
	__s64 result;
	hex_t object;
	hex_t token;
} __attribute__((btf_decl_tag("help:a call about a mediated device, VFIO or irqbypass")));
DECLARE_EVENT(ev_step);

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { __u8 b[16]; } guid_t;

struct mdev_device {
	guid_t uuid;
};

struct irq_bypass_producer {
	void *token;
};

struct irq_bypass_consumer {
	void *token;
};

#pragma clang attribute pop

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, LIFE_STEPS);
	__type(key, __u32);
	__type(value, struct life_step);
} life_log SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} life_next SEC(".maps");

/* Calls under way, by thread and kind: their arguments are gone when they return. */
struct call_key {
	__u32 tid, kind;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct call_key);
	__type(value, struct life_step);
} calls SEC(".maps");

static __always_inline void keep(const struct life_step *s)
{
	__u32 zero = 0, at;
	__u64 *next = bpf_map_lookup_elem(&life_next, &zero), n;
	struct ev_step_record *r;
	struct life_step *slot;
	void *ring;

	if (!next)
		return;
	n = __sync_fetch_and_add(next, 1);
	at = (__u32)n;
	slot = n < LIFE_STEPS ? bpf_map_lookup_elem(&life_log, &at) : 0;
	if (slot)
		*slot = *s;
	else
		hit(LIFE_PART_UNKEPT);
	if (!want_events)
		return;
	r = event_reserve(ev_step, NO_VCPU, s->time_ns, &ring);
	if (!r)
		return;
	r->ev.call = s->kind;
	r->ev.returns = !!s->is_exit;
	__builtin_memset(r->ev.pad, 0, sizeof(r->ev.pad));
	r->ev.result = s->result;
	r->ev.object = s->object;
	r->ev.token = s->token[0];
	event_submit(r, ring);
}

static __always_inline void token_of(struct life_step *s, __u64 second)
{
	struct irq_bypass_producer *producer = (void *)s->object;
	struct irq_bypass_consumer *consumer = (void *)s->object;
	struct mdev_device *mdev = (void *)s->object;

	switch (s->kind) {
	case LIFE_MDEV_CREATE:
		bpf_probe_read_kernel(s->token, sizeof(s->token), (void *)second);
		break;
	case LIFE_MDEV_REMOVE:
		if (bpf_core_field_exists(mdev->uuid))
			bpf_probe_read_kernel(s->token, sizeof(s->token),
					      (void *)mdev + bpf_core_field_offset(struct mdev_device, uuid));
		break;
	case LIFE_PRODUCER_REGISTER:
	case LIFE_PRODUCER_UNREGISTER:
		/* Newer kernels pass the eventfd instead of keeping it there. */
		s->token[0] = bpf_core_field_exists(producer->token) ? (__u64)BPF_CORE_READ(producer, token) : second;
		break;
	case LIFE_CONSUMER_REGISTER:
	case LIFE_CONSUMER_UNREGISTER:
		s->token[0] = bpf_core_field_exists(consumer->token) ? (__u64)BPF_CORE_READ(consumer, token) : second;
		break;
	case LIFE_BYPASS_ADD:
	case LIFE_BYPASS_DEL:
		s->token[0] = second;
		break;
	default:
		break;
	}
}

static __always_inline bool inside_mdev(__u32 tid)
{
	struct call_key create = { tid, LIFE_MDEV_CREATE }, remove = { tid, LIFE_MDEV_REMOVE };

	return bpf_map_lookup_elem(&calls, &create) || bpf_map_lookup_elem(&calls, &remove);
}

static __always_inline int step_enter(struct pt_regs *ctx, __u32 kind, __u32 part)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct life_step s = {
		.time_ns = bpf_ktime_get_ns(), .kind = kind, .object = register_arg(ctx, 0), .tid = (__u32)id,
		.tgid = id >> 32,
	};
	struct call_key key = { s.tid, kind };

	/* Whoever makes or removes a device is seldom the VMM: no filter, but devices of others are left out. */
	if ((kind == LIFE_DEVICE_ADD || kind == LIFE_DEVICE_DEL) && !inside_mdev(s.tid))
		return 0;
	hit(part);
	token_of(&s, register_arg(ctx, 1));
	keep(&s);
	bpf_map_update_elem(&calls, &key, &s, BPF_ANY);
	return 0;
}

static __always_inline int step_exit(struct pt_regs *ctx, __u32 kind)
{
	struct call_key key = { (__u32)bpf_get_current_pid_tgid(), kind };
	struct life_step *call = bpf_map_lookup_elem(&calls, &key), s;

	if (!call)
		return 0;
	s = *call;
	s.time_ns = bpf_ktime_get_ns();
	s.is_exit = 1;
	s.result = (__s32)kresult(ctx);
	keep(&s);
	bpf_map_delete_elem(&calls, &key);
	return 0;
}

#define STEP(function, kind, part) \
	SEC("kprobe/" #function) int enter_##function(struct pt_regs *ctx) { return step_enter(ctx, kind, part); } \
	SEC("kretprobe/" #function) int exit_##function(struct pt_regs *ctx) { return step_exit(ctx, kind); }

STEP(mdev_device_create, LIFE_MDEV_CREATE, LIFE_PART_MDEV)
STEP(mdev_device_remove, LIFE_MDEV_REMOVE, LIFE_PART_MDEV)
STEP(device_add, LIFE_DEVICE_ADD, LIFE_PART_MDEV)
STEP(device_del, LIFE_DEVICE_DEL, LIFE_PART_MDEV)
STEP(mdev_register_parent, LIFE_PARENT_REGISTER, LIFE_PART_MDEV)
STEP(mdev_unregister_parent, LIFE_PARENT_UNREGISTER, LIFE_PART_MDEV)
STEP(vfio_register_group_dev, LIFE_VFIO_REGISTER, LIFE_PART_VFIO)
STEP(vfio_unregister_group_dev, LIFE_VFIO_UNREGISTER, LIFE_PART_VFIO)
STEP(vfio_device_open, LIFE_VFIO_OPEN, LIFE_PART_VFIO)
STEP(vfio_device_close, LIFE_VFIO_CLOSE, LIFE_PART_VFIO)
STEP(irq_bypass_register_producer, LIFE_PRODUCER_REGISTER, LIFE_PART_BYPASS)
STEP(irq_bypass_unregister_producer, LIFE_PRODUCER_UNREGISTER, LIFE_PART_BYPASS)
STEP(irq_bypass_register_consumer, LIFE_CONSUMER_REGISTER, LIFE_PART_BYPASS)
STEP(irq_bypass_unregister_consumer, LIFE_CONSUMER_UNREGISTER, LIFE_PART_BYPASS)
STEP(kvm_arch_irq_bypass_add_producer, LIFE_BYPASS_ADD, LIFE_PART_BYPASS)
STEP(kvm_arch_irq_bypass_del_producer, LIFE_BYPASS_DEL, LIFE_PART_BYPASS)
STEP(kvm_arch_irq_bypass_stop, LIFE_BYPASS_STOP, LIFE_PART_BYPASS)
STEP(kvm_arch_irq_bypass_start, LIFE_BYPASS_START, LIFE_PART_BYPASS)

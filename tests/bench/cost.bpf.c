/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one hit costs: nothing, a count, a histogram, an event; and events with serial numbers, many at once.
 * Only for benchmarks and the test of losses: not embedded in the program. */
#include "probes/bpf/common.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct hist);
} hists SEC(".maps");

/* Events made so far, by CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} serials SEC(".maps");

struct ev_hit {
	__u64 serial;
	hex_t a;
	hex_t b;
	hex_t c;
} __attribute__((btf_decl_tag("help:a hit with its number on this CPU")));
DECLARE_EVENT(ev_hit);

SEC("tp_btf/sys_enter")
int btf_empty(__u64 *ctx)
{
	return 0;
}

SEC("tp_btf/sys_enter")
int btf_count(__u64 *ctx)
{
	hit(0);
	return 0;
}

SEC("tp_btf/sys_enter")
int btf_hist(__u64 *ctx)
{
	__u32 zero = 0;
	struct hist *h = bpf_map_lookup_elem(&hists, &zero);

	if (h)
		hist_put(h, 1000 + ctx[1] % 64);
	return 0;
}

static __always_inline void emit(void)
{
	__u64 now = bpf_ktime_get_ns(), *serial;
	struct ev_hit_record *r;
	__u32 zero = 0;
	void *ring;

	serial = bpf_map_lookup_elem(&serials, &zero);
	if (!serial)
		return;
	++*serial;
	r = event_reserve(ev_hit, NO_VCPU, now, &ring);
	if (!r)
		return;
	r->ev.serial = *serial;
	r->ev.a = now;
	r->ev.b = 0;
	r->ev.c = 0;
	event_submit(r, ring);
}

SEC("tp_btf/sys_enter")
int btf_stream(__u64 *ctx)
{
	if (!filtered(bpf_get_current_pid_tgid()))
		emit();
	return 0;
}

#define BURST 16

SEC("tp_btf/sys_enter")
int btf_burst(__u64 *ctx)
{
	if (filtered(bpf_get_current_pid_tgid()))
		return 0;
	for (int i = 0; i < BURST; i++)
		emit();
	return 0;
}

SEC("raw_tp")
int raw_count(struct bpf_raw_tracepoint_args *ctx)
{
	hit(0);
	return 0;
}

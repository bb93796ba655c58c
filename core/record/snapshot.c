/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the target says of itself, as records. Memory is in snapshot_memory.c. */
#include "core/record/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "core/record/bytes.h"
#include "core/record/snapshot_internal.h"

#define STATE_MAX 65536
#define STATES_MAX (3u << 20)	/* of one snapshot: the block's bound is 4 MiB */
#define INDEX_MAX 65536

struct snapshots *snapshots_create(struct recorder *r, enum record_mem mem)
{
	struct snapshots *s = xcalloc(1, sizeof(*s));

	s->recorder = r;
	s->mem = mem;
	s->next_content = 1;
	page_memory_init(s);
	return s;
}

void snapshots_destroy(struct snapshots *s)
{
	if (!s)
		return;
	page_memory_deinit(s);
	bytes_deinit(&s->last);
	free(s);
}

uint64_t snapshots_pages(const struct snapshots *s)
{
	return s->next_content - 1;
}

/* What REGS records refer to; once, when the architecture is known. */
static void put_regtable(struct snapshots *s, const struct arch *arch, uint64_t time_ns)
{
	struct bytes out = { 0 };

	if (s->arch == arch)
		return;
	s->arch = arch;
	bytes_string(&out, arch->name);
	bytes_varint(&out, arch->nregs);
	for (unsigned i = 0; i < arch->nregs; i++) {
		bytes_string(&out, arch->regs[i].name);
		bytes_varint(&out, arch->regs[i].bits);
	}
	recorder_put(s->recorder, VMS_REC_REGTABLE, time_ns, out.data, out.len);
	bytes_deinit(&out);
}

static void add_vcpu(struct bytes *out, struct target *t, unsigned i, uint64_t time_ns)
{
	struct vcpu_info info = { 0 };
	struct error *error = target_vcpu_info(t, i, &info);
	struct bytes rec = { 0 };

	if (error) {
		error_destroy(error);
		return;
	}
	bytes_u32(&rec, i);
	bytes_u32(&rec, info.hw_id);
	bytes_u32(&rec, info.state);
	bytes_u32(&rec, (uint32_t)info.tid);
	bytes_u64(&rec, info.exits);
	bytes_u64(&rec, info.pc);
	bytes_u32(&rec, info.stale);
	record_frame(out, VMS_REC_VCPU, time_ns, rec.data, rec.len);
	bytes_deinit(&rec);
}

static void add_regs(struct bytes *out, struct target *t, unsigned vcpu, bool running, uint64_t time_ns)
{
	const struct arch *arch = t->arch;
	struct bytes rec = { 0 };
	struct regs regs;
	bool stale = false;

	regs_init(&regs, arch);
	/* Group by group: one that can not be read must not hide the others. */
	for (unsigned group = 1; group < REGS_ALL; group <<= 1)
		if (!running || group & REGS_CORE)
			error_destroy(target_regs_read(t, vcpu, group, &regs, &stale));
	bytes_u32(&rec, vcpu);
	bytes_u32(&rec, stale);
	for (unsigned i = 0; i < (arch->nregs + 7) / 8; i++) {
		uint8_t bits = 0;

		for (unsigned b = 0; b < 8 && i * 8 + b < arch->nregs; b++)
			bits |= (uint8_t)(regs_valid(&regs, i * 8 + b) << b);
		bytes_u8(&rec, bits);
	}
	for (unsigned i = 0; i < arch->nregs; i++)
		if (regs_valid(&regs, i))
			bytes_add(&rec, regs_bytes(&regs, i), (arch->regs[i].bits + 7u) / 8);
	record_frame(out, VMS_REC_REGS, time_ns, rec.data, rec.len);
	bytes_deinit(&rec);
}

/* False: the target has no such state. */
static bool add_state(struct bytes *out, struct target *t, enum state_kind kind, unsigned index,
		      uint64_t time_ns)
{
	struct bytes rec = { 0 };
	struct error *error;
	size_t len = 0;
	uint8_t *buf;

	if (out->len > STATES_MAX)
		return false;
	buf = xcalloc(1, STATE_MAX);
	error = target_state_get(t, kind, index, buf, STATE_MAX, &len);
	if (!error) {
		bytes_u32(&rec, kind);
		bytes_u32(&rec, index);
		bytes_add(&rec, buf, len);
		record_frame(out, VMS_REC_STATE, time_ns, rec.data, rec.len);
		bytes_deinit(&rec);
	}
	free(buf);
	error_destroy(error);
	return !error;
}

static void add_states(struct bytes *out, struct target *t, uint64_t time_ns)
{
	unsigned vcpus = target_vcpu_count(t);

	for (unsigned kind = 0; kind < STATE_KIND_COUNT; kind++) {
		switch (kind) {
		case STATE_X86_LAPIC:
		case STATE_VCPU_EVENTS:
		case STATE_XIVE_VP:
		case STATE_PPC_SLB:
			for (unsigned i = 0; i < vcpus; i++)
				add_state(out, t, kind, i, time_ns);
			break;
		case STATE_X86_IOAPIC:
		case STATE_X86_PIT:
		case STATE_IRQ_ROUTES:
		case STATE_VM_INFO:
		case STATE_XIVE_DEVICE: /* there is one, whatever the index */
			add_state(out, t, kind, 0, time_ns);
			break;
		case STATE_X86_PIC:
			add_state(out, t, kind, 0, time_ns);
			add_state(out, t, kind, 1, time_ns);
			break;
		case STATE_VIRTIO_IOVA: /* not every device has one */
			break;
		case STATE_VIRTIO_DEVICE:
			for (unsigned i = 0; i < INDEX_MAX && add_state(out, t, kind, i, time_ns); i++)
				add_state(out, t, STATE_VIRTIO_IOVA, i, time_ns);
			break;
		case STATE_VIRTIO_QUEUE:
		case STATE_VIRTIO_INFLIGHT:
			for (unsigned d = 0; d < INDEX_MAX; d++) {
				unsigned q = 0;

				while (q < STATE_VIRTIO_QUEUES_MAX &&
				       add_state(out, t, kind, state_virtio_index(d, q), time_ns))
					q++;
				if (!q)
					break;
			}
			break;
		default:
			for (unsigned i = 0; i < INDEX_MAX && add_state(out, t, kind, i, time_ns); i++)
				;
		}
	}
}

static void add_regions(struct bytes *out, struct target *t, uint64_t time_ns)
{
	struct bytes rec = { 0 };
	struct mem_region region;

	for (unsigned i = 0; i < 4096 && t->ops->region && t->ops->region(t, i, &region); i++) {
		bytes_u64(&rec, region.start);
		bytes_u64(&rec, region.len);
		bytes_u32(&rec, region.kind);
		bytes_u32(&rec, (uint32_t)region.slot);
		bytes_add(&rec, region.name, sizeof(region.name));
	}
	record_frame(out, VMS_REC_REGIONS, time_ns, rec.data, rec.len);
	bytes_deinit(&rec);
}

static void add_stop(struct bytes *out, const struct stop_report *r, uint64_t time_ns)
{
	struct bytes rec = { 0 };

	bytes_u32(&rec, r->reason);
	bytes_u32(&rec, r->vcpu);
	bytes_u32(&rec, r->id);
	bytes_u32(&rec, (uint32_t)r->exit_code);
	bytes_u64(&rec, r->pc);
	bytes_u64(&rec, r->steps);
	bytes_u64(&rec, r->watch_addr);
	bytes_u64(&rec, r->watch_old);
	bytes_u64(&rec, r->watch_new);
	bytes_u32(&rec, r->watch_len);
	bytes_u32(&rec, r->stepped_irq);
	bytes_string(&rec, r->text);
	record_frame(out, VMS_REC_STOP, time_ns, rec.data, rec.len);
	bytes_deinit(&rec);
}

/* Everything but when it was: the times in the frames are the same for the comparison. */
static bool same_as_last(struct snapshots *s, const struct bytes *out)
{
	bool same = s->last.len == out->len && !memcmp(s->last.data, out->data, out->len);

	s->last.len = 0;
	bytes_add(&s->last, out->data, out->len);
	return same;
}

static void stamp(struct bytes *out, uint64_t time_ns)
{
	for (size_t at = 0; at + 16 <= out->len; at += 16 + le32_read(out->data + at + 4))
		le64_write(out->data + at + 8, time_ns);
}

void snapshots_take(struct snapshots *s, struct target *t, const struct stop_report *report, uint64_t time_ns,
		    uint32_t same_time)
{
	enum target_state state = target_state(t);
	bool running = state == TARGET_RUNNING || state == TARGET_STOPPING, same;
	unsigned vcpus = target_vcpu_count(t);
	struct bytes out = { 0 };

	put_regtable(s, t->arch, time_ns);
	for (unsigned i = 0; i < vcpus; i++) {
		add_vcpu(&out, t, i, 0);
		add_regs(&out, t, i, running, 0);
	}
	if (!running)
		add_states(&out, t, 0);
	add_regions(&out, t, 0);
	same = same_as_last(s, &out);
	/* Memory first: a snapshot that is in the file has its memory there. */
	if (!running && s->mem != RECORD_MEM_NONE)
		same &= !page_memory_take(s, t, time_ns);
	if (report)
		add_stop(&out, report, 0);
	stamp(&out, time_ns);
	if ((!same || report) && out.len <= VMS_RAW_MAX)
		recorder_put_block(s->recorder, VMS_BLOCK_SNAPSHOT, time_ns, time_ns, same_time, out.data,
				   out.len);
	bytes_deinit(&out);
}

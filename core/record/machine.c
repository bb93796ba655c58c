/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/record/machine.h"

#include <stdio.h>
#include <stdlib.h>

#include "core/base/cleanup.h"

#define VCPUS_MAX 256
#define MAP_ENTRIES_MAX (1u << 28)

/* ---- snapshots ----------------------------------------------------------------------------------- */

static void parse_regtable(struct machine *m, const struct recording_record *r)
{
	struct parse in = { .p = r->data, .end = r->data + r->len };
	_free_ char *name = parse_string(&in, CLASS_NAME_MAX);
	uint64_t n = parse_varint(&in);

	if (in.bad || !name || m->arch || n > REGS_MAX)
		return;
	m->arch = arch_by_name(name);
	for (uint64_t i = 0; m->arch && i < n; i++) {
		_free_ char *reg = parse_string(&in, CLASS_NAME_MAX);
		uint64_t bits = parse_varint(&in);
		uint16_t id = 0xffff;

		if (in.bad || !reg || bits > 4096)
			break;
		for (unsigned k = 0; k < m->arch->nregs; k++)
			if (!strcmp(m->arch->regs[k].name, reg) && m->arch->regs[k].bits == bits)
				id = (uint16_t)k;
		vec_push(&m->regmap, id);
		vec_push(&m->regbytes, (uint16_t)((bits + 7) / 8));
	}
}

static bool find_regtable(void *ctx, const struct recording_record *r)
{
	if (r->kind == VMS_REC_REGTABLE)
		parse_regtable(ctx, r);
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct machine_snapshot *x = a, *y = b;

	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->block < y->block ? -1 : x->block > y->block;
}

struct machine *machine_create(struct recording *rec)
{
	struct machine *m = xcalloc(1, sizeof(*m));

	m->rec = rec;
	m->current = SIZE_MAX;
	for (unsigned i = 0; i < ARRAY_SIZE(m->cache); i++)
		m->cache[i].block = UINT32_MAX;
	for (size_t i = 0; i < rec->nblocks; i++) {
		const struct vms_block *b = &rec->blocks[i].block;

		if (b->type == VMS_BLOCK_RECORDS && !m->arch)
			recording_records(rec, i, find_regtable, m);
		if (b->type == VMS_BLOCK_SNAPSHOT)
			vec_push(&m->snapshots, (struct machine_snapshot){ b->first, (uint32_t)i, b->count });
	}
	if (m->snapshots.len)
		qsort(m->snapshots.data, m->snapshots.len, sizeof(*m->snapshots.data), by_time);
	return m;
}

void machine_destroy(struct machine *m)
{
	if (!m)
		return;
	vec_free(&m->regmap);
	vec_free(&m->regbytes);
	vec_free(&m->snapshots);
	vec_free(&m->states);
	vec_free(&m->regions);
	vec_free(&m->contents);
	bytes_deinit(&m->payload);
	for (unsigned i = 0; i < ARRAY_SIZE(m->cache); i++)
		bytes_deinit(&m->cache[i].data);
	free(m->pages);
	free(m);
}

static void parse_vcpu(struct machine *m, struct parse *in)
{
	uint32_t i = parse_u32(in);
	struct vcpu_info info = { .index = i };

	info.hw_id = parse_u32(in);
	info.state = parse_u32(in);
	info.tid = (pid_t)parse_u32(in);
	info.exits = parse_num64(in);
	info.pc = parse_num64(in);
	info.stale = parse_u32(in) & 1;
	if (in->bad || i >= VCPUS_MAX || info.state > VCPU_DEAD)
		return;
	m->vcpu[i] = info;
	if (i >= m->nvcpus)
		m->nvcpus = i + 1;
}

static void parse_regs(struct machine *m, struct parse *in)
{
	uint32_t vcpu = parse_u32(in), flags = parse_u32(in);
	const uint8_t *bits = parse_bytes(in, (m->regmap.len + 7) / 8);

	if (!bits || vcpu >= VCPUS_MAX || !m->arch)
		return;
	regs_init(&m->regs[vcpu], m->arch);
	m->stale[vcpu] = flags & 1;
	for (size_t i = 0; i < m->regmap.len; i++) {
		const uint8_t *data;

		if (!(bits[i / 8] >> i % 8 & 1))
			continue;
		data = parse_bytes(in, m->regbytes.data[i]);
		if (data && m->regmap.data[i] != 0xffff)
			regs_set_bytes(&m->regs[vcpu], m->regmap.data[i], data, m->regbytes.data[i]);
	}
}

static void parse_regions(struct machine *m, struct parse *in)
{
	while (parse_left(in) >= 56) {
		struct mem_region r = { .start = parse_num64(in) };

		r.len = parse_num64(in);
		r.kind = parse_u32(in);
		r.slot = (int)parse_u32(in);
		memcpy(r.name, parse_bytes(in, sizeof(r.name)), sizeof(r.name));
		r.name[sizeof(r.name) - 1] = 0;
		if (r.kind <= MEM_PORT)
			vec_push(&m->regions, r);
	}
}

static void parse_stop(struct machine *m, struct parse *in)
{
	struct stop_report r = { .reason = parse_u32(in) };
	_free_ char *text = NULL;

	r.vcpu = parse_u32(in);
	r.id = parse_u32(in);
	r.exit_code = (int)parse_u32(in);
	r.pc = parse_num64(in);
	r.steps = parse_num64(in);
	r.watch_addr = parse_num64(in);
	r.watch_old = parse_num64(in);
	r.watch_new = parse_num64(in);
	r.watch_len = parse_u32(in);
	r.stepped_irq = parse_u32(in) & 1;
	text = parse_string(in, sizeof(r.text));
	if (in->bad || !text || r.reason > STOP_KILLED)
		return;
	snprintf(r.text, sizeof(r.text), "%s", text);
	m->stop = r;
	m->has_stop = true;
}

static bool parse_record(void *ctx, const struct recording_record *r)
{
	struct parse in = { .p = r->data, .end = r->data + r->len };
	struct machine *m = ctx;
	struct machine_state state;

	switch (r->kind) {
	case VMS_REC_VCPU:
		parse_vcpu(m, &in);
		break;
	case VMS_REC_REGS:
		parse_regs(m, &in);
		break;
	case VMS_REC_STATE:
		state.kind = parse_u32(&in);
		state.index = parse_u32(&in);
		state.data = in.p;
		state.len = parse_left(&in);
		if (!in.bad)
			vec_push(&m->states, state);
		break;
	case VMS_REC_REGIONS:
		parse_regions(m, &in);
		break;
	case VMS_REC_STOP:
		parse_stop(m, &in);
		m->stop.time_ns = r->time_ns;
		break;
	}
	return true;
}

bool machine_load(struct machine *m, size_t i)
{
	struct recording *rec = m->rec;
	const uint8_t *data;
	size_t len;

	if (i == m->current)
		return true;
	m->current = SIZE_MAX;
	m->nvcpus = 0;
	m->states.len = m->regions.len = 0;
	m->has_stop = false;
	memset(&m->stop, 0, sizeof(m->stop));
	for (unsigned v = 0; v < VCPUS_MAX; v++)
		m->vcpu[v] = (struct vcpu_info){ .index = v };
	if (i >= m->snapshots.len || !recording_payload(rec, m->snapshots.data[i].block, &data, &len))
		return false;
	/* States are borrowed from the payload: it is kept, and parsed from the copy. */
	m->payload.len = 0;
	bytes_add(&m->payload, data, len);
	struct parse in = { .p = m->payload.data, .end = m->payload.data + len };

	while (in.p < in.end) {
		struct recording_record r = { .kind = parse_u16(&in) };

		parse_u16(&in);
		r.len = parse_u32(&in);
		r.time_ns = parse_num64(&in);
		r.data = parse_bytes(&in, r.len);
		if (in.bad)
			break;
		parse_record(m, &r);
	}
	m->current = i;
	return true;
}

size_t machine_before(const struct machine *m, uint64_t time_ns)
{
	size_t lo = 0, hi = m->snapshots.len;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->snapshots.data[mid].time_ns <= time_ns)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool machine_seek(struct machine *m, uint64_t time_ns)
{
	size_t n = machine_before(m, time_ns);

	return machine_load(m, n ? n - 1 : SIZE_MAX - 1);
}

/* ---- memory -------------------------------------------------------------------------------------- */

static int by_page(const void *a, const void *b)
{
	const struct machine_page *x = a, *y = b;

	if (x->gfn != y->gfn)
		return x->gfn < y->gfn ? -1 : 1;
	if (x->time_ns != y->time_ns)
		return x->time_ns < y->time_ns ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static int by_first(const void *a, const void *b)
{
	const struct machine_content *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static void load_map(struct machine *m, size_t i, size_t *cap)
{
	struct recording_block *b = &m->rec->blocks[i];
	struct parse in;
	const uint8_t *data;
	uint64_t gfn = 0;
	size_t len;
	uint8_t flags;

	if (!recording_payload(m->rec, i, &data, &len))
		return;
	in = (struct parse){ .p = data, .end = data + len };
	flags = parse_u8(&in);
	if (flags & 2)
		m->zero_others = true;
	while (in.p < in.end && m->npages < MAP_ENTRIES_MAX) {
		uint64_t content;

		gfn += parse_varint(&in);
		content = parse_varint(&in);
		if (in.bad || content > UINT32_MAX || gfn > UINT64_MAX / VMS_PAGE) {
			recording_damaged(m->rec, b->offset, 0, "a damaged memory map");
			return;
		}
		if (m->npages == *cap) {
			*cap = *cap ? *cap * 2 : 4096;
			m->pages = xrealloc(m->pages, *cap * sizeof(*m->pages));
		}
		m->pages[m->npages] = (struct machine_page){ gfn, b->block.first, (uint32_t)m->npages,
							     (uint32_t)content };
		m->npages++;
	}
}

static void load_pages(struct machine *m)
{
	size_t cap = 0;

	m->pages_loaded = true;
	for (size_t i = 0; i < m->rec->nblocks; i++) {
		const struct vms_block *b = &m->rec->blocks[i].block;

		if (b->type == VMS_BLOCK_PAGEMAP)
			load_map(m, i, &cap);
		else if (b->type == VMS_BLOCK_PAGEDATA)
			vec_push(&m->contents, (struct machine_content){ b->first, b->count, (uint32_t)i });
	}
	if (m->npages)
		qsort(m->pages, m->npages, sizeof(*m->pages), by_page);
	if (m->contents.len)
		qsort(m->contents.data, m->contents.len, sizeof(*m->contents.data), by_first);
}

/* The last entry of page @gfn at or before @time_ns; NULL: none. */
static const struct machine_page *find_page(const struct machine *m, uint64_t gfn, uint64_t time_ns)
{
	size_t lo = 0, hi = m->npages;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct machine_page *p = &m->pages[mid];

		if (p->gfn < gfn || (p->gfn == gfn && p->time_ns <= time_ns))
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo && m->pages[lo - 1].gfn == gfn ? &m->pages[lo - 1] : NULL;
}

static const uint8_t *page_block(struct machine *m, uint32_t block, uint32_t count)
{
	struct machine_cached *c = &m->cache[0];
	const uint8_t *data;
	size_t len;

	for (unsigned i = 0; i < ARRAY_SIZE(m->cache); i++) {
		if (m->cache[i].block == block) {
			m->cache[i].used = ++m->cache_tick;
			return m->cache[i].data.data;
		}
		if (m->cache[i].used < c->used)
			c = &m->cache[i];
	}
	c->block = UINT32_MAX;
	if (!recording_payload(m->rec, block, &data, &len) || len / VMS_PAGE < count)
		return NULL;
	c->data.len = 0;
	bytes_add(&c->data, data, len);
	c->block = block;
	c->used = ++m->cache_tick;
	return c->data.data;
}

bool machine_page_read(struct machine *m, uint64_t gpa, uint64_t time_ns, void *buf, size_t len)
{
	const struct machine_page *page;
	size_t lo = 0, hi;

	if (!m->pages_loaded)
		load_pages(m);
	page = find_page(m, gpa / VMS_PAGE, time_ns);
	if (!page && !m->zero_others)
		return false;
	if (!page || !page->content) {
		memset(buf, 0, len);
		return true;
	}
	for (hi = m->contents.len; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;

		if (m->contents.data[mid].first <= page->content)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (!lo || page->content - m->contents.data[lo - 1].first >= m->contents.data[lo - 1].count)
		return false;
	const struct machine_content *c = &m->contents.data[lo - 1];
	const uint8_t *data = page_block(m, c->block, c->count);

	if (!data)
		return false;
	memcpy(buf, data + (page->content - c->first) * VMS_PAGE + gpa % VMS_PAGE, len);
	return true;
}

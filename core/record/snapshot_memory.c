/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Memory by difference. Pages the process never touched are left out by its own page map (a guest's RAM is
 * private memory, so they are zeros); all others are hashed at each stop, and those whose hash is new are
 * stored. Hashing needs no help of whoever writes: vCPUs, device models, the debugger.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/record/snapshot_internal.h"

#define BLOCK_PAGES 32
#define KNOWN_START 4096
#define KNOWN_MAX (1u << 23)
#define MAP_PAGES 512	/* entries of the page map read at once */
#define PAGES_MAX (1ull << 28)	/* 1 TiB */

void page_memory_init(struct snapshots *s)
{
	if (getrandom(s->seed, sizeof(s->seed), 0) != sizeof(s->seed))
		for (unsigned i = 0; i < 4; i++)
			s->seed[i] = clock_now_ns() * 0x9e3779b97f4a7c15ULL + (uintptr_t)s + i;
	for (unsigned i = 0; i < 4; i++)
		s->seed[i] |= 1;
	s->known_size = KNOWN_START;
	s->known = xcalloc(s->known_size, sizeof(*s->known));
}

void page_memory_deinit(struct snapshots *s)
{
	for (size_t i = 0; i < s->regions.len; i++) {
		free(s->regions.data[i].hash);
		free(s->regions.data[i].content);
	}
	vec_free(&s->regions);
	free(s->known);
	bytes_deinit(&s->data);
	bytes_deinit(&s->map);
}

static uint64_t fold(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* Two keyed lanes of multiply and fold; {0, 0} means zeros. */
static struct page_hash hash_page(const struct snapshots *s, const uint8_t *p)
{
	uint64_t a = s->seed[0], b = s->seed[1], any = 0;

	for (unsigned i = 0; i < VMS_PAGE; i += 32) {
		uint64_t w[4];

		memcpy(w, p + i, sizeof(w));
		any |= w[0] | w[1] | w[2] | w[3];
		a = fold(a ^ w[0], s->seed[2] ^ w[1]);
		b = fold(b ^ w[2], s->seed[3] ^ w[3]) + a;
		a += w[2] ^ w[3] << 1;
	}
	if (!any)
		return (struct page_hash){ 0, 0 };
	return (struct page_hash){ fold(a, s->seed[3]) | 1, fold(b, s->seed[2]) };
}

static struct page_known *find_known(struct snapshots *s, struct page_hash h)
{
	size_t at = h.hi & (s->known_size - 1);

	while (s->known[at].content && (s->known[at].hash.lo != h.lo || s->known[at].hash.hi != h.hi))
		at = (at + 1) & (s->known_size - 1);
	return &s->known[at];
}

static void grow_known(struct snapshots *s)
{
	struct page_known *old = s->known;
	size_t n = s->known_size;

	if (s->known_count * 2 < n || n >= KNOWN_MAX)
		return;
	s->known_size = n * 2;
	s->known = xcalloc(s->known_size, sizeof(*s->known));
	for (size_t i = 0; i < n; i++)
		if (old[i].content)
			*find_known(s, old[i].hash) = old[i];
	free(old);
}

static void flush_data(struct snapshots *s, uint64_t time_ns)
{
	if (s->data_count)
		recorder_put_block(s->recorder, VMS_BLOCK_PAGEDATA, s->data_first, time_ns, s->data_count,
				   s->data.data, s->data.len);
	s->data.len = 0;
	s->data_count = 0;
}

/* The number of a content, stored now when it is new. */
static uint32_t content_of(struct snapshots *s, struct page_hash h, const uint8_t *page, uint64_t time_ns)
{
	struct page_known *known;

	if (!h.lo && !h.hi)
		return 0;
	known = find_known(s, h);
	if (known->content)
		return known->content;
	if (!s->data_count)
		s->data_first = s->next_content;
	bytes_add(&s->data, page, VMS_PAGE);
	/* Past the bound contents are stored again: larger, never wrong. */
	if (s->known_count < KNOWN_MAX / 2) {
		*known = (struct page_known){ h, s->next_content };
		s->known_count++;
		grow_known(s);
	}
	if (++s->data_count == BLOCK_PAGES)
		flush_data(s, time_ns);
	return s->next_content++;
}

static void flush_map(struct snapshots *s, uint64_t time_ns, bool full)
{
	if (s->map_count || full) {
		flush_data(s, time_ns);
		s->map.data[0] = (uint8_t)((full ? 1 : 0) | (s->mem == RECORD_MEM_ALL ? 2 : 0));
		recorder_put_block(s->recorder, VMS_BLOCK_PAGEMAP, time_ns, time_ns, s->map_count, s->map.data,
				   s->map.len);
	}
	s->map.len = 0;
	bytes_u8(&s->map, 0);
	s->map_count = 0;
	s->map_last = 0;
}

static void map_add(struct snapshots *s, uint64_t gfn, uint32_t content, uint64_t time_ns)
{
	bytes_varint(&s->map, gfn - s->map_last);
	bytes_varint(&s->map, content);
	s->map_last = gfn;
	/* The block's bound; what follows is another map of the same time. */
	if (++s->map_count == 1u << 18)
		flush_map(s, time_ns, false);
}

/* ---- which pages --------------------------------------------------------------------------------- */

static struct page_region *region_at(struct snapshots *s, uint64_t gpa, uint64_t len)
{
	struct page_region r = { .gpa = gpa, .pages = len / VMS_PAGE };

	for (size_t i = 0; i < s->regions.len; i++)
		if (s->regions.data[i].gpa == gpa && s->regions.data[i].pages == r.pages)
			return &s->regions.data[i];
	if (!r.pages || r.pages > PAGES_MAX)
		return NULL;
	/* Untouched parts of these cost nothing. */
	r.hash = calloc(r.pages, sizeof(*r.hash));
	r.content = calloc(r.pages, sizeof(*r.content));
	if (!r.hash || !r.content) {
		free(r.hash);
		free(r.content);
		return NULL;
	}
	vec_push(&s->regions, r);
	return &s->regions.data[s->regions.len - 1];
}

/* Is anything behind @n pages at @host, by the process' page map; all of them when that does not say. */
static void present(int fd, const uint8_t *host, size_t n, bool *ret)
{
	uint64_t entry[MAP_PAGES];
	size_t host_page = (size_t)sysconf(_SC_PAGESIZE), per = host_page / VMS_PAGE;
	uint64_t first = (uintptr_t)host / host_page;
	size_t want = (n + per - 1) / per;

	for (size_t i = 0; i < n; i++)
		ret[i] = true;
	if (fd < 0 || (uintptr_t)host % host_page || want > MAP_PAGES ||
	    pread(fd, entry, want * 8, (off_t)(first * 8)) != (ssize_t)(want * 8))
		return;
	for (size_t i = 0; i < n; i++)
		ret[i] = entry[i / per] >> 62; /* present, or swapped out */
}

static void look_at(struct snapshots *s, struct page_region *r, uint64_t i, const uint8_t *page, bool store,
		    uint64_t time_ns)
{
	struct page_hash h = hash_page(s, page);
	uint8_t copy[VMS_PAGE];
	uint32_t content;

	if (h.lo == r->hash[i].lo && h.hi == r->hash[i].hi && (r->content[i] != CONTENT_UNKNOWN || !store))
		return;
	/* A device may still write: what is stored is what was hashed. */
	memcpy(copy, page, sizeof(copy));
	r->hash[i] = hash_page(s, copy);
	if (!store) {
		r->content[i] = CONTENT_UNKNOWN;
		return;
	}
	content = content_of(s, r->hash[i], copy, time_ns);
	r->content[i] = content;
	map_add(s, r->gpa / VMS_PAGE + i, content, time_ns);
}

static void scan_region(struct snapshots *s, struct target *t, struct page_region *r, int fd, bool store,
			uint64_t time_ns)
{
	bool there[MAP_PAGES];
	uint8_t page[VMS_PAGE];

	for (uint64_t at = 0; at < r->pages; at += MAP_PAGES) {
		size_t n = r->pages - at < MAP_PAGES ? (size_t)(r->pages - at) : MAP_PAGES, room = 0;
		const uint8_t *host = t->ops->phys_ptr ? t->ops->phys_ptr(t, r->gpa + at * VMS_PAGE, &room) : NULL;

		if (host && room < n * VMS_PAGE)
			host = NULL;
		present(host ? fd : -1, host, n, there);
		for (size_t i = 0; i < n; i++) {
			/* What was there once and is gone (a balloon) is zeros now. */
			if (!there[i] && !r->hash[at + i].lo && !r->hash[at + i].hi)
				continue;
			if (host) {
				look_at(s, r, at + i, host + i * VMS_PAGE, store, time_ns);
				continue;
			}
			struct error *error = target_phys_read(t, r->gpa + (at + i) * VMS_PAGE, page, sizeof(page));

			if (!error)
				look_at(s, r, at + i, page, store, time_ns);
			error_destroy(error);
		}
	}
}

/* ---- what vCPUs stand on ------------------------------------------------------------------------- */

static void store_page(struct snapshots *s, struct target *t, uint64_t gpa, uint64_t time_ns)
{
	uint8_t page[VMS_PAGE];
	struct error *error;

	gpa &= ~(uint64_t)(VMS_PAGE - 1);
	for (size_t i = 0; i < s->regions.len; i++) {
		struct page_region *r = &s->regions.data[i];
		uint64_t n = (gpa - r->gpa) / VMS_PAGE;

		if (gpa < r->gpa || n >= r->pages || r->content[n] != CONTENT_UNKNOWN)
			continue;
		error = target_phys_read(t, gpa, page, sizeof(page));
		if (!error) {
			/* Out of order of the page numbers: a map of its own. */
			flush_map(s, time_ns, false);
			look_at(s, r, n, page, true, time_ns);
		}
		error_destroy(error);
	}
}

static void store_walk(struct snapshots *s, struct target *t, const struct regs *regs, uint64_t gva,
		       uint64_t time_ns)
{
	struct mmu_walk walk;
	struct error *error = target_walk(t, regs, gva, &walk);

	if (error) {
		error_destroy(error);
		return;
	}
	for (unsigned i = 0; i < walk.nlevels && i < MMU_LEVELS_MAX; i++)
		store_page(s, t, walk.levels[i].entry_gpa, time_ns);
	if (walk.verdict == MMU_MAPPED || walk.verdict == MMU_NO_PAGING)
		store_page(s, t, walk.gpa, time_ns);
}

/* Code and stack of each vCPU, with the tables that lead there: enough for a backtrace. */
static void store_vcpus(struct snapshots *s, struct target *t, uint64_t time_ns)
{
	for (unsigned i = 0; i < target_vcpu_count(t); i++) {
		struct regs regs;
		uint64_t pc, sp;
		bool stale;
		struct error *error;

		regs_init(&regs, t->arch);
		error = target_regs_read(t, i, REGS_CORE, &regs, &stale);
		if (error) {
			error_destroy(error);
			continue;
		}
		pc = t->arch->pc_linear ? t->arch->pc_linear(&regs) : regs_u64(&regs, t->arch->reg_pc);
		sp = t->arch->sp_linear ? t->arch->sp_linear(&regs) : regs_u64(&regs, t->arch->reg_sp);
		store_walk(s, t, &regs, pc, time_ns);
		store_walk(s, t, &regs, pc + VMS_PAGE, time_ns);
		for (unsigned page = 0; page < 4; page++)
			store_walk(s, t, &regs, sp + page * VMS_PAGE, time_ns);
	}
}

bool page_memory_take(struct snapshots *s, struct target *t, uint64_t time_ns)
{
	_close_ int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool first = !s->started, store = s->mem == RECORD_MEM_ALL || !first, changed;
	uint32_t before = s->next_content;
	struct mem_region region;

	if (!s->map.len)
		bytes_u8(&s->map, 0);
	for (unsigned i = 0; i < 4096 && t->ops->region && t->ops->region(t, i, &region); i++) {
		struct page_region *r;

		if (region.kind != MEM_RAM && region.kind != MEM_ROM)
			continue;
		r = region_at(s, region.start, region.len);
		if (!r)
			continue;
		/* Maps are in the order of page numbers. */
		if (r->gpa / VMS_PAGE < s->map_last)
			flush_map(s, time_ns, false);
		scan_region(s, t, r, fd, store, time_ns);
	}
	changed = s->map_count || first;
	flush_map(s, time_ns, first && s->mem != RECORD_MEM_NONE);
	if (s->mem == RECORD_MEM_TOUCHED)
		store_vcpus(s, t, time_ns);
	changed |= s->map_count > 0;
	flush_map(s, time_ns, false);
	s->started = true;
	return changed || s->next_content != before;
}

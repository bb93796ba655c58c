/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/memory.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/text.h"
#include "guest/arch/machine.h"

#define GUARD (1u << 20)
#define MEM_MIN (64u << 10)
#define MEM_ALIGN (2u << 20)

static struct error *check_size(uint64_t bytes)
{
	uint64_t host = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);
	char want[32], have[32];

	if (bytes < MEM_MIN)
		return error_create(ERROR_USAGE, "--mem: a guest needs at least 64K, not %" PRIu64 " bytes", bytes);
	if (bytes <= host)
		return NULL;
	return error_create(ERROR_USAGE, "--mem: %s is more than the host has (%s)",
			    format_size(want, sizeof(want), bytes), format_size(have, sizeof(have), host));
}

struct error *memory_create(struct memory *mem, const struct machine *machine, uint64_t bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), low;
	struct error *err = check_size(bytes);
	uint8_t *base;

	if (err)
		return err;
	memset(mem, 0, sizeof(*mem));
	bytes = align_up(bytes, page);
	mem->map_len = bytes + 2 * GUARD + MEM_ALIGN;
	mem->map = mmap(NULL, mem->map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (mem->map == MAP_FAILED) {
		mem->map = NULL;
		return error_errno(errno, "cannot reserve %" PRIu64 " bytes of guest memory", bytes);
	}
	/* Aligned as the guest sees it, so that KVM may map it with large pages. */
	base = (uint8_t *)align_up((uintptr_t)mem->map + GUARD, MEM_ALIGN);
	if (mprotect(base, bytes, PROT_READ | PROT_WRITE)) {
		err = error_errno(errno, "cannot make %" PRIu64 " bytes of guest memory accessible", bytes);
		munmap(mem->map, mem->map_len);
		mem->map = NULL;
		return err;
	}
	mem->bytes = bytes;
	low = machine->ram_hole_start && bytes > machine->ram_hole_start ? machine->ram_hole_start : bytes;
	mem->slots[mem->nslots++] = (struct memory_slot){ .gpa = 0, .len = low, .host = base };
	if (bytes > low)
		mem->slots[mem->nslots++] = (struct memory_slot){
			.gpa = machine->ram_hole_end, .len = bytes - low, .host = base + low };
	pthread_mutex_init(&mem->plant_lock, NULL);
	return NULL;
}

static int map_slot(struct memory *mem, int vm_fd, uint64_t gpa, uint64_t len, uint8_t *host, uint32_t flags)
{
	struct kvm_userspace_memory_region region = {
		.slot = mem->nmapped, .flags = flags, .guest_phys_addr = gpa, .memory_size = len,
		.userspace_addr = (uintptr_t)host,
	};

	if (len == 0)
		return 0;
	if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &region))
		return -1;
	mem->nmapped++;
	return 0;
}

/* One piece of RAM, cut where its pages are protected. */
static int map_cut(struct memory *mem, int vm_fd, const struct memory_slot *s)
{
	uint64_t at = s->gpa, end = s->gpa + s->len;

	for (unsigned i = 0; i < mem->nprotected; i++) {
		uint64_t page = mem->protected[i];

		if (page < at || page >= end)
			continue;
		if (map_slot(mem, vm_fd, at, page - at, s->host + (at - s->gpa), 0) ||
		    map_slot(mem, vm_fd, page, MEMORY_PAGE, s->host + (page - s->gpa), KVM_MEM_READONLY))
			return -1;
		at = page + MEMORY_PAGE;
	}
	return map_slot(mem, vm_fd, at, end - at, s->host + (at - s->gpa), 0);
}

struct error *memory_map_kvm(struct memory *mem, int vm_fd)
{
	for (unsigned i = 0; i < mem->nslots; i++)
		if (map_cut(mem, vm_fd, &mem->slots[i]))
			return error_errno(errno, "KVM refuses guest memory at 0x%" PRIx64 " (0x%" PRIx64 " bytes)",
					   mem->slots[i].gpa, mem->slots[i].len);
	return NULL;
}

static struct error *remap(struct memory *mem, int vm_fd)
{
	while (mem->nmapped) {
		struct kvm_userspace_memory_region none = { .slot = mem->nmapped - 1 };

		if (ioctl(vm_fd, KVM_SET_USER_MEMORY_REGION, &none))
			return error_errno(errno, "KVM keeps memslot %u", none.slot);
		mem->nmapped--;
	}
	return memory_map_kvm(mem, vm_fd);
}

struct error *memory_protect(struct memory *mem, int vm_fd, const uint64_t *pages, unsigned n)
{
	struct error *err;

	if (n == mem->nprotected && memcmp(pages, mem->protected, n * sizeof(*pages)) == 0)
		return NULL;
	mem->nprotected = n;
	memcpy(mem->protected, pages, n * sizeof(*pages));
	err = remap(mem, vm_fd);
	if (!err)
		return NULL;
	mem->nprotected = 0;
	error_destroy(remap(mem, vm_fd));
	return error_prefix(err, "cannot protect a page");
}

void memory_destroy(struct memory *mem)
{
	if (!mem->map)
		return;
	munmap(mem->map, mem->map_len);
	pthread_mutex_destroy(&mem->plant_lock);
	vec_free(&mem->plants);
	memset(mem, 0, sizeof(*mem));
}

void memory_clear(struct memory *mem)
{
	pthread_mutex_lock(&mem->plant_lock);
	mem->plants.len = 0;
	pthread_mutex_unlock(&mem->plant_lock);
	for (unsigned i = 0; i < mem->nslots; i++)
		if (madvise(mem->slots[i].host, mem->slots[i].len, MADV_DONTNEED))
			memset(mem->slots[i].host, 0, mem->slots[i].len);
}

struct load_ram memory_load_ram(const struct memory *mem)
{
	struct load_ram ram = { .nranges = mem->nslots };

	for (unsigned i = 0; i < mem->nslots; i++) {
		ram.range[i].start = mem->slots[i].gpa;
		ram.range[i].len = mem->slots[i].len;
		ram.range[i].host = mem->slots[i].host;
	}
	return ram;
}

void *memory_ptr(const struct memory *mem, uint64_t gpa, size_t *ret_len)
{
	for (unsigned i = 0; i < mem->nslots; i++) {
		const struct memory_slot *s = &mem->slots[i];

		if (gpa < s->gpa || gpa - s->gpa >= s->len)
			continue;
		if (ret_len)
			*ret_len = s->len - (gpa - s->gpa);
		return s->host + (gpa - s->gpa);
	}
	return NULL;
}

/* The part of a plant that lies in [gpa, gpa+len): first byte in the plant and in the range, count. */
static unsigned overlap(const struct plant *p, uint64_t gpa, size_t len, unsigned *ret_plant, size_t *ret_buf)
{
	uint64_t lo = p->gpa > gpa ? p->gpa : gpa;
	uint64_t hi = p->gpa + p->len < gpa + len ? p->gpa + p->len : gpa + len;

	if (lo >= hi)
		return 0;
	*ret_plant = lo - p->gpa;
	*ret_buf = lo - gpa;
	return hi - lo;
}

/* Is the planted instruction still there? A guest that wrote over it (loaded code, used the page anew) wants
 * its own bytes: what was saved is of no use then. */
static bool intact(const struct memory *mem, const struct plant *p)
{
	return memcmp(memory_ptr(mem, p->gpa, NULL), machine_host.break_insn, p->len) == 0;
}

static bool check_range(const struct memory *mem, uint64_t gpa, size_t len, uint64_t *ret_bad)
{
	for (size_t done = 0; done < len;) {
		size_t n;

		if (!memory_ptr(mem, gpa + done, &n)) {
			*ret_bad = gpa + done;
			return false;
		}
		done += n < len - done ? n : len - done;
	}
	return true;
}

bool memory_read(struct memory *mem, uint64_t gpa, void *buf, size_t len, uint64_t *ret_bad)
{
	if (!check_range(mem, gpa, len, ret_bad))
		return false;
	pthread_mutex_lock(&mem->plant_lock);
	for (size_t done = 0; done < len;) {
		size_t n = 0;
		const uint8_t *p = memory_ptr(mem, gpa + done, &n);

		n = n < len - done ? n : len - done;
		memcpy((uint8_t *)buf + done, p, n);
		done += n;
	}
	for (size_t i = 0; i < mem->plants.len; i++) {
		const struct plant *p = &mem->plants.data[i];
		unsigned from, n;
		size_t at;

		if (p->live && (n = overlap(p, gpa, len, &from, &at)) && intact(mem, p))
			memcpy((uint8_t *)buf + at, p->saved + from, n);
	}
	pthread_mutex_unlock(&mem->plant_lock);
	return true;
}

/* Instruction caches of some hosts (POWER) do not see stores. */
static void put_code(uint8_t *host, const uint8_t *insn, unsigned len)
{
	memcpy(host, insn, len);
	__builtin___clear_cache((char *)host, (char *)host + len);
}

bool memory_write(struct memory *mem, uint64_t gpa, const void *buf, size_t len, uint64_t *ret_bad)
{
	if (!check_range(mem, gpa, len, ret_bad))
		return false;
	pthread_mutex_lock(&mem->plant_lock);
	for (size_t i = 0; i < mem->plants.len; i++) {
		struct plant *p = &mem->plants.data[i];

		if (p->live && !intact(mem, p))
			memcpy(p->saved, memory_ptr(mem, p->gpa, NULL), p->len);
	}
	for (size_t done = 0; done < len;) {
		size_t n = 0;
		uint8_t *p = memory_ptr(mem, gpa + done, &n);

		n = n < len - done ? n : len - done;
		memcpy(p, (const uint8_t *)buf + done, n);
		__builtin___clear_cache((char *)p, (char *)p + n); /* it may be code */
		done += n;
	}
	for (size_t i = 0; i < mem->plants.len; i++) {
		struct plant *p = &mem->plants.data[i];
		unsigned from, n;
		size_t at;

		if (!p->live || !(n = overlap(p, gpa, len, &from, &at)))
			continue;
		/* The new bytes go under the plant, which stays. */
		memcpy(p->saved + from, (const uint8_t *)buf + at, n);
		put_code(memory_ptr(mem, p->gpa, NULL), machine_host.break_insn, p->len);
	}
	pthread_mutex_unlock(&mem->plant_lock);
	return true;
}

static struct plant *find_plant(struct memory *mem, uint64_t gpa)
{
	for (size_t i = 0; i < mem->plants.len; i++)
		if (mem->plants.data[i].gpa == gpa)
			return &mem->plants.data[i];
	return NULL;
}

bool memory_plant(struct memory *mem, uint64_t gpa, const uint8_t *insn, unsigned len)
{
	struct plant plant = { .gpa = gpa, .len = len, .refs = 1, .live = true };
	size_t room;
	uint8_t *host = memory_ptr(mem, gpa, &room);
	struct plant *old;

	if (!host || room < len || len > PLANT_MAX)
		return false;
	pthread_mutex_lock(&mem->plant_lock);
	old = find_plant(mem, gpa);
	if (old) {
		old->refs++;
	} else {
		memcpy(plant.saved, host, len);
		put_code(host, insn, len);
		vec_push(&mem->plants, plant);
	}
	pthread_mutex_unlock(&mem->plant_lock);
	return true;
}

void memory_unplant(struct memory *mem, uint64_t gpa)
{
	pthread_mutex_lock(&mem->plant_lock);
	for (size_t i = 0; i < mem->plants.len; i++) {
		struct plant *p = &mem->plants.data[i];

		if (p->gpa != gpa || --p->refs)
			continue;
		if (p->live && intact(mem, p))
			put_code(memory_ptr(mem, gpa, NULL), p->saved, p->len);
		vec_remove(&mem->plants, i);
		break;
	}
	pthread_mutex_unlock(&mem->plant_lock);
}

bool memory_plants_live(struct memory *mem, bool live, const uint8_t *insn)
{
	bool was;

	pthread_mutex_lock(&mem->plant_lock);
	for (size_t i = 0; i < mem->plants.len; i++) {
		struct plant *p = &mem->plants.data[i];
		uint8_t *host = memory_ptr(mem, p->gpa, NULL);

		if (p->live == live)
			continue;
		if (live) {
			memcpy(p->saved, host, p->len);
			put_code(host, insn, p->len);
		} else if (intact(mem, p)) {
			put_code(host, p->saved, p->len);
		}
		p->live = live;
	}
	was = mem->plants_in;
	mem->plants_in = live;
	pthread_mutex_unlock(&mem->plant_lock);
	return was;
}

bool memory_any_plant(const struct memory *mem)
{
	return __atomic_load_n(&mem->plants.len, __ATOMIC_RELAXED) != 0;
}

bool memory_plants_in(struct memory *mem, uint64_t gpa, size_t len)
{
	unsigned from;
	bool found = false;
	size_t at;

	pthread_mutex_lock(&mem->plant_lock);
	for (size_t i = 0; i < mem->plants.len && !found; i++)
		found = overlap(&mem->plants.data[i], gpa, len, &from, &at) != 0;
	pthread_mutex_unlock(&mem->plant_lock);
	return found;
}

bool memory_planted(struct memory *mem, uint64_t gpa)
{
	const struct plant *p;
	bool found;

	pthread_mutex_lock(&mem->plant_lock);
	p = find_plant(mem, gpa);
	found = p && p->live;
	pthread_mutex_unlock(&mem->plant_lock);
	return found;
}

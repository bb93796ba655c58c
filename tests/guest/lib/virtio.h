/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A virtio driver for tiny guests: virtio-mmio of both versions, split and packed rings, polled. One
 * request at a time is in a ring, or as many as the guest puts there by hand.
 */
#pragma once

#include "tests/guest/lib/guest.h"

#define VIO_GPA 0xd0000000ul
#define VIO_STRIDE 0x1000ul
#define VIO_SLOTS 8
#define VIO_MAX 16	/* entries of a ring here */

#define F_INDIRECT 28
#define F_EVENT_IDX 29
#define F_VERSION_1 32
#define F_ACCESS_PLATFORM 33
#define F_PACKED 34

#define D_NEXT 1
#define D_WRITE 2
#define D_INDIRECT 4
#define P_AVAIL 0x80
#define P_USED 0x8000

struct desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags, next;	/* packed: id, flags */
};

struct ring {
	struct desc desc[VIO_MAX] __attribute__((aligned(16)));
	/* Split; legacy wants them in one piece, the used ring on a page of its own. */
	struct { uint16_t flags, idx, ring[VIO_MAX], used_event; } avail;
	struct { uint16_t flags, idx; struct { uint32_t id, len; } ring[VIO_MAX]; uint16_t avail_event; } used
		__attribute__((aligned(4096)));
	/* Packed. */
	struct { uint16_t off_wrap, flags; } driver_event, device_event;
} __attribute__((aligned(4096)));

struct vio {
	uint64_t base, features;
	struct ring *ring;
	unsigned queue, num;
	bool packed, legacy;
	uint16_t next, seen;	/* packed: offsets; split: the used index seen */
	bool wrap, used_wrap;
	uint64_t offset;	/* of the device's addresses above ours */
};

static inline uint32_t vio_read(struct vio *v, unsigned reg)
{
	return *(volatile uint32_t *)(v->base + reg);
}

static inline void vio_write(struct vio *v, unsigned reg, uint32_t value)
{
	*(volatile uint32_t *)(v->base + reg) = value;
}

static inline void vio_barrier(void)
{
	__asm__ volatile("mfence" : : : "memory");
}

/* The @n-th device of type @id. */
static inline bool vio_find(struct vio *v, uint32_t id, unsigned n)
{
	for (unsigned i = 0; i < VIO_SLOTS; i++) {
		v->base = VIO_GPA + i * VIO_STRIDE;
		if (vio_read(v, 0) != 0x74726976 || vio_read(v, 8) != id || n--)
			continue;
		v->legacy = vio_read(v, 4) == 1;
		return true;
	}
	return false;
}

static inline uint64_t vio_offered(struct vio *v)
{
	uint64_t lo, hi;

	vio_write(v, 0x14, 0);
	lo = vio_read(v, 0x10);
	vio_write(v, 0x14, 1);
	hi = vio_read(v, 0x10);
	return lo | hi << 32;
}

/* Resets and negotiates; false when the device refuses. */
static inline bool vio_start(struct vio *v, uint64_t want)
{
	v->features = vio_offered(v) & want;
	vio_write(v, 0x70, 0);
	while (vio_read(v, 0x70) != 0)
		;
	vio_write(v, 0x70, 3);
	vio_write(v, 0x24, 0);
	vio_write(v, 0x20, v->features);
	vio_write(v, 0x24, 1);
	vio_write(v, 0x20, v->features >> 32);
	v->packed = v->features >> F_PACKED & 1;
	if (v->legacy) {
		vio_write(v, 0x28, 4096);
		return true;
	}
	vio_write(v, 0x70, 0xb);
	return vio_read(v, 0x70) == 0xb;
}

static inline void vio_queue(struct vio *v, unsigned queue, struct ring *r, unsigned num)
{
	uint64_t desc = (uint64_t)r + v->offset;
	uint64_t driver = (v->packed ? (uint64_t)&r->driver_event : (uint64_t)&r->avail) + v->offset;
	uint64_t device = (v->packed ? (uint64_t)&r->device_event : (uint64_t)&r->used) + v->offset;

	for (unsigned i = 0; i < sizeof(*r) / 8; i++)
		((volatile uint64_t *)r)[i] = 0;
	v->ring = r;
	v->queue = queue;
	v->num = num = v->legacy ? VIO_MAX : num; /* where the available ring lies depends on it */
	v->next = v->seen = 0;
	v->wrap = v->used_wrap = true;
	vio_write(v, 0x30, queue);
	vio_write(v, 0x38, num);
	if (v->legacy) {
		vio_write(v, 0x3c, 4096);
		vio_write(v, 0x40, (uint64_t)r / 4096);
		return;
	}
	vio_write(v, 0x80, desc);
	vio_write(v, 0x84, desc >> 32);
	vio_write(v, 0x90, driver);
	vio_write(v, 0x94, driver >> 32);
	vio_write(v, 0xa0, device);
	vio_write(v, 0xa4, device >> 32);
	vio_write(v, 0x44, 1);
}

static inline void vio_live(struct vio *v)
{
	vio_write(v, 0x70, v->legacy ? 0x7 : 0xf);
}

struct piece {
	void *at;
	uint32_t len;
	bool write;
};

static inline void vio_put_split(struct vio *v, const struct piece *p, unsigned n)
{
	struct ring *r = v->ring;

	for (unsigned i = 0; i < n; i++)
		r->desc[i] = (struct desc){ (uint64_t)p[i].at + v->offset, p[i].len,
					    (i + 1 < n ? D_NEXT : 0) | (p[i].write ? D_WRITE : 0), i + 1 };
	r->avail.ring[r->avail.idx % v->num] = 0;
	vio_barrier();
	r->avail.idx++;
}

static inline void vio_put_packed(struct vio *v, const struct piece *p, unsigned n)
{
	unsigned first = v->next;
	uint16_t first_flags = 0;

	for (unsigned i = 0; i < n; i++) {
		uint16_t flags = (i + 1 < n ? D_NEXT : 0) | (p[i].write ? D_WRITE : 0) |
				 (v->wrap ? P_AVAIL : P_USED);
		struct desc *d = &v->ring->desc[v->next];

		*d = (struct desc){ (uint64_t)p[i].at + v->offset, p[i].len, first, i ? flags : d->next };
		if (i == 0)
			first_flags = flags;
		if (++v->next == v->num) {
			v->next = 0;
			v->wrap = !v->wrap;
		}
	}
	vio_barrier();
	*(volatile uint16_t *)&v->ring->desc[first].next = first_flags;
}

static inline void vio_kick(struct vio *v)
{
	vio_barrier();
	vio_write(v, 0x50, v->queue);
}

/* Something was given back, or the device gave up. */
static inline bool vio_used(struct vio *v, unsigned slots, uint32_t *ret_len)
{
	for (;;) {
		if (!v->packed) {
			uint16_t idx = *(volatile uint16_t *)&v->ring->used.idx;

			if (idx != v->seen) {
				*ret_len = v->ring->used.ring[v->seen++ % v->num].len;
				return true;
			}
		} else {
			volatile struct desc *d = &v->ring->desc[v->seen];
			uint16_t flags = d->next;

			if (!!(flags & P_AVAIL) == v->used_wrap && !!(flags & P_USED) == v->used_wrap) {
				*ret_len = d->len;
				v->seen += slots;
				if (v->seen >= v->num) {
					v->seen -= v->num;
					v->used_wrap = !v->used_wrap;
				}
				return true;
			}
		}
		if (vio_read(v, 0x70) & 0x40)
			return false;
		pause();
	}
}

/* One request from first to last; false when the device gave up. */
static inline bool vio_do(struct vio *v, const struct piece *p, unsigned n, uint32_t *ret_len)
{
	if (v->packed)
		vio_put_packed(v, p, n);
	else
		vio_put_split(v, p, n);
	vio_kick(v);
	return vio_used(v, n, ret_len);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/fuzz/virtio_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/virtio_board.h"

#define SIZE 16
#define DATA 0x20000u

struct input {
	const uint8_t *data;
	size_t len;
};

static unsigned take(struct input *in, unsigned bytes)
{
	unsigned v = 0;

	for (unsigned i = 0; i < bytes; i++) {
		v = v << 8 | (in->len ? *in->data : 0);
		if (in->len) {
			in->data++;
			in->len--;
		}
	}
	return v;
}

/* A chain that is nearly right: @n pieces, each 16 bytes of operands' choice. */
static void chain(struct virtio_board *b, struct input *in)
{
	unsigned q = take(in, 1) % b->dev->nqueues, n = take(in, 1) % 6 + 1, at = take(in, 1) % SIZE;
	bool packed = virtio_has(b->dev, VIRTIO_F_RING_PACKED);
	struct virtq *vq = &b->dev->q[q];
	unsigned first = packed ? vq->last_avail % SIZE : at;

	for (unsigned i = 0; i < n; i++) {
		unsigned index = (first + i) % SIZE, kind = take(in, 1);
		uint8_t *d = b->ram + VB_RING(q) + index * 16;
		uint16_t flags = (i + 1 < n ? 1 : 0) | (kind & 1 ? 2 : 0) | (kind >= 0xf0 ? 4 : 0);
		bool wrap = vq->avail_wrap ^ (index < first);

		le64_write(d, kind >= 0xe8 && kind < 0xf0 ? take(in, 2) * 0x100000ull : DATA + (take(in, 1) << 8));
		le32_write(d + 8, kind & 2 ? take(in, 2) : take(in, 1));
		if (packed)
			flags |= wrap ? 0x80 : 0x8000;
		le16_write(d + 12, packed ? index : flags);
		le16_write(d + 14, packed ? flags : (index + 1) % (SIZE + (kind == 0xe0)));
	}
	if (!packed) {
		uint8_t *avail = b->ram + VB_AVAIL(q);
		uint16_t idx = le16_read(avail + 2);

		if (b->dev->opts.way == VIRTIO_WAY_MMIO_LEGACY)
			avail = b->ram + VB_RING(q) + 16 * SIZE;
		idx = le16_read(avail + 2);
		le16_write(avail + 4 + 2 * (idx % SIZE), first);
		le16_write(avail + 2, idx + 1);
	}
	virtio_kick(b->dev, q);
}

static void bytes(struct virtio_board *b, struct input *in)
{
	unsigned at = DATA + (take(in, 1) << 8), n = take(in, 1) % 64;

	for (unsigned i = 0; i < n; i++)
		b->ram[at + i] = take(in, 1);
}

static void operate(struct virtio_board *b, struct input *in)
{
	unsigned op = take(in, 1), offset, reg;

	switch (op % 12) {
	case 0 ... 3:
		chain(b, in);
		break;
	case 4 ... 5:
		bytes(b, in);
		break;
	case 6:
		virtio_board_turn(b);
		break;
	case 7:
		offset = take(in, 2) % 0x8000;
		vb_write(b, offset, 1u << (op / 12 % 4), take(in, 4) | (uint64_t)take(in, 2) << 32);
		break;
	case 8:
		vb_read(b, take(in, 2) % 0x8000, 1u << (op / 12 % 4));
		break;
	case 9: /* anything anywhere in the rings */
		offset = 0x1000 + take(in, 2) % 0x8000;
		b->ram[offset] = take(in, 1);
		break;
	case 10:
		virtio_board_start(b, ~0ull ^ (1ull << take(in, 1) % 64), b->dev->nqueues, SIZE);
		break;
	case 11:
		reg = take(in, 1);
		fake_out(b->vm, 0xcf8, 4, 0x80000000 | b->dev->place.slot << 11 | (reg & 0xfc));
		if (op & 0x80)
			fake_out(b->vm, 0xcfc + (reg & 3), 1u << (op / 12 % 3), take(in, 4));
		else
			fake_in(b->vm, 0xcfc, 4);
		break;
	}
}

int virtio_fuzz(const struct device_model *model, const char *option, const char *text,
		const char *const *ways, const uint8_t *data, size_t len)
{
	struct input in = { data, len };
	struct virtio_board b;
	unsigned n = 0, way = take(&in, 1);

	while (ways[n])
		n++;
	virtio_board_init(&b, model, option, text, ways[way % n]);
	virtio_board_start(&b, ~0ull, b.dev->nqueues, SIZE);
	while (in.len)
		operate(&b, &in);
	virtio_board_turn(&b);
	for (size_t i = 0; i < b.vm->devices.len; i++)
		free(fake_board_describe(b.vm, i));
	virtio_board_deinit(&b);
	return 0;
}

const char *virtio_fuzz_file(size_t size)
{
	static char path[64]; /* one target is one process */
	int fd;

	if (path[0])
		return path;
	snprintf(path, sizeof(path), "/tmp/vmscope-fuzz.XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || ftruncate(fd, size))
		abort();
	unlink(path);
	/* The descriptor stays open: the path is by it. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

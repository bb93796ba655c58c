/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tests/lib/virtio_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "guest/hw/hw.h"
#include "guest/hw/pci.h"
#include "guest/virtio/worker.h"

static bool is_pci(const struct virtio_board *b)
{
	return b->dev->opts.way == VIRTIO_WAY_PCI;
}

static uint64_t base(const struct virtio_board *b)
{
	return is_pci(b) ? PCI_WINDOW_GPA + b->dev->place.slot * PCI_SLOT_LEN : b->dev->place.gpa;
}

void virtio_board_init(struct virtio_board *b, const struct device_model *model, const char *option,
		       const char *text, const char *opts)
{
	memset(b, 0, sizeof(*b));
	vec_push(&b->config.virtio, (struct guest_virtio){ option, text });
	vec_push(&b->config.virtio_opts, opts);
	b->ram = mmap(NULL, VB_RAM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (b->ram == MAP_FAILED)
		abort();
	b->vm = fake_board_create();
	b->vm->config = &b->config;
	b->vm->ram.nranges = 1;
	b->vm->ram.range[0].start = 0;
	b->vm->ram.range[0].len = VB_RAM;
	b->vm->ram.range[0].host = b->ram;
	fake_board_add(b->vm, &device_pci);
	fake_board_add(b->vm, model);
	b->dev = container_of(b->vm->devices.data[1], struct virtio_dev, dev);
	model->run(&b->dev->dev, true);
	if (is_pci(b)) {
		fake_out(b->vm, 0xcf8, 4, 0x80000000 | b->dev->place.slot << 11 | 4);
		fake_out(b->vm, 0xcfc, 2, 6);
	}
}

void virtio_board_deinit(struct virtio_board *b)
{
	fake_board_destroy(b->vm);
	vec_free(&b->config.virtio);
	vec_free(&b->config.virtio_opts);
	munmap(b->ram, VB_RAM);
}

void vb_write(struct virtio_board *b, uint64_t offset, unsigned size, uint64_t value)
{
	bus_write(b->vm->bus, MEM_MMIO, base(b) + offset, size, value);
}

uint64_t vb_read(struct virtio_board *b, uint64_t offset, unsigned size)
{
	uint64_t value = 0;

	bus_read(b->vm->bus, MEM_MMIO, base(b) + offset, size, &value);
	return value;
}

void virtio_board_turn(struct virtio_board *b)
{
	for (unsigned i = 0; i < b->dev->nworkers; i++)
		worker_turn(&b->dev->worker[i], 0);
}

static void start_pci(struct virtio_board *b, uint64_t features, unsigned n, unsigned size)
{
	vb_write(b, 20, 1, 0);
	vb_write(b, 20, 1, 3);
	for (unsigned i = 0; i < 2; i++) {
		vb_write(b, 8, 4, i);
		vb_write(b, 12, 4, features >> (32 * i));
	}
	vb_write(b, 20, 1, 0xb);
	for (unsigned i = 0; i < n; i++) {
		vb_write(b, 22, 2, i);
		vb_write(b, 24, 2, size);
		vb_write(b, 32, 8, VB_RING(i));
		vb_write(b, 40, 8, VB_AVAIL(i));
		vb_write(b, 48, 8, VB_USED(i));
		vb_write(b, 28, 2, 1);
	}
	vb_write(b, 20, 1, 0xf);
}

static void start_mmio(struct virtio_board *b, uint64_t features, unsigned n, unsigned size)
{
	bool legacy = b->dev->opts.way == VIRTIO_WAY_MMIO_LEGACY;

	vb_write(b, 0x70, 4, 0);
	vb_write(b, 0x70, 4, 3);
	for (unsigned i = 0; i < 2; i++) {
		vb_write(b, 0x24, 4, i);
		vb_write(b, 0x20, 4, features >> (32 * i));
	}
	if (!legacy)
		vb_write(b, 0x70, 4, 0xb);
	for (unsigned i = 0; i < n; i++) {
		vb_write(b, 0x30, 4, i);
		vb_write(b, 0x38, 4, size);
		if (legacy) {
			vb_write(b, 0x40, 4, VB_RING(i) / 4096);
			continue;
		}
		vb_write(b, 0x80, 4, VB_RING(i));
		vb_write(b, 0x90, 4, VB_AVAIL(i));
		vb_write(b, 0xa0, 4, VB_USED(i));
		vb_write(b, 0x44, 4, 1);
	}
	vb_write(b, 0x70, 4, legacy ? 7 : 0xf);
}

bool virtio_board_start(struct virtio_board *b, uint64_t features, unsigned n, unsigned size)
{
	(is_pci(b) ? start_pci : start_mmio)(b, features & b->dev->offered, n, size);
	return atomic_load(&b->dev->live);
}

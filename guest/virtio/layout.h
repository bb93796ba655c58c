/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which virtio devices a machine has and where: decided from the configuration alone, since both the
 * devices and the tables that tell the guest of them (ACPI) need it. */
#pragma once

#include "guest/virtio/options.h"

#define VIRTIO_PLACES_MAX 28

/* Windows of virtio-mmio: in the hole below 4 GiB, clear of PCI's. */
#define VIRTIO_MMIO_GPA 0xd0000000ull
#define VIRTIO_MMIO_STRIDE 0x1000u
#define VIRTIO_MMIO_LEN 0x200u

struct virtio_place {
	const char *kind;	/* "blk" */
	unsigned unit;		/* of the kind: blk0, blk1 */
	const struct guest_virtio *spec; /* the option that asked for it */
	struct virtio_options opts;
	/* MMIO: window and interrupt; PCI: device number on bus 0. */
	uint64_t gpa;
	unsigned gsi, slot;
};

/* Fills @ret, returns how many in *ret_n. Errors are wrong options. */
struct error *virtio_layout(const struct guest_config *config, struct virtio_place ret[VIRTIO_PLACES_MAX],
			    unsigned *ret_n);
/* Does the text of a --disk say if=scsi? */
bool virtio_disk_is_scsi(const char *text);

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/virtio/layout.h"

#include <string.h>

#include "core/base/vec.h"
#include "guest/hw/pci.h"

/* Lines of the PC that nothing else uses; on both the 8259 and the IOAPIC. */
static const uint8_t mmio_gsis[] = { 5, 6, 14, 15 };

static const struct { const char *kind, *option; } kinds[] = {
#define KIND(kind, option) { kind, option },
#include "guest/virtio/kinds.def"
#undef KIND
};

bool virtio_disk_is_scsi(const char *text)
{
	struct virtio_word word;
	bool scsi = false;

	while (virtio_word_next(&text, &word))
		if (!strcmp(word.key, "if"))
			scsi = !strcmp(word.value, "scsi");
	return scsi;
}

static bool asks_for(const struct guest_virtio *spec, size_t kind, unsigned before)
{
	if (strcmp(spec->option, kinds[kind].option))
		return false;
	if (strcmp(spec->option, "disk"))
		return true;
	/* All SCSI disks share one adapter. */
	if (virtio_disk_is_scsi(spec->text))
		return !strcmp(kinds[kind].kind, "scsi") && !before;
	return !strcmp(kinds[kind].kind, "blk");
}

struct error *virtio_layout(const struct guest_config *config, struct virtio_place ret[VIRTIO_PLACES_MAX],
			    unsigned *ret_n)
{
	struct virtio_options opts;
	struct error *err = virtio_options_parse(config, &opts);
	unsigned n = 0, nmmio = 0;

	if (err)
		return err;
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
		unsigned unit = 0;

		for (size_t i = 0; i < config->virtio.len; i++) {
			if (!asks_for(&config->virtio.data[i], kind, unit))
				continue;
			if (n == VIRTIO_PLACES_MAX)
				return error_create(ERROR_USAGE, "too many devices: a machine has room for %d",
						    VIRTIO_PLACES_MAX);
			struct virtio_place *p = &ret[n++];

			*p = (struct virtio_place){ .kind = kinds[kind].kind, .unit = unit++, .opts = opts,
						    .spec = &config->virtio.data[i] };
			p->slot = n; /* 0 is the host bridge */
			p->gsi = pci_gsi(p->slot);
			if (opts.way == VIRTIO_WAY_PCI)
				continue;
			p->gpa = VIRTIO_MMIO_GPA + nmmio * VIRTIO_MMIO_STRIDE;
			p->gsi = mmio_gsis[nmmio++ % ARRAY_SIZE(mmio_gsis)];
		}
	}
	*ret_n = n;
	return NULL;
}

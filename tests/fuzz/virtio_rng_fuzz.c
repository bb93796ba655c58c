/* SPDX-License-Identifier: GPL-3.0-or-later */
/* virtio-rng with a hostile driver: both ring formats, all transports (virtio_fuzz.h). */
#include "guest/hw/hw.h"
#include "tests/fuzz/virtio_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const ways[] = {
		"transport=pci", "transport=pci,packed=on", "transport=mmio", "transport=mmio,packed=on,event_idx=off",
		"transport=mmio-legacy", "transport=mmio,access_platform=on", NULL };

	return virtio_fuzz(&device_virtio_rng, "rng", "", ways, data, len);
}

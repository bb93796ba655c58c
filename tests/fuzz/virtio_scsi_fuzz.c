/* SPDX-License-Identifier: GPL-3.0-or-later */
/* virtio-scsi with a hostile driver: both ring formats, all transports (virtio_fuzz.h). */
#include <stdio.h>

#include "guest/hw/hw.h"
#include "tests/fuzz/virtio_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const ways[] = {
		"transport=pci", "transport=pci,packed=on", "transport=mmio", "transport=mmio,packed=on,event_idx=off",
		"transport=mmio-legacy", "transport=mmio,access_platform=on", NULL };
	static char text[96];

	if (!text[0])
		snprintf(text, sizeof(text), "%s,if=scsi,mq=2", virtio_fuzz_file(256 << 10));

	return virtio_fuzz(&device_virtio_scsi, "disk", text, ways, data, len);
}

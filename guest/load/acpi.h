/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The ACPI tables of the machine: CPUs, interrupt controllers, power-off and reset, virtio devices and the
 * PCI bus they are on; no HPET. They lie where a BIOS has them (guests scan 0xe0000-0xfffff for the root pointer), and the
 * boot protocols that can name the root pointer do so.
 */
#pragma once

#include "guest/load/place.h"
#include "guest/virtio/layout.h"

#define ACPI_GPA 0xe0000
#define ACPI_LEN_MAX 0x2000

/* Claims and writes the tables; *ret_rsdp is 0 when the image itself lies there, which then has no use
 * for them. @boot->min_vcpus is known by now. */
struct error *acpi_place(struct place *p, const struct guest_config *config,
			 const struct boot_state *boot, uint64_t *ret_rsdp);
/* Writes them for @vcpus CPUs and @n virtio devices into the ACPI_LEN_MAX zeroed bytes that the guest sees at
 * ACPI_GPA. */
void acpi_build(uint8_t *mem, unsigned vcpus, enum irqchip_mode irqchip, const struct virtio_place *places,
		unsigned n);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The flattened device tree a PAPR guest starts with (LoPAR appendix B; Linux: powerpc/booting.rst). Knows
 * no KVM: tested on every host. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

#define PPC64_FDT_AP_MAX 8

struct ppc64_fdt {
	uint64_t mem_bytes;
	unsigned vcpus, threads;	/* threads of a core */
	uint32_t pvr;
	uint64_t timebase_hz;
	uint32_t ap_encoding[PPC64_FDT_AP_MAX]; /* KVM_PPC_GET_RMMU_INFO; 0 ends */
	const char *cmdline;		/* or NULL */
	uint64_t initrd, initrd_len;
	uint64_t rtas, rtas_entry, rtas_len;
	const char *(*rtas_name)(unsigned token); /* 1, 2, ...; NULL ends */
	uint32_t vty;			/* unit address */
	uint32_t vty_lisn;		/* with @xive */

	bool xive;
	uint64_t tima;			/* gpa of the four thread interrupt management pages */
	unsigned page_shift;		/* of these, and of the ESB pages */
	uint32_t ipi_lisn, nipis;
};

/* Writes the tree into @buf; fails when @size is too small. *ret_len: bytes used. */
struct error *ppc64_fdt_write(const struct ppc64_fdt *desc, void *buf, size_t size, size_t *ret_len);

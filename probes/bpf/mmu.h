/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `mmu` measures, for its programs and for who shows it. */
#pragma once

enum mmu_what {
	MMU_FAULT,	/* ns KVM handles a guest's page fault; a: error code */
	MMU_FAULT_SEEN,	/* the same where only its begin is seen */
	MMU_REFAULT,	/* ns from the last unmap to a page's being mapped that was mapped before it */
	MMU_UNMAP,	/* ns of an invalidation's start; a: event, b: it may block */
	MMU_HELD,	/* ns from an invalidation's start to its end: faults are retried meanwhile */
	MMU_SLEPT,	/* it slept though it must not; a: event */
	MMU_MAP_MADE,	/* a mapping was made; a: level */
	MMU_FAST,	/* a fault fixed without the lock: dirty or access tracking; a: result */
	MMU_DIRTY,	/* a page went into a dirty ring */
	MMU_LOG,	/* pages were write-protected for the dirty log */
	MMU_AGE,	/* ranges whose use was asked about */
	MMU_RANGE,	/* bytes of a range that was unmapped */
	MMU_WHATS
};

enum mmu_part { MMU_PART_FAULT, MMU_PART_UNMAP, MMU_PART_RANGE, MMU_PART_MAP, MMU_PART_AGE, MMU_PART_DIRTY, MMU_PART_LOG };

/* SPDX-License-Identifier: GPL-3.0-or-later OR BSD-2-Clause */
/* What the probe `irqs` measures, for its programs and for who shows it. */
#pragma once

enum irq_what {
	IRQ_DELIVERY,	/* ns from a LAPIC's accepting to the injection; a: vector */
	IRQ_SERVICE,	/* ns from the injection to the EOI */
	IRQ_WHOLE,	/* ns from accepting to the EOI, where no injection is told */
	IRQ_DELAYED,	/* deliveries that took longer than IRQ_DELAYED_NS */
	IRQ_COALESCED,	/* accepted while the same vector was waiting: the guest sees one */
	IRQ_SPURIOUS,	/* EOI of a vector that was not injected */
	IRQ_PV_EOI,	/* EOIs that the guest left in memory: no exit */
	IRQ_REINJECTED,	/* its injection was interrupted by an exit and made again */
	IRQ_LINE,	/* a line was raised; a: GSI */
	IRQ_IOAPIC,	/* the IOAPIC sent one on; a: pin */
	IRQ_IOAPIC_COALESCED, /* ... but it was pending already */
	IRQ_MSI,	/* a: vector */
	IRQ_HCALL,	/* ns of a hypercall about interrupts (POWER); a: its number */
	IRQ_PUSHED,	/* ns a vCPU's context was with the hardware's interrupt controller */
	IRQ_WHATS
};

#define IRQ_DELAYED_NS 1000000

enum irq_part { IRQ_PART_ACCEPT, IRQ_PART_DELIVER, IRQ_PART_SENDER, IRQ_PART_LINES, IRQ_PART_HCALLS, IRQ_PART_XIVE };

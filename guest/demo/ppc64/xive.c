/* SPDX-License-Identifier: GPL-3.0-or-later */
/* XIVE in exploitation mode: an event queue for each vCPU, its IPI and the console as sources. */
#include "guest/demo/ppc64/demo.h"

#define PRIORITY 6
#define QUEUE_SHIFT 16
#define QUEUE_ENTRIES (1u << (QUEUE_SHIFT - 2))
#define EISN_IPI 0x10
#define EISN_CONSOLE 0x20
#define SET_EISN 2
#define ESB_SET_PQ_00 0xc00
#define PQ_Q 1
#define TIMA_CPPR 0x11		/* in the operating system's ring */
#define TIMA_ACK 0x810
#define NSR_EXCEPTION 0x80
#define CPPR_ALL 0xff

bool have_xive;
static volatile uint8_t *tima;
static uint32_t console_lisn;
static uint32_t queues[CPUS_MAX][QUEUE_ENTRIES] __attribute__((aligned(65536)));

struct source {
	volatile uint64_t *manage, *trigger;
};
static struct source ipi_source[CPUS_MAX], console_source;

/* The four pairs of cells of "reg": user page and its size, the operating system's and its size. */
void xive_init(const void *fdt)
{
	const uint32_t *reg = fdt_find(fdt, "interrupt-controller@", "reg", NULL);
	const uint32_t *irq = fdt_find(fdt, "vty@", "interrupts", NULL);

	if (!reg || !irq)
		return;
	tima = (volatile uint8_t *)((uint64_t)be32(reg[4]) << 32 | be32(reg[5]));
	console_lisn = be32(irq[0]);
	have_xive = true;
}

static bool source_init(struct source *s, uint32_t lisn, unsigned server, uint32_t eisn)
{
	uint64_t info[4];

	if (hcall(H_INT_GET_SOURCE_INFO, 0, lisn, 0, 0, 0, info) ||
	    hcall(H_INT_SET_SOURCE_CONFIG, SET_EISN, lisn, server, PRIORITY, eisn, NULL))
		return false;
	s->manage = (volatile uint64_t *)info[1];
	s->trigger = (volatile uint64_t *)info[2];
	(void)s->manage[ESB_SET_PQ_00 / 8]; /* the load is what does it */
	return true;
}

void xive_cpu_init(struct cpu *cpu)
{
	if (!have_xive)
		return;
	cpu->queue = queues[cpu->id];
	cpu->queue_at = cpu->queue_toggle = 0;
	if (hcall(H_INT_SET_QUEUE_CONFIG, 1, cpu->id, PRIORITY, (uint64_t)cpu->queue, QUEUE_SHIFT, NULL) ||
	    !source_init(&ipi_source[cpu->id], cpu->id, cpu->id, EISN_IPI + cpu->id) ||
	    (cpu->id == 0 && !source_init(&console_source, console_lisn, 0, EISN_CONSOLE))) {
		print("no interrupts: XIVE takes no queue here\n");
		have_xive = false;
		return;
	}
	tima[TIMA_CPPR] = CPPR_ALL;
}

void xive_send_ipi(unsigned to)
{
	if (have_xive && ipi_source[to].trigger)
		*ipi_source[to].trigger = 0;
}

/* The next entry of the queue is there when its generation bit differs from what this lap started with. */
static bool take(struct cpu *cpu, uint32_t *ret)
{
	uint32_t entry = be32(*(volatile uint32_t *)&cpu->queue[cpu->queue_at]);

	if (entry >> 31 == cpu->queue_toggle)
		return false;
	*ret = entry & 0x7fffffff;
	if (++cpu->queue_at == QUEUE_ENTRIES) {
		cpu->queue_at = 0;
		cpu->queue_toggle ^= 1;
	}
	return true;
}

static void end_of_interrupt(struct source *s)
{
	/* What came meanwhile (Q) is triggered again. */
	if (be64(s->manage[ESB_SET_PQ_00 / 8]) & PQ_Q)
		*s->trigger = 0;
}

void xive_interrupt(struct cpu *cpu)
{
	uint32_t eisn;
	/* NSR and CPPR, in this order in memory; the load takes the interrupt. */
	union { uint16_t both; uint8_t nsr; } ack = { *(volatile uint16_t *)(tima + TIMA_ACK) };

	if (!(ack.nsr & NSR_EXCEPTION))
		return;
	while (take(cpu, &eisn)) {
		if (eisn == EISN_CONSOLE) {
			console_input();
			end_of_interrupt(&console_source);
		} else {
			cpu->ipis++;
			end_of_interrupt(&ipi_source[cpu->id]);
		}
	}
	tima[TIMA_CPPR] = CPPR_ALL;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Local APICs (timer, INIT/SIPI) and the IOAPIC pin of the serial port. */
#include "guest/demo/demo.h"

#define LAPIC 0xfee00000ULL
#define LAPIC_ID 0x20
#define LAPIC_EOI 0xb0
#define LAPIC_SVR 0xf0
#define LAPIC_ICR_LOW 0x300
#define LAPIC_ICR_HIGH 0x310
#define LAPIC_TIMER 0x320
#define LAPIC_LINT0 0x350
#define LAPIC_TIMER_COUNT 0x380
#define LAPIC_TIMER_DIVIDE 0x3e0

#define SVR_ENABLE 0x100
#define LVT_MASKED 0x10000
#define TIMER_PERIODIC 0x20000
#define DIVIDE_BY_1 0xb
#define ICR_OTHERS 0xc0000
#define ICR_ASSERT 0x4000
#define ICR_INIT 0x500
#define ICR_SIPI 0x600
#define KVM_BUS_HZ 1000000000ULL

#define IOAPIC 0xfec00000ULL
#define IOAPIC_REDIR(pin) (0x10 + 2 * (pin))
#define UART_PIN 4
#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA 0xa1

#define TRAMPOLINE 0x8000
/* How long the first vCPU waits for another to come up, in looks. */
#define START_LOOKS 2000

static uint32_t lapic_read(unsigned reg)
{
	return *(volatile uint32_t *)(LAPIC + reg);
}

static void lapic_write(unsigned reg, uint32_t v)
{
	*(volatile uint32_t *)(LAPIC + reg) = v;
}

static void ioapic_write(unsigned reg, uint32_t v)
{
	*(volatile uint32_t *)IOAPIC = reg;
	*(volatile uint32_t *)(IOAPIC + 0x10) = v;
}

void apic_eoi(void)
{
	lapic_write(LAPIC_EOI, 0);
}

void apic_init(struct cpu *cpu)
{
	cpu->apic_id = lapic_read(LAPIC_ID) >> 24;
	lapic_write(LAPIC_LINT0, LVT_MASKED);
	lapic_write(LAPIC_SVR, SVR_ENABLE | VECTOR_SPURIOUS);
	if (cpu->id)
		return;
	outb(PIC_MASTER_DATA, 0xff);
	outb(PIC_SLAVE_DATA, 0xff);
	ioapic_write(IOAPIC_REDIR(UART_PIN) + 1, cpu->apic_id << 24);
	ioapic_write(IOAPIC_REDIR(UART_PIN), VECTOR_UART);
}

void apic_start_timer(void)
{
	lapic_write(LAPIC_TIMER_DIVIDE, DIVIDE_BY_1);
	lapic_write(LAPIC_TIMER, TIMER_PERIODIC | VECTOR_TIMER);
	lapic_write(LAPIC_TIMER_COUNT, KVM_BUS_HZ / TICKS_PER_SECOND);
}

/* INIT and SIPI to everybody else; whoever is there takes a number in start.S. Waits until the number of
 * those that arrived stands still. */
void apic_start_others(void)
{
	for (size_t i = 0; i < (size_t)(trampoline_end - trampoline_start); i++)
		((volatile uint8_t *)TRAMPOLINE)[i] = trampoline_start[i];
	lapic_write(LAPIC_ICR_LOW, ICR_OTHERS | ICR_ASSERT | ICR_INIT);
	lapic_write(LAPIC_ICR_LOW, ICR_OTHERS | ICR_ASSERT | ICR_SIPI | TRAMPOLINE >> 12);
	uint32_t expected = 0;
	uint32_t r[4];
	cpuid(1, r);
	expected = r[1] >> 16 & 0xff; /* logical processors of the package */
	for (unsigned looks = 0; looks < START_LOOKS && cpus_started < expected; looks++)
		pause();
}

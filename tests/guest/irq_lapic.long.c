/* SPDX-License-Identifier: GPL-3.0-or-later */
/* LAPIC timer: one shot fires once, periodic fires again and again. Status 1. */
#include "tests/guest/lib/guest.h"

#define SVR 0xf0
#define LVT_TIMER 0x320
#define LVT_LINT0 0x350
#define TIMER_COUNT 0x380
#define TIMER_DIVIDE 0x3e0
#define VECTOR 0x40
#define PERIODIC 0x20000
#define MASKED 0x10000

int main(uint32_t start_info)
{
	irq_init();
	lapic_write(LVT_LINT0, MASKED);
	lapic_write(SVR, 0x1ff);
	lapic_write(TIMER_DIVIDE, 0xb);
	lapic_write(LVT_TIMER, VECTOR);
	lapic_write(TIMER_COUNT, 1000000);
	while (timer_count < 1)
		wait_irq();
	print("one shot fired\n");
	for (unsigned i = 0; i < 3000; i++)
		pause();
	show("count after that", lapic_read(0x390));
	lapic_write(LVT_TIMER, VECTOR | PERIODIC);
	lapic_write(TIMER_COUNT, 2000000);
	while (timer_count < 6)
		wait_irq();
	lapic_write(LVT_TIMER, MASKED);
	print("periodic fired five times\n");
	return 0;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* COM1: polled output, input by interrupt into a small ring. */
#include "guest/demo/demo.h"

#define COM1 0x3f8
#define DATA 0
#define IER 1
#define FCR 2
#define LCR 3
#define MCR 4
#define LSR 5
#define LSR_DATA 0x01
#define LSR_THRE 0x20
#define RING 64

static struct spinlock print_lock;
static volatile uint8_t ring[RING];
static volatile unsigned ring_in, ring_out; /* count up for ever */

void serial_init(void)
{
	outb(COM1 + LCR, 0x80);	/* divisor latch: 115200 baud */
	outb(COM1 + DATA, 1);
	outb(COM1 + IER, 0);
	outb(COM1 + LCR, 0x03);	/* 8n1 */
	outb(COM1 + FCR, 0x07);	/* FIFOs on and cleared, trigger level 1 */
	outb(COM1 + MCR, 0x0b);	/* DTR, RTS, and OUT2: the interrupt line */
}

void serial_enable_input(void)
{
	outb(COM1 + IER, 0x01);
}

void serial_interrupt(void)
{
	while (inb(COM1 + LSR) & LSR_DATA) {
		uint8_t c = inb(COM1 + DATA);
		if (ring_in - ring_out < RING)
			ring[ring_in++ % RING] = c;
	}
}

int serial_getc(void)
{
	if (ring_in == ring_out)
		return -1;
	return ring[ring_out++ % RING];
}

static void putc(char c)
{
	while (!(inb(COM1 + LSR) & LSR_THRE))
		pause();
	outb(COM1 + DATA, c);
}

/* Pieces of one line may come from several calls; the lock only keeps single pieces whole. */
void print(const char *s)
{
	spin_lock(&print_lock);
	for (; *s; s++) {
		if (*s == '\n')
			putc('\r');
		putc(*s);
	}
	spin_unlock(&print_lock);
}

void print_dec(uint64_t v)
{
	char buf[21], *p = buf + sizeof(buf) - 1;
	*p = 0;
	do {
		*--p = '0' + v % 10;
		v /= 10;
	} while (v);
	print(p);
}

void print_hex(uint64_t v)
{
	char buf[19], *p = buf + sizeof(buf) - 1;
	*p = 0;
	do {
		*--p = "0123456789abcdef"[v & 15];
		v >>= 4;
	} while (v);
	*--p = 'x';
	*--p = '0';
	print(p);
}

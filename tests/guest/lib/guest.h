/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tiny guests share. A guest is one file, tests/guest/<name>.<mode>.{c,S}; the mode chooses how it is
 * linked and entered:
 *
 *	long	ELF64, entered in long mode, identity map: main(start_info)
 *	pvh	ELF64 with a PVH note, entered in 32-bit protected mode: pure assembly
 *	prot	ELF32 with a multiboot header: main(magic, info)
 *	real	flat binary for --flat 0x7c00: pure assembly
 *
 * main's result goes to the debug exit port: the guest ends with status (result << 1) | 1.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COM1 0x3f8
#define DEBUG_EXIT 0xf4
#define NOINLINE __attribute__((noinline))

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outl(uint16_t port, uint32_t v)
{
	__asm__ volatile("outl %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint16_t inw(uint16_t port)
{
	uint16_t v;
	__asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline uint32_t inl(uint16_t port)
{
	uint32_t v;
	__asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void pause(void)
{
	__asm__ volatile("pause");
}

static inline uint8_t cmos(uint8_t index)
{
	outb(0x70, index);
	return inb(0x71);
}

/* crt.c: both word sizes */
void print(const char *s);
void print_hex(uint64_t v);
void print_dec(uint64_t v);
/* Prints "NAME: VALUE in hex". */
void show(const char *name, uint64_t v);
/* Ends the guest with status (code << 1) | 1. */
void finish(uint8_t code) __attribute__((noreturn));

/* long.S and irq.c: 64-bit guests with interrupts. Vectors 0x20-0x2f are the PIC's, 0x40 the LAPIC timer's,
 * any other ends the guest with a line that says so. */
extern volatile unsigned irq_count[16];
extern volatile unsigned timer_count;
void irq_init(void);		/* IDT; PIC remapped, all masked; interrupts still off */
void irq_unmask(unsigned irq);
/* Called for PIC interrupt @irq before its EOI; defined by the guest that wants it. */
void irq_handler(unsigned irq);
void wait_irq(void);		/* sti; hlt; cli */
void irq_trap(uint64_t vector, uint64_t error, uint64_t rip);
void lapic_write(unsigned reg, uint32_t v);
uint32_t lapic_read(unsigned reg);

#if defined(__x86_64__)
int main(uint32_t start_info);
#else
int main(uint32_t magic, uint32_t info);
#endif

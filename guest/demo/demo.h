/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The embedded demo guest: a tiny kernel worth stepping through. It boots by the PVH note in 32-bit mode,
 * goes to long mode, maps itself with proper rights, starts the other vCPUs and lets all of them work in
 * rounds, woken by their LAPIC timers. It runs under KVM's instruction emulator on some hosts: no SSE,
 * nothing exotic, and few instructions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX 8
#define STACK_SIZE 8192
#define TICKS_PER_SECOND 20

/* Vectors. */
#define VECTOR_PAGE_FAULT 14
#define VECTOR_UART 0x34
#define VECTOR_TIMER 0x40
#define VECTOR_SPURIOUS 0xff

struct cpu {
	struct cpu *self;		/* what %gs:0 holds */
	unsigned id;
	uint32_t apic_id;
	volatile uint64_t ticks;	/* timer interrupts taken */
	uint64_t rounds;
	uint64_t sum;			/* of the last round */
	volatile bool online;
};

/* What trap stubs push (start.S). */
struct trap_frame {
	uint64_t r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
	uint64_t vector, error;
	uint64_t rip, cs, rflags, rsp, ss;
};

struct spinlock {
	volatile uint32_t locked;
};

/* What all vCPUs change, under the lock. */
struct shared {
	struct spinlock lock;
	unsigned last_cpu;
	uint64_t rounds;
	uint64_t handovers;		/* rounds that followed one of another vCPU */
	uint64_t sum;
};

extern struct cpu cpus[CPUS_MAX];
extern struct shared shared;
extern volatile uint32_t cpus_started;
extern bool have_apic;

/* start.S */
extern const uint8_t trampoline_start[], trampoline_end[];
extern uint64_t trap_stubs[];
extern uint8_t stacks[];

/* cpu.c */
void cpu_init(struct cpu *cpu);
void trap(struct trap_frame *frame);
bool cpu_try_write(volatile uint64_t *at);
void cpu_panic(const char *why, const struct trap_frame *frame) __attribute__((noreturn));

/* paging.c */
void paging_init(void);
void paging_load(void);

/* apic.c */
void apic_init(struct cpu *cpu);
void apic_start_timer(void);
void apic_start_others(void);
void apic_eoi(void);

/* serial.c */
void serial_init(void);
void serial_enable_input(void);
void serial_interrupt(void);
int serial_getc(void);		/* -1: nothing typed */
void print(const char *s);
void print_dec(uint64_t v);
void print_hex(uint64_t v);

/* work.c */
uint64_t work_round(struct cpu *cpu);

/* main.c */
void main(uint32_t start_info);
void secondary_main(unsigned id);

/* lock.c */
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

static inline void outb(uint16_t port, uint8_t v)
{
	__asm__ volatile("outb %0, %1" : : "a"(v), "Nd"(port));
}

static inline void outw(uint16_t port, uint16_t v)
{
	__asm__ volatile("outw %0, %1" : : "a"(v), "Nd"(port));
}

static inline uint8_t inb(uint16_t port)
{
	uint8_t v;
	__asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
	return v;
}

static inline void wrmsr(uint32_t msr, uint64_t v)
{
	__asm__ volatile("wrmsr" : : "c"(msr), "a"((uint32_t)v), "d"((uint32_t)(v >> 32)));
}

static inline void cpuid(uint32_t leaf, uint32_t r[4])
{
	__asm__ volatile("cpuid" : "=a"(r[0]), "=b"(r[1]), "=c"(r[2]), "=d"(r[3]) : "a"(leaf), "c"(0));
}

static inline void pause(void)
{
	__asm__ volatile("pause");
}

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;
	__asm__("movq %%gs:0, %0" : "=r"(cpu));
	return cpu;
}

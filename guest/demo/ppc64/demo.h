/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The demo guest for POWER, in both byte orders: a PAPR guest that maps itself by radix, starts the other
 * vCPUs by RTAS and lets all of them work in rounds, woken by their decrementers and by each other's
 * interrupts (XIVE). Interrupt handlers run in real mode: everything is mapped one to one.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS_MAX 8
#define STACK_SIZE 16384
#define TICKS_PER_SECOND 20
#define TB_HZ 512000000u

/* Hypercalls (LoPAR 14). */
#define H_GET_TERM_CHAR 0x54
#define H_PUT_TERM_CHAR 0x58
#define H_CEDE 0xe0
#define H_SET_MODE 0x31c
#define H_REGISTER_PROC_TBL 0x37c
#define H_INT_GET_SOURCE_INFO 0x3a8
#define H_INT_SET_SOURCE_CONFIG 0x3ac
#define H_INT_SET_QUEUE_CONFIG 0x3b8
#define H_RTAS 0xf000
#define H_VMSCOPE_EXIT 0xf0f0

/* Interrupt vectors. */
#define VECTOR_EXTERNAL 0x500
#define VECTOR_DECREMENTER 0x900

struct cpu {
	unsigned id;
	volatile uint64_t ticks;	/* decrementer interrupts taken */
	volatile uint64_t ipis;		/* interrupts another vCPU sent */
	uint64_t rounds;
	uint64_t sum;			/* of the last round */
	volatile bool online;
	uint32_t *queue;		/* XIVE event queue, and where this vCPU is in it */
	uint32_t queue_at, queue_toggle;
};

/* What start.S saves of the interrupted code. */
struct frame {
	uint64_t gpr[32];
	uint64_t srr0, srr1, lr, ctr, xer, cr, vector;
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
extern unsigned cpus_known;
extern bool have_xive;

/* start.S */
extern uint8_t stacks[];
void secondary_start(void);
/* A hypercall with up to six arguments; r4 to r7 of the result go to @ret (4 values) unless it is NULL. */
int64_t hcall(uint64_t nr, uint64_t a, uint64_t b, uint64_t c, uint64_t d, uint64_t e, uint64_t *ret);

/* main.c */
void main(const void *fdt);
void secondary_main(unsigned id);
void interrupt(struct frame *frame);

/* console.c */
void console_input(void);
void print(const char *s);
void print_dec(uint64_t v);
void print_hex(uint64_t v);

/* fdt.c: the property of the first node whose name starts so; NULL when there is none. */
const void *fdt_find(const void *fdt, const char *node, const char *property, unsigned *ret_len);

/* mmu.c */
void mmu_init(void);
void mmu_on(void);

/* rtas.c */
void rtas_init(const void *fdt);
int rtas_call(const char *name, unsigned nargs, unsigned nret, uint32_t a, uint32_t b, uint32_t c);

/* xive.c */
void xive_init(const void *fdt);
void xive_cpu_init(struct cpu *cpu);
void xive_interrupt(struct cpu *cpu);
void xive_send_ipi(unsigned to);

/* work.c */
uint64_t work_round(struct cpu *cpu);

/* lock.c */
void spin_lock(struct spinlock *lock);
void spin_unlock(struct spinlock *lock);

static inline uint32_t be32(uint32_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap32(v);
#else
	return v;
#endif
}

static inline uint64_t be64(uint64_t v)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(v);
#else
	return v;
#endif
}

static inline struct cpu *this_cpu(void)
{
	struct cpu *cpu;
	__asm__ volatile("mfsprg %0, 0" : "=r"(cpu));
	return cpu;
}

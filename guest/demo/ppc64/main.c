/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/demo/ppc64/demo.h"

#define MSR_EE 0x8000ull
#define SPR_DEC 22
#define MODE_LE 4
#define NOINLINE __attribute__((noinline))

struct cpu cpus[CPUS_MAX];
struct shared shared;
unsigned cpus_known = 1;
static bool be_quiet;

void share_sum(struct cpu *cpu, uint64_t sum);
void handle_key(int key);

/* Tells the others what this vCPU found. */
NOINLINE void share_sum(struct cpu *cpu, uint64_t sum)
{
	spin_lock(&shared.lock);
	shared.rounds++;
	shared.sum ^= sum;
	if (shared.last_cpu != cpu->id)
		shared.handovers++;
	shared.last_cpu = cpu->id;
	spin_unlock(&shared.lock);
}

static struct spinlock line_lock; /* keeps lines of several pieces whole */

static void print_hello(const struct cpu *cpu)
{
	spin_lock(&line_lock);
	print("vmscope demo guest: hello from vcpu ");
	print_dec(cpu->id);
	print("\n");
	spin_unlock(&line_lock);
}

static void print_round(const struct cpu *cpu)
{
	spin_lock(&line_lock);
	print("vcpu ");
	print_dec(cpu->id);
	print(": round ");
	print_dec(cpu->rounds);
	print(", ticks ");
	print_dec(cpu->ticks);
	print(", ipis ");
	print_dec(cpu->ipis);
	print(", sum ");
	print_hex(cpu->sum);
	print("\n");
	spin_unlock(&line_lock);
}

static void set_timer(void)
{
	__asm__ volatile("mtspr %0, %1" : : "i"(SPR_DEC), "r"(TB_HZ / TICKS_PER_SECOND));
}

static void enable_interrupts(bool on)
{
	uint64_t msr;

	__asm__ volatile("mfmsr %0" : "=r"(msr));
	msr = on ? msr | MSR_EE : msr & ~MSR_EE;
	__asm__ volatile("mtmsrd %0, 1" : : "r"(msr) : "memory");
}

static void panic(const struct frame *frame) __attribute__((noreturn));
static void panic(const struct frame *frame)
{
	print("panic: interrupt ");
	print_hex(frame->vector);
	print(" at ");
	print_hex(frame->srr0);
	print(", srr1 ");
	print_hex(frame->srr1);
	print("\n");
	for (;;)
		hcall(H_VMSCOPE_EXIT, 9, 0, 0, 0, 0, NULL);
}

void interrupt(struct frame *frame)
{
	struct cpu *cpu = this_cpu();

	switch (frame->vector) {
	case VECTOR_DECREMENTER:
		cpu->ticks++;
		set_timer();
		break;
	case VECTOR_EXTERNAL:
		xive_interrupt(cpu);
		break;
	default:
		panic(frame);
	}
}

/* Gives the CPU up until an interrupt: H_CEDE lets them in. */
static void wait_for_tick(struct cpu *cpu)
{
	uint64_t seen = cpu->ticks;

	while (cpu->ticks == seen) {
		hcall(H_CEDE, 0, 0, 0, 0, 0, NULL);
		enable_interrupts(false);
	}
}

static void work(struct cpu *cpu)
{
	uint64_t sum = work_round(cpu);

	share_sum(cpu, sum);
	if (!be_quiet && cpu->rounds % TICKS_PER_SECOND == 0)
		print_round(cpu);
	for (unsigned i = 0; i < cpus_known; i++)
		if (i != cpu->id && cpus[i].online)
			xive_send_ipi(i);
	wait_for_tick(cpu);
}

NOINLINE void handle_key(int key)
{
	char echo[2] = { (char)key, 0 };

	switch (key) {
	case 'h':
		print("keys: h help, p power off, r reset, q end with a status, others: echo\n");
		break;
	case 'p':
		rtas_call("power-off", 2, 1, 0, 0, 0);
		break;
	case 'r':
		rtas_call("system-reboot", 0, 1, 0, 0, 0);
		break;
	case 'q':
		print("bye\n");
		hcall(H_VMSCOPE_EXIT, 1, 0, 0, 0, 0, NULL);
		break;
	default:
		print(key == '\r' ? "\n" : echo);
	}
}

/* SPRG3 is the guest's, and what user code reads as its CPU number (getcpu): the host must keep its own. */
static void init_cpu(struct cpu *cpu)
{
	uint64_t user;

	__asm__ volatile("mtsprg 0, %0" : : "r"(cpu));
	__asm__ volatile("mtsprg 3, %0" : : "r"(0x5c0000ull | cpu->id));
	__asm__ volatile("mfspr %0, 259" : "=r"(user));
	if (user != (0x5c0000ull | cpu->id))
		print("SPRG3 reads otherwise for users\n");
	mmu_on();
	xive_cpu_init(cpu);
	set_timer();
	cpu->online = true;
	print_hello(cpu);
}

void secondary_main(unsigned id)
{
	struct cpu *cpu = &cpus[id];

	cpu->id = id;
	init_cpu(cpu);
	for (;;)
		work(cpu);
}

/* Starts every vCPU there is; their numbers follow each other. */
static void start_others(void)
{
	for (unsigned id = 1; id < CPUS_MAX; id++) {
		if (rtas_call("start-cpu", 3, 1, id, (uint32_t)(uint64_t)secondary_start, id))
			return;
		cpus_known = id + 1;
	}
}

static void read_cmdline(const void *fdt)
{
	const char *cmdline = fdt_find(fdt, "chosen", "bootargs", NULL), *quiet = "quiet";

	if (!cmdline || !*cmdline)
		return;
	print("command line: ");
	print(cmdline);
	print("\n");
	while (*quiet && *cmdline == *quiet) {
		cmdline++;
		quiet++;
	}
	be_quiet = !*quiet;
}

void main(const void *fdt)
{
	struct cpu *cpu = &cpus[0];

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	hcall(H_SET_MODE, 1, MODE_LE, 0, 0, 0, NULL);
#endif
	read_cmdline(fdt);
	rtas_init(fdt);
	mmu_init();
	xive_init(fdt);
	init_cpu(cpu);
	start_others();
	for (;;) {
		work(cpu);
		console_input();
	}
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/demo/demo.h"

#define DEBUG_EXIT 0xf4
#define PM_CONTROL 0x604
#define PM_SLEEP 0x2000
#define I8042_COMMAND 0x64
#define I8042_RESET 0xfe
#define CPUID_EDX_APIC (1u << 9)
#define HVM_START_MAGIC 0x336ec578u
#define NOINLINE __attribute__((noinline))

struct cpu cpus[CPUS_MAX];
struct shared shared;
volatile uint32_t cpus_started = 1; /* counted in start.S */
bool have_apic;
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
	print(", sum ");
	print_hex(cpu->sum);
	print("\n");
	spin_unlock(&line_lock);
}

/* Halts until the next timer interrupt; without a LAPIC there is none, so it spends time. */
static void wait_for_tick(struct cpu *cpu)
{
	uint64_t seen = cpu->ticks;
	if (!have_apic) {
		for (unsigned i = 0; i < 20000; i++)
			pause();
		serial_interrupt(); /* nor for what is typed */
		cpu->ticks++;
		return;
	}
	while (cpu->ticks == seen)
		/* STI's shadow: no interrupt can come between the two. */
		__asm__ volatile("sti; hlt; cli" : : : "memory");
}

static void work(struct cpu *cpu)
{
	uint64_t sum = work_round(cpu);
	share_sum(cpu, sum);
	if (!be_quiet && cpu->rounds % TICKS_PER_SECOND == 0)
		print_round(cpu);
	wait_for_tick(cpu);
}

NOINLINE void handle_key(int key)
{
	char echo[2] = { (char)key, 0 };
	switch (key) {
	case 'h':
		print("keys: h help, f page fault, p power off, r reset, q end with a status, others: echo\n");
		break;
	case 'f':
		print(cpu_try_write((uint64_t *)main) ? "writing to the text faulted, as it should\n"
						      : "writing to the text worked: the mapping is wrong\n");
		break;
	case 'p':
		outw(PM_CONTROL, PM_SLEEP);
		break;
	case 'r':
		outb(I8042_COMMAND, I8042_RESET);
		break;
	case 'q':
		print("bye\n");
		outb(DEBUG_EXIT, 0);
		break;
	default:
		print(key == '\r' ? "\n" : echo);
	}
}

/* The PVH start info's command line, when there is one; `quiet` on it turns the round lines off. */
static void read_cmdline(uint32_t start_info)
{
	const uint32_t *info = (const uint32_t *)(uint64_t)start_info;
	if (!info || info[0] != HVM_START_MAGIC || !info[6])
		return;
	const char *cmdline = (const char *)(uint64_t)info[6];
	print("command line: ");
	print(cmdline);
	print("\n");
	const char *quiet = "quiet";
	while (*quiet && *cmdline == *quiet) {
		cmdline++;
		quiet++;
	}
	be_quiet = !*quiet;
}

static void detect_apic(void)
{
	uint32_t r[4];
	cpuid(1, r);
	have_apic = r[3] & CPUID_EDX_APIC;
}

void secondary_main(unsigned id)
{
	struct cpu *cpu = &cpus[id];
	cpu->id = id;
	cpu_init(cpu);
	apic_init(cpu);
	cpu->online = true;
	print_hello(cpu);
	apic_start_timer();
	for (;;)
		work(cpu);
}

void main(uint32_t start_info)
{
	struct cpu *cpu = &cpus[0];
	serial_init();
	print_hello(cpu);
	read_cmdline(start_info);
	cpu_init(cpu);
	paging_init();
	detect_apic();
	cpu->online = true;
	if (have_apic) {
		apic_init(cpu);
		apic_start_others();
		apic_start_timer();
		serial_enable_input();
	}
	for (;;) {
		work(cpu);
		for (int key = serial_getc(); key >= 0; key = serial_getc())
			handle_key(key);
	}
}

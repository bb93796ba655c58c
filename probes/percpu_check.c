/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/percpu_check.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TRIES 8

struct job {
	const int *cpus;
	unsigned n, done;
	struct percpu_look *looks;
};

#if defined(__x86_64__)
const char *percpu_register(void)
{
	return "TSC_AUX";
}

/* Linux: node << 12 | cpu (arch/x86/include/asm/segment.h). */
static void read_register(struct percpu_look *look)
{
	uint32_t lo, hi, aux;

	__asm__ volatile("rdtscp" : "=a"(lo), "=d"(hi), "=c"(aux));
	look->raw = aux;
	look->vdso_cpu = aux & 0xfff;
	look->vdso_node = aux >> 12;
}
#elif defined(__powerpc64__)
const char *percpu_register(void)
{
	return "SPRG3";
}

/* Linux: the CPU in bits 15-0, the node above (arch/powerpc/kernel/vdso.c). 259 is its number for users. */
static void read_register(struct percpu_look *look)
{
	uint64_t v;

	__asm__ volatile("mfspr %0, 259" : "=r"(v));
	look->raw = v;
	look->vdso_cpu = v & 0xffff;
	look->vdso_node = v >> 16 & 0xffff;
}
#else
const char *percpu_register(void)
{
	return NULL;
}

static void read_register(struct percpu_look *look)
{
	look->raw = 0;
}
#endif

bool percpu_is_good(const struct percpu_look *look, char *why, size_t size)
{
	bool cpu = look->vdso_cpu == look->real_cpu, node = look->vdso_node == look->real_node;

	if (why && !cpu)
		snprintf(why, size, "its CPU field says %u", look->vdso_cpu);
	else if (why)
		snprintf(why, size, node ? "good" : "its node field says %u", look->vdso_node);
	return cpu && node;
}

static bool look_at(int cpu, struct percpu_look *look)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET((unsigned)cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		return false;
	*look = (struct percpu_look){ .cpu = cpu };
	read_register(look);
	return syscall(SYS_getcpu, &look->real_cpu, &look->real_node, NULL) == 0 && look->real_cpu == (unsigned)cpu;
}

static void *run(void *ctx)
{
	struct job *job = ctx;

	/* A vCPU may be preempted right after its exit: one look is luck, some are a test. */
	for (unsigned i = 0; i < job->n; i++) {
		struct percpu_look look;
		bool seen = false;

		for (unsigned k = 0; k < TRIES; k++) {
			if (!look_at(job->cpus[i], &look))
				break;
			job->looks[job->done] = look;
			seen = true;
			if (!percpu_is_good(&look, NULL, 0))
				break;
			sched_yield();
		}
		job->done += seen;
	}
	return NULL;
}

struct error *percpu_check(const int *cpus, unsigned n, struct percpu_look *ret, unsigned *ret_n)
{
	struct job job = { .cpus = cpus, .n = n, .looks = ret };
	pthread_t thread;
	int err;

	*ret_n = 0;
	if (!percpu_register())
		return error_create(ERROR_UNSUPPORTED, "no register of this architecture is checked");
	err = pthread_create(&thread, NULL, run, &job);
	if (err)
		return error_errno(err, "cannot start a thread to look at the CPUs");
	pthread_join(thread, NULL);
	*ret_n = job.done;
	return NULL;
}

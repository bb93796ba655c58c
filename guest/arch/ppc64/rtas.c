/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Run-time abstraction services (LoPAR 7). The guest calls a few instructions in its own memory (boot.c)
 * that make the hypercall H_RTAS with the address of the arguments: big-endian words token, number of
 * arguments, number of results, then both.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "guest/arch/ppc64/ppc64.h"

#define WORDS_MAX 16
#define TEXT_MAX 128

enum { RTAS_OK = 0, RTAS_HARDWARE = -1, RTAS_PARAMETER = -3, RTAS_UNSUPPORTED = -9002 };

struct call {
	struct ppc64_hcall_ctx *c;
	unsigned nargs, nret;
	uint32_t args[WORDS_MAX];
	uint32_t ret[WORDS_MAX];	/* after the status */
	struct device *dev;		/* who speaks for the machine */
};

static int display_character(struct call *k)
{
	uint8_t byte = k->args[0];

	ppc64_vty_put(k->dev, &byte, 1);
	return RTAS_OK;
}

static int get_time_of_day(struct call *k)
{
	struct timespec now;
	struct tm tm;

	if (clock_gettime(CLOCK_REALTIME, &now) || !gmtime_r(&now.tv_sec, &tm))
		return RTAS_HARDWARE;
	k->ret[0] = tm.tm_year + 1900;
	k->ret[1] = tm.tm_mon + 1;
	k->ret[2] = tm.tm_mday;
	k->ret[3] = tm.tm_hour;
	k->ret[4] = tm.tm_min;
	k->ret[5] = tm.tm_sec;
	k->ret[6] = now.tv_nsec;
	return RTAS_OK;
}

static int power_off(struct call *k)
{
	device_guest_exit(k->dev, GUEST_EXIT_POWEROFF, 0);
	return RTAS_OK;
}

static int system_reboot(struct call *k)
{
	device_guest_exit(k->dev, GUEST_EXIT_RESET, 0);
	return RTAS_OK;
}

static struct vcpu *vcpu_by_id(struct vm *vm, uint32_t id)
{
	for (unsigned i = 0; i < vm->nvcpus; i++)
		if (ppc64_vcpu_id(vm, i) == id)
			return vm->vcpus[i];
	return NULL;
}

static int query_cpu_stopped_state(struct call *k)
{
	struct vcpu *v = vcpu_by_id(k->c->v->vm, k->args[0]);

	if (!v)
		return RTAS_PARAMETER;
	k->ret[0] = ppc64_vcpu(v)->waiting ? 0 : 2; /* stopped; not stopped */
	return RTAS_OK;
}

static int start_cpu(struct call *k)
{
	struct vcpu *v = vcpu_by_id(k->c->v->vm, k->args[0]);

	if (!v)
		return RTAS_PARAMETER;
	return ppc64_vcpu_start(v, k->args[1], k->args[2]) ? RTAS_OK : RTAS_HARDWARE;
}

/* Does not return: the vCPU waits until it is started again, with other registers. */
static int stop_self(struct call *k)
{
	ppc64_vcpu(k->c->v)->waiting = k->c->v->halted = true;
	return RTAS_OK;
}

static int os_term(struct call *k)
{
	struct stop_report *report = k->c->report;
	struct vcpu *v = k->c->v;
	char text[TEXT_MAX] = "";
	uint64_t bad;

	if (memory_read(&v->vm->mem, k->args[0], text, sizeof(text) - 1, &bad))
		for (char *p = text; *p; p++)
			if (*p < ' ' || *p > '~')
				*p = *p == '\n' ? '\0' : '?';
	v->dead = true;
	report->reason = STOP_SHUTDOWN;
	report->vcpu = v->index;
	snprintf(report->text, sizeof(report->text), "vCPU %u: the guest gave up (ibm,os-term): %s", v->index,
		 text);
	k->c->stop = true;
	return RTAS_OK;
}

static int no_parameter(struct call *k)
{
	return RTAS_UNSUPPORTED;
}

/* The position is the token, from 1. */
static const struct {
	const char *name;
	unsigned nargs, nret;
	int (*fn)(struct call *k);
} services[] = {
	{ "display-character", 1, 1, display_character },
	{ "get-time-of-day", 0, 8, get_time_of_day },
	{ "power-off", 2, 1, power_off },
	{ "system-reboot", 0, 1, system_reboot },
	{ "query-cpu-stopped-state", 1, 2, query_cpu_stopped_state },
	{ "start-cpu", 3, 1, start_cpu },
	{ "stop-self", 0, 1, stop_self },
	{ "ibm,os-term", 1, 1, os_term },
	{ "ibm,get-system-parameter", 3, 1, no_parameter },
};

const char *ppc64_rtas_name(unsigned token)
{
	return token && token <= ARRAY_SIZE(services) ? services[token - 1].name : NULL;
}

static bool fetch(struct call *k, uint64_t at, uint32_t *ret_token)
{
	uint8_t raw[(3 + WORDS_MAX) * 4];
	uint64_t bad;

	if (!memory_read(&k->c->v->vm->mem, at, raw, 12, &bad))
		return false;
	*ret_token = be32_read(raw);
	k->nargs = be32_read(raw + 4);
	k->nret = be32_read(raw + 8);
	if (k->nargs > WORDS_MAX || k->nret > WORDS_MAX || k->nargs + k->nret > WORDS_MAX || k->nret == 0)
		return false;
	if (!memory_read(&k->c->v->vm->mem, at + 12, raw, k->nargs * 4, &bad))
		return false;
	for (unsigned i = 0; i < k->nargs; i++)
		k->args[i] = be32_read(raw + i * 4);
	return true;
}

int64_t ppc64_rtas(struct ppc64_hcall_ctx *c)
{
	struct call k = { .c = c, .dev = ppc64_vm(c->v->vm)->vty };
	uint64_t at = c->args[0], bad;
	uint8_t raw[WORDS_MAX * 4];
	uint32_t token;
	int status = RTAS_PARAMETER;

	if (!fetch(&k, at, &token))
		return H_PARAMETER;
	if (token && token <= ARRAY_SIZE(services) && k.nargs == services[token - 1].nargs &&
	    k.nret == services[token - 1].nret)
		status = services[token - 1].fn(&k);
	be32_write(raw, status);
	for (unsigned i = 1; i < k.nret; i++)
		be32_write(raw + i * 4, k.ret[i - 1]);
	return memory_write(&c->v->vm->mem, at + 12 + k.nargs * 4, raw, k.nret * 4, &bad) ? H_SUCCESS : H_PARAMETER;
}

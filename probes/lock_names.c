/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lock_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "probes/kallsyms.h"

#define OBJECTS_BYTES (8u << 20)	/* some 80,000 locks */

struct lock_names {
	VEC(struct lock_object) objects; /* by address */
	uint64_t asked_ns;
	bool has_globals;
};

static const char *const globals[] = { "kvm_lock", "kvm_usage_lock", "vendor_module_lock", "cpu_hotplug_lock",
				       "kvm_debugfs_lock" };

struct lock_names *lock_names_create(void)
{
	return xcalloc(1, sizeof(struct lock_names));
}

void lock_names_destroy(struct lock_names *names)
{
	if (!names)
		return;
	vec_free(&names->objects);
	free(names);
}

static int by_addr(const void *a, const void *b)
{
	const struct lock_object *x = a, *y = b;

	return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* Addresses of variables do not change; a module that comes later is not looked for. */
static void add_globals(struct lock_names *names)
{
	uint64_t addrs[ARRAY_SIZE(globals)];

	kallsyms_find(NULL, globals, ARRAY_SIZE(globals), addrs);
	for (size_t i = 0; i < ARRAY_SIZE(globals); i++) {
		struct lock_object o = { .addr = addrs[i], .tgid = (uint32_t)getpid(), .vcpu = -1 };

		if (!addrs[i])
			continue;
		snprintf(o.name, sizeof(o.name), "%s", globals[i]);
		vec_push(&names->objects, o);
	}
}

bool lock_names_refresh(struct lock_names *names, const struct probe_run *run, uint64_t min_ns)
{
	uint64_t now = clock_now_ns();
	_free_ void *data = NULL;
	_error_ struct error *error = NULL;
	size_t len = 0, kept = 0;

	if (names->asked_ns && now - names->asked_ns < min_ns)
		return false;
	names->asked_ns = now;
	if (!names->has_globals)
		add_globals(names);
	names->has_globals = true;
	/* Of no object are the globals, which stay. */
	for (size_t i = 0; i < names->objects.len; i++)
		if (!names->objects.data[i].kvm)
			names->objects.data[kept++] = names->objects.data[i];
	names->objects.len = kept;
	error = probe_run_iterate(run, LOCK_NAMES_ITERATOR, OBJECTS_BYTES, &data, &len);
	for (size_t at = 0; !error && at + sizeof(struct lock_object) <= len; at += sizeof(struct lock_object)) {
		struct lock_object o;

		memcpy(&o, (char *)data + at, sizeof(o));
		o.name[sizeof(o.name) - 1] = 0;
		vec_push(&names->objects, o);
	}
	if (names->objects.len)
		qsort(names->objects.data, names->objects.len, sizeof(*names->objects.data), by_addr);
	return true;
}

size_t lock_names_mutexes(const struct lock_names *names, uint64_t *ret, size_t max)
{
	static const char *const mutexes[] = { "kvm->lock", "kvm->slots_lock", "kvm->slots_arch_lock", "kvm->irq_lock",
					       "vcpu->mutex", "kvm->arch.mmu_setup_lock" };
	size_t n = 0;

	for (size_t i = 0; i < names->objects.len; i++)
		for (size_t m = 0; m < ARRAY_SIZE(mutexes) && n < max; m++)
			if (!strcmp(names->objects.data[i].name, mutexes[m]))
				ret[n++] = names->objects.data[i].addr;
	return n;
}

const struct lock_object *lock_names_find(const struct lock_names *names, uint64_t addr)
{
	struct lock_object key = { .addr = addr };

	if (!names->objects.len)
		return NULL;
	return bsearch(&key, names->objects.data, names->objects.len, sizeof(key), by_addr);
}

/* Our own process's VM is the one that is meant; others say whose they are. */
void lock_names_text(const struct lock_object *o, char *buf, size_t size)
{
	const char *arrow = strstr(o->name, "->");
	char whose[32] = "";

	if (o->kvm && o->tgid != (uint32_t)getpid())
		snprintf(whose, sizeof(whose), " of %u", o->tgid);
	if (o->vcpu >= 0)
		snprintf(buf, size, "vcpu[%d]%s%s", o->vcpu, arrow ? arrow : "", whose);
	else
		snprintf(buf, size, "%s%s", o->name, whose);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of the kernel's locks: those in KVM's objects by an iterator over open files, KVM's own global
 * ones and, where asked for, any variable's by the symbol list. */
#pragma once

#include <stdint.h>

#include "core/base/error.h"
#include "probes/bpf/lock_object.h"
#include "probes/probe.h"

struct lock_names;

/* What the object's iterator is called in probes/bpf/lock_names.bpf.h. */
#define LOCK_NAMES_ITERATOR "iter_objects"

struct lock_names *lock_names_create(void);
void lock_names_destroy(struct lock_names *names);
/* Asks the kernel again; not more than once in @min_ns. False: nothing was asked. */
bool lock_names_refresh(struct lock_names *names, const struct probe_run *run, uint64_t min_ns);
/* Addresses of mutexes of our own process's VMs, at most @max; returns how many. */
size_t lock_names_mutexes(const struct lock_names *names, uint64_t *ret, size_t max);
/* NULL: no lock of KVM's that is known. */
const struct lock_object *lock_names_find(const struct lock_names *names, uint64_t addr);
/* "vcpu[3]->mutex", "kvm->lock", "kvm->lock of 1234" (of another process's VM). */
void lock_names_text(const struct lock_object *o, char *buf, size_t size);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the probes of a session know of this kernel, found out once and on first use. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/error.h"
#include "probes/types.h"

struct ksyms;
struct probe_host;

struct probe_host *probe_host_create(void);
void probe_host_destroy(struct probe_host *host);

/* `--btf FILE`: what the kernel's types are read from; takes effect on what is tried afterwards. */
struct error *probe_host_use_btf(struct probe_host *host, const char *path);
const struct kernel_types *probe_host_types(struct probe_host *host);
/* Is there a function to attach to? By BTF; without BTF, or when it has to be @sure (what is static may be
 * missing there), by the kernel's list of symbols, which takes long to read. */
bool probe_host_has_function(struct probe_host *host, const char *name, bool sure);
/* Our own process as the kernel numbers it, which differs from getpid() in a nested pid namespace. */
uint32_t probe_host_own_tgid(struct probe_host *host);
bool probe_host_has_kprobes(const struct probe_host *host);
/* Why a program that does nothing can not be put on function @name by fentry; NULL: it can. Tried once. */
struct error *probe_host_fentry(struct probe_host *host, const char *name);
/* The kernel's functions by address; read on first use. */
const struct ksyms *probe_host_ksyms(struct probe_host *host);

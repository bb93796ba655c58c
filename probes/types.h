/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the kernel says of its own types and functions (BTF), read once for all probes. Programs are
 * relocated against a cut of it, the few types they name: matching against all 130,000 of them is what
 * would make attaching slow. A kernel without BTF still has the formats of its tracepoints in tracefs;
 * they become types of the same names (struct trace_event_raw_<event>).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/error.h"

struct bpf_object;
struct btf;
struct btf_type;
struct kernel_types;

/* @path: a BTF or ELF file instead of what the running kernel offers; NULL: the kernel's own, modules of
 * virtualization included. Fails only for @path; a kernel without BTF gives an empty set. */
struct error *kernel_types_load(const char *path, struct kernel_types **ret);
/* Takes @btf, as if it were the kernel's: for tests. */
struct kernel_types *kernel_types_of(struct btf *btf);
void kernel_types_destroy(struct kernel_types *types);

/* NULL when the types are known; otherwise why not, as a sentence. */
const char *kernel_types_missing(const struct kernel_types *types);
/* The kernel's own BTF, without modules; NULL: none. */
const struct btf *kernel_types_vmlinux(const struct kernel_types *types);
bool kernel_types_has_struct(const struct kernel_types *types, const char *name);
/* Function @name, or tracepoint "btf_trace_NAME" (a typedef of its prototype); false: BTF has none. @ret_id is its id in @ret_btf. */
bool kernel_types_function(const struct kernel_types *types, const char *name, const struct btf **ret_btf,
			   uint32_t *ret_id);
/* A descriptor of a memory file with the BTF that programs of @obj need to be relocated. */
struct error *kernel_types_cut(const struct kernel_types *types, const struct bpf_object *obj, int *ret_fd);
/* Adds struct trace_event_raw_@event from the text of a tracefs format file; false: it is none. */
bool kernel_types_add_format(struct btf *btf, const char *event, const char *format);

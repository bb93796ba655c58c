/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Programs onto their places. The section says how: tp/ raw_tp/ tp_btf/ fentry/ fexit/ kprobe/ kretprobe/
 * kprobe.multi kretprobe.multi iter/. */
#pragma once

#include "core/base/error.h"
#include "probes/probe.h"

struct bpf_program;
struct text;

/* libbpf's @err (or -@err) and what its @log says, as a sentence: "@what: ...". */
struct error *attach_error(long err, const struct text *log, const char *what);

/* The function @prog is for (fentry, fexit, kprobe, kretprobe), or NULL when it is for none or several. */
const char *attach_function(const struct bpf_program *prog);
/* fentry, fexit, tp_btf, iter: such a program does not load without the kernel's BTF. */
bool attach_needs_types(const struct bpf_program *prog);
bool attach_is_trampoline(const struct bpf_program *prog); /* fentry, fexit */
bool attach_is_kprobe(const struct bpf_program *prog); /* kretprobe and the multi ones, too */

/* @rung's functions are what kprobe.multi programs are put on, those of them that @host has; the cookie is
 * the position in that list. */
struct error *attach_program(struct probe_host *host, struct bpf_program *prog, const struct probe_rung *rung,
			     struct bpf_link **ret);

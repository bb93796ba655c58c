/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/host.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "probes/kallsyms.h"
#include "probes/kernel.h"
#include "probes/ksyms.h"

struct probe_host {
	struct kernel_types *types;
	struct function_set *functions;
	struct ksyms *ksyms;
	uint32_t own_tgid;	/* 0: not asked yet */
	bool fentry_tried;
	int fentry_err;
};

struct probe_host *probe_host_create(void)
{
	return xcalloc(1, sizeof(struct probe_host));
}

void probe_host_destroy(struct probe_host *host)
{
	if (!host)
		return;
	kernel_types_destroy(host->types);
	function_set_destroy(host->functions);
	ksyms_destroy(host->ksyms);
	free(host);
}

struct error *probe_host_use_btf(struct probe_host *host, const char *path)
{
	struct kernel_types *types;
	struct error *error = kernel_types_load(path, &types);

	if (error)
		return error;
	kernel_types_destroy(host->types);
	host->types = types;
	/* Its ids are not those of the kernel that runs. */
	host->fentry_tried = true;
	host->fentry_err = 0;
	return NULL;
}

const struct kernel_types *probe_host_types(struct probe_host *host)
{
	if (!host->types)
		error_destroy(kernel_types_load(NULL, &host->types)); /* fails only for a path */
	return host->types;
}

bool probe_host_has_kprobes(const struct probe_host *host)
{
	return access("/sys/bus/event_source/devices/kprobe/type", F_OK) == 0;
}

bool probe_host_has_function(struct probe_host *host, const char *name, bool sure)
{
	const struct btf *btf;
	uint32_t id;

	if (kernel_types_function(probe_host_types(host), name, &btf, &id))
		return true;
	if (!sure && !kernel_types_missing(host->types))
		return false;
	if (!host->functions)
		host->functions = function_set_create(NULL);
	return function_set_has(host->functions, name);
}

/* r0 = 0; exit */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

uint32_t probe_host_own_tgid(struct probe_host *host)
{
	/* r0 = bpf_get_current_pid_tgid(); r0 >>= 32; exit */
	static const struct bpf_insn ask[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_get_current_pid_tgid },
		{ .code = BPF_ALU64 | BPF_RSH | BPF_K, .dst_reg = BPF_REG_0, .imm = 32 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_test_run_opts, run);
	int prog;

	if (host->own_tgid)
		return host->own_tgid;
	host->own_tgid = (uint32_t)getpid();
	prog = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "vmscope_self", "GPL", ask, ARRAY_SIZE(ask), NULL);
	if (prog >= 0 && !bpf_prog_test_run_opts(prog, &run) && run.retval)
		host->own_tgid = run.retval;
	if (prog >= 0)
		close(prog);
	return host->own_tgid;
}

static int try_fentry(const char *name, uint32_t id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_FENTRY, .attach_btf_id = id);
	int prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "vmscope_try", "GPL", nothing, ARRAY_SIZE(nothing), &opts);
	int link, err;

	if (prog < 0)
		return errno;
	link = bpf_raw_tracepoint_open(NULL, prog);
	err = link < 0 ? errno : 0;
	if (link >= 0)
		close(link);
	close(prog);
	return err;
}

struct error *probe_host_fentry(struct probe_host *host, const char *name)
{
	const struct btf *btf, *vmlinux = kernel_types_vmlinux(probe_host_types(host));
	uint32_t id;

	/* A module's functions need the module's BTF as well; what holds for the kernel's holds for them. */
	if (!host->fentry_tried && kernel_types_function(host->types, name, &btf, &id) && btf == vmlinux) {
		host->fentry_tried = true;
		host->fentry_err = try_fentry(name, id);
	}
	if (!host->fentry_err)
		return NULL;
	return caps_hint(error_create(ERROR_UNSUPPORTED, "a program that does nothing does not load on %s: %s", name,
				      kernel_strerror(host->fentry_err)), host->fentry_err);
}

const struct ksyms *probe_host_ksyms(struct probe_host *host)
{
	if (!host->ksyms)
		host->ksyms = ksyms_create(NULL);
	return host->ksyms;
}

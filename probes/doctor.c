/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `doctor` asks about probes: each way to attach is tried with a program that does nothing. */
#include "probes/doctor.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/session/session.h"
#include "probes/kernel.h"
#include "probes/log.h"

/* A tracepoint and a function that every kernel has and that are passed rarely. */
#define TRACEPOINT "sched_process_exec"
#define TRACEPOINT_SYSTEM "sched"
#define FUNCTION "do_unlinkat"

/* r0 = 0; exit */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

/* The one wording: @err 0 is fine. Nothing of this keeps a guest from being debugged, so it is no more
 * than a warning. */
static enum doctor_verdict verdict(int err, const char *step, char **ret_value, char **ret_fix, const char *fix)
{
	const char *missing = caps_missing();

	if (!err) {
		*ret_value = xstrdup("loads and attaches");
		return DOCTOR_OK;
	}
	*ret_value = xasprintf("does not %s: %s", step, kernel_strerror(err));
	if (missing && (err == EPERM || err == EACCES))
		*ret_fix = xasprintf("run as root, or with %s", missing);
	else
		*ret_fix = xstrdup(fix);
	return DOCTOR_WARN;
}

static int load(enum bpf_prog_type type, enum bpf_attach_type attach, uint32_t btf_id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach, .attach_btf_id = btf_id);
	int fd = bpf_prog_load(type, "vmscope_doctor", "GPL", nothing, ARRAY_SIZE(nothing), &opts);

	return fd < 0 ? -errno : fd;
}

static enum doctor_verdict check_caps(char **ret_value, char **ret_fix)
{
	const char *missing = caps_missing();

	*ret_value = missing ? xasprintf("%s missing", missing) : xstrdup("CAP_BPF and CAP_PERFMON");
	if (!missing)
		return DOCTOR_OK;
	*ret_fix = xstrdup("probes: run as root, or setcap cap_bpf,cap_perfmon+ep on the program");
	return DOCTOR_WARN;
}

static enum doctor_verdict check_btf(char **ret_value, char **ret_fix)
{
	if (access("/sys/kernel/btf/vmlinux", R_OK) == 0) {
		*ret_value = xstrdup("vmlinux");
		return DOCTOR_OK;
	}
	*ret_value = xasprintf("/sys/kernel/btf/vmlinux: %s", strerror(errno));
	*ret_fix = xstrdup("a kernel with CONFIG_DEBUG_INFO_BTF; probes that read kernel structures need it");
	return DOCTOR_WARN;
}

static enum doctor_verdict check_ringbuf(char **ret_value, char **ret_fix)
{
	_close_ int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vmscope_doctor", 0, 0, (uint32_t)getpagesize(), NULL);

	if (fd >= 0) {
		*ret_value = xstrdup("can be created");
		return DOCTOR_OK;
	}
	return verdict(errno, "get created", ret_value, ret_fix, "a kernel with BPF ring buffers (5.8)");
}

static enum doctor_verdict check_raw_tp(char **ret_value, char **ret_fix)
{
	int prog = load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0), link, err;

	if (prog < 0)
		return verdict(-prog, "load", ret_value, ret_fix, "a kernel with CONFIG_BPF_SYSCALL and CONFIG_BPF_EVENTS");
	link = bpf_raw_tracepoint_open(TRACEPOINT, prog);
	err = link < 0 ? errno : 0;
	if (link >= 0)
		close(link);
	close(prog);
	return verdict(err, "attach", ret_value, ret_fix, "a kernel with CONFIG_BPF_EVENTS");
}

/* A program on something that BTF describes: @attach tells what. */
static enum doctor_verdict check_btf_attach(enum bpf_attach_type attach, const char *name, const char *fix,
					    char **ret_value, char **ret_fix)
{
	_cleanup_(text_deinit) struct text log = { 0 };
	int id, prog, link, err;

	log_begin(&log);
	id = libbpf_find_vmlinux_btf_id(name, attach);
	log_end();
	if (id < 0)
		return verdict(-id, "find its place in BTF", ret_value, ret_fix, "a kernel with CONFIG_DEBUG_INFO_BTF");
	prog = load(BPF_PROG_TYPE_TRACING, attach, (uint32_t)id);
	if (prog < 0)
		return verdict(-prog, "load", ret_value, ret_fix, fix);
	link = bpf_raw_tracepoint_open(NULL, prog);
	err = link < 0 ? errno : 0;
	if (link >= 0)
		close(link);
	close(prog);
	return verdict(err, "attach", ret_value, ret_fix, fix);
}

static enum doctor_verdict check_tp_btf(char **ret_value, char **ret_fix)
{
	return check_btf_attach(BPF_TRACE_RAW_TP, TRACEPOINT, "nothing needed: raw tracepoints serve instead",
				ret_value, ret_fix);
}

static enum doctor_verdict check_fentry(char **ret_value, char **ret_fix)
{
	return check_btf_attach(BPF_TRACE_FENTRY, FUNCTION, "nothing needed: probes use kprobes or tracepoints "
				"instead; this kernel was built or booted without direct calls to BPF trampolines, "
				"or its security policy refuses them", ret_value, ret_fix);
}

/* What a perf event takes a program for; -errno otherwise. */
static int perf_attach(int event, enum bpf_prog_type type)
{
	int prog = load(type, 0, 0), err;

	if (prog < 0)
		return prog;
	err = ioctl(event, PERF_EVENT_IOC_SET_BPF, prog) < 0 ? -errno : 0;
	close(prog);
	return err;
}

static enum doctor_verdict check_kprobe(char **ret_value, char **ret_fix)
{
	static const char place[] = "/sys/bus/event_source/devices/kprobe/type";
	struct perf_event_attr attr = { .size = sizeof(attr), .config1 = (uintptr_t)FUNCTION };
	_fclose_ FILE *f = fopen(place, "re");
	unsigned type;
	int fd, err;

	if (!f || fscanf(f, "%u", &type) != 1) {
		*ret_value = xstrdup("the kernel has none");
		*ret_fix = xstrdup("nothing needed: probes use tracepoints instead; a kernel with CONFIG_KPROBES "
				   "has more places");
		return DOCTOR_WARN;
	}
	attr.type = type;
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return verdict(errno, "attach", ret_value, ret_fix, "nothing needed: probes use tracepoints instead");
	err = -perf_attach(fd, BPF_PROG_TYPE_KPROBE);
	close(fd);
	return verdict(err, "attach", ret_value, ret_fix, "nothing needed: probes use tracepoints instead");
}

static enum doctor_verdict of_error(struct error *error, char **ret_value, char **ret_fix)
{
	*ret_value = xstrdup(error_message(error));
	*ret_fix = xstrdup(error_hint_text(error) ? error_hint_text(error) : "raw tracepoints serve instead");
	error_destroy(error);
	return DOCTOR_WARN;
}

static enum doctor_verdict check_tracefs(char **ret_value, char **ret_fix)
{
	struct error *error;
	int fd;

	error = tracefs_open("events/header_page", O_RDONLY, &fd);
	if (error)
		return of_error(error, ret_value, ret_fix);
	close(fd);
	*ret_value = xstrdup("readable");
	return DOCTOR_OK;
}

static enum doctor_verdict check_tp(char **ret_value, char **ret_fix)
{
	struct error *error;
	int fd, err;

	error = perf_tracepoint_open(TRACEPOINT_SYSTEM, TRACEPOINT, &fd);
	if (error)
		return of_error(error, ret_value, ret_fix);
	err = -perf_attach(fd, BPF_PROG_TYPE_TRACEPOINT);
	close(fd);
	return verdict(err, "attach", ret_value, ret_fix, "nothing needed: raw tracepoints serve instead");
}

static const struct doctor_check checks[] = {
	{ "bpf.caps", check_caps },
	{ "bpf.btf", check_btf },
	{ "bpf.ringbuf", check_ringbuf },
	{ "bpf.fentry", check_fentry },
	{ "bpf.kprobe", check_kprobe },
	{ "bpf.tp_btf", check_tp_btf },
	{ "bpf.raw_tp", check_raw_tp },
	{ "bpf.tp", check_tp },
	{ "tracefs", check_tracefs },
};

void probes_doctor_register(struct session *session)
{
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		session_add_check(session, &checks[i]);
}

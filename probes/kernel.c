/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"

/* ---- tracefs ------------------------------------------------------------------------------------- */

static int open_mounted(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };

	for (unsigned i = 0; i < ARRAY_SIZE(places); i++) {
		_close_ int dir = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (dir >= 0 && faccessat(dir, "events", F_OK, 0) == 0)
			return take_fd(dir);
	}
	return -1;
}

/* A mount that no namespace sees: it needs nobody's consent and leaves nothing behind. */
static int open_detached(void)
{
	_close_ int fs = (int)syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */);

	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* FSCONFIG_CMD_CREATE */, NULL, NULL, 0) < 0)
		return -1;
	return (int)syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
}

struct error *tracefs_open(const char *path, int flags, int *ret_fd)
{
	_close_ int dir = open_mounted();
	int fd, err;

	if (dir < 0)
		dir = open_detached();
	if (dir < 0)
		return error_hint(error_errno(errno, "tracefs is not mounted and can not be"),
				  "as root: mount -t tracefs tracefs /sys/kernel/tracing");
	fd = openat(dir, path, flags | O_CLOEXEC);
	err = errno;
	if (fd < 0)
		return caps_hint(error_errno(err, "cannot open tracefs file %s", path), err);
	*ret_fd = fd;
	return NULL;
}

struct error *tracefs_event_id(const char *system, const char *event, uint64_t *ret)
{
	_free_ char *path = xasprintf("events/%s/%s/id", system, event);
	_close_ int fd = -1;
	char buf[32] = "";
	struct error *error = tracefs_open(path, O_RDONLY, &fd);
	ssize_t n;

	if (error && error_errno_value(error) == ENOENT) {
		error_destroy(error);
		return error_create(ERROR_UNSUPPORTED, "this kernel has no tracepoint %s:%s", system, event);
	}
	if (error)
		return error;
	n = read(fd, buf, sizeof(buf) - 1);
	if (n < 0)
		return error_errno(errno, "cannot read tracefs file %s", path);
	buf[strcspn(buf, "\n")] = 0;
	return parse_u64(buf, ret);
}

struct error *perf_tracepoint_open(const char *system, const char *event, int *ret_fd)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	struct error *error;
	uint64_t id;
	int fd, err;

	error = tracefs_event_id(system, event, &id);
	if (error)
		return error;
	attr.config = id;
	/* A program on a tracepoint sees all CPUs and processes wherever its event is. */
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	err = errno;
	if (fd < 0)
		return caps_hint(error_errno(err, "cannot open tracepoint %s:%s for perf", system, event), err);
	*ret_fd = fd;
	return NULL;
}

/* ---- privileges ---------------------------------------------------------------------------------- */

enum { CAP_NR_SYS_ADMIN = 21, CAP_NR_PERFMON = 38, CAP_NR_BPF = 39 };

static uint64_t effective(void)
{
	_fclose_ FILE *f = fopen("/proc/self/status", "re");
	uint64_t caps = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %" SCNx64, &caps) == 1)
			break;
	return caps;
}

const char *caps_missing(void)
{
	uint64_t caps = effective();
	bool admin = caps >> CAP_NR_SYS_ADMIN & 1;
	bool bpf = admin || (caps >> CAP_NR_BPF & 1), perfmon = admin || (caps >> CAP_NR_PERFMON & 1);

	if (bpf && perfmon)
		return NULL;
	return bpf ? "CAP_PERFMON" : perfmon ? "CAP_BPF" : "CAP_BPF and CAP_PERFMON";
}

struct error *caps_hint(struct error *error, int err)
{
	const char *missing = caps_missing();

	if ((err != EPERM && err != EACCES) || !missing)
		return error;
	return error_hint(error, "%s missing: run as root, or give the program the capabilities with setcap "
			  "cap_bpf,cap_perfmon+ep", missing);
}

const char *kernel_strerror(int err)
{
	return err == 524 ? "not supported by this kernel" : strerror(err);
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* profile:HZ: a sample of every CPU so many times a second, by the CPU's clock: no PMU is needed. */
#include <errno.h>
#include <linux/perf_event.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "probes/kernel.h"
#include "probes/lang/event.h"
#include "probes/lang/lang.h"

#define HZ_MAX 20000

#if defined(__x86_64__)
#define IP_OFFSET 128	/* rip in struct pt_regs */
#elif defined(__powerpc64__)
#define IP_OFFSET 256	/* nip */
#else
#define IP_OFFSET 0
#endif

static struct error *attach(const struct lang_event *ev, int prog_fd, struct lang_fds *fds)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE, .config = PERF_COUNT_SW_CPU_CLOCK, .size = sizeof(attr), .freq = 1,
		.sample_freq = *(const uint64_t *)ev->data,
	};
	unsigned attached = 0;

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++) {
		int fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
		if (fd < 0 && errno == ENODEV)
			continue; /* offline */
		if (fd < 0)
			return caps_hint(error_errno(errno, "cannot sample CPU %d", cpu), errno);
		vec_push(&fds->list, fd);
		if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0 || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
			return error_errno(errno, "cannot attach to the samples of CPU %d", cpu);
		attached++;
	}
	return attached ? NULL : error_create(ERROR_UNSUPPORTED, "no CPU can be sampled");
}

static void destroy(struct lang_event *ev)
{
	free(ev->data);
}

static const struct lang_event_ops ops = {
	.prog_type = BPF_PROG_TYPE_PERF_EVENT, .rung = "perf", .preallocate = true, .attach = attach, .destroy = destroy,
};

struct error *lang_clock_open(void *ctx, struct session *s, const struct probe_request *req,
			      struct probe_source **ret)
{
	uint64_t hz;
	struct error *error = parse_u64(req->spec->name, &hz);

	if (error || !hz || hz > HZ_MAX) {
		error_destroy(error);
		return error_create(ERROR_NOT_FOUND, "profile wants 1 to %d samples a second", HZ_MAX);
	}
	_free_ char *name = xasprintf("profile.%s", req->spec->name);
	_free_ char *place = xasprintf("cpu-clock, %s a second", req->spec->name);
	struct lang_event *ev = lang_event_create(&ops, name, place);
	uint64_t *data = xcalloc(1, sizeof(*data));
	*data = hz;
	ev->data = data;
	lang_event_field(ev, "ip", FIELD_U64, UNIT_HEX, 8, IP_OFFSET);
	return lang_source_create(s, req, &ev, 1, ret);
}

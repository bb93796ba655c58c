/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/perf.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/base/vec.h"
#include "probes/kernel.h"

static const struct perf_name names[] = {
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, "cycles" },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS, "instructions" },
	{ "cache-references", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, "references" },
	{ "cache-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, "misses" },
	{ "branches", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_INSTRUCTIONS, "branches" },
	{ "branch-misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES, "misses" },
	{ "ref-cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_REF_CPU_CYCLES, "cycles" },
	{ "cpu-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, "ns" },
	{ "task-clock", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_TASK_CLOCK, "ns" },
	{ "page-faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS, "faults" },
	{ "context-switches", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES, "switches" },
	{ NULL },
};

const struct perf_name *perf_name_at(unsigned i)
{
	return i < ARRAY_SIZE(names) && names[i].name ? &names[i] : NULL;
}

const struct perf_name *perf_name_find(const char *name)
{
	for (unsigned i = 0; names[i].name; i++)
		if (!strcmp(names[i].name, name))
			return &names[i];
	return NULL;
}

struct error *perf_event_create(const struct perf_name *name, int cpu, uint64_t period, bool is_freq, int *ret_fd)
{
	struct perf_event_attr attr = {
		.type = name->type, .size = sizeof(attr), .config = name->config, .sample_period = period,
		.freq = is_freq,
	};
	int fd, err;

	fd = (int)syscall(SYS_perf_event_open, &attr, -1, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	err = errno;
	if (fd >= 0) {
		*ret_fd = fd;
		return NULL;
	}
	if (err == ENOENT || err == EOPNOTSUPP || err == ENODEV)
		return error_hint(error_create(ERROR_UNSUPPORTED, "nothing counts %s on this machine", name->name),
				  "software events such as cpu-clock always work");
	return caps_hint(error_errno(err, "cannot open the perf event %s on CPU %d", name->name, cpu), err);
}

bool perf_has(const struct perf_name *name)
{
	struct error *error;
	int fd;

	error = perf_event_create(name, 0, 0, false, &fd);
	error_destroy(error);
	if (!error)
		close(fd);
	return !error;
}

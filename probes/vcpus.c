/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/vcpus.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/vec.h"
#include "core/session/session.h"

#define WIDTH 11

bool vcpus_find(const struct session *s, pid_t tid, unsigned *ret)
{
	unsigned n = s && s->target ? target_vcpu_count(s->target) : 0;

	for (unsigned i = 0; i < n; i++) {
		struct vcpu_info info;
		_error_ struct error *error = target_vcpu_info(s->target, i, &info);

		if (error || info.tid != tid)
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static void thread_name(pid_t tid, char *buf, size_t size)
{
	_free_ char *path = xasprintf("/proc/%d/comm", (int)tid);
	_fclose_ FILE *f = fopen(path, "re");

	if (!f || !fgets(buf, (int)size, f))
		snprintf(buf, size, "gone");
	buf[strcspn(buf, "\n")] = 0;
}

void vcpus_out(const struct probe_run *run, struct out *out, const struct vcpu_thread *thread)
{
	char name[32];
	unsigned vcpu;

	if (vcpus_find(run->session, thread->tid, &vcpu)) {
		out_dec(out, ROLE_LABEL, "vcpu", 0, vcpu);
	} else if (thread->vcpu >= 0 && thread->tgid && thread->tgid != getpid()) {
		out_dec(out, ROLE_LABEL, "pid", 0, (uint64_t)thread->tgid);
		out_text(out, ROLE_LABEL, "/");
		out_dec(out, ROLE_LABEL, "vcpu", 0, (uint64_t)thread->vcpu);
	} else {
		thread_name(thread->tid, name, sizeof(name));
		out_str(out, ROLE_LABEL, "thread", 0, name);
	}
	out_hidden_dec(out, "tid", (uint64_t)thread->tid);
	out_pad(out, WIDTH);
}

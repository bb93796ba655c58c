/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/attach.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "probes/host.h"
#include "probes/kernel.h"
#include "probes/log.h"

#define FUNCTIONS_MAX 128

struct error *attach_error(long err, const struct text *log, const char *what)
{
	_free_ char *reason = log_reason(log);
	struct error *error;

	err = err < 0 ? -err : err;
	error = *reason ? error_create(err == ENOMEM ? ERROR_NOMEM : ERROR_UNSUPPORTED, "%s: %s (%s)", what,
				       kernel_strerror((int)err), reason)
			: error_create(ERROR_UNSUPPORTED, "%s: %s", what, kernel_strerror((int)err));
	return caps_hint(error, (int)err);
}

static bool section_is(const struct bpf_program *prog, const char *prefix)
{
	return !strncmp(bpf_program__section_name(prog), prefix, strlen(prefix));
}

const char *attach_function(const struct bpf_program *prog)
{
	if (!section_is(prog, "fentry/") && !section_is(prog, "fexit/") && !section_is(prog, "kprobe/") &&
	    !section_is(prog, "kretprobe/"))
		return NULL;
	return strchr(bpf_program__section_name(prog), '/') + 1;
}

bool attach_is_trampoline(const struct bpf_program *prog)
{
	return section_is(prog, "fentry/") || section_is(prog, "fexit/");
}

bool attach_is_kprobe(const struct bpf_program *prog)
{
	return section_is(prog, "kprobe") || section_is(prog, "kretprobe");
}

bool attach_needs_types(const struct bpf_program *prog)
{
	return attach_is_trampoline(prog) || section_is(prog, "tp_btf/") || section_is(prog, "iter/");
}

static struct error *attach_tracepoint(struct bpf_program *prog, const char *section, struct bpf_link **ret)
{
	_free_ char *system = xstrdup(section + strlen("tp/"));
	char *event = strchr(system, '/');
	struct error *error;
	int fd, err;

	*event++ = 0;
	error = perf_tracepoint_open(system, event, &fd);
	if (error)
		return error;
	*ret = bpf_program__attach_perf_event(prog, fd);
	err = errno;
	if (*ret)
		return NULL; /* the link owns the descriptor */
	close(fd);
	return caps_hint(error_errno(err, "cannot attach to tracepoint %s:%s", system, event), err);
}

static struct error *attach_functions(struct probe_host *host, struct bpf_program *prog,
				      const struct probe_rung *rung, struct bpf_link **ret)
{
	_cleanup_(text_deinit) struct text log = { 0 };
	const char *names[FUNCTIONS_MAX];
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = names,
		    .retprobe = section_is(prog, "kretprobe.multi"));
	__u64 cookies[FUNCTIONS_MAX];
	int err;

	for (size_t i = 0; rung->functions && rung->functions[i] && opts.cnt < FUNCTIONS_MAX; i++) {
		if (!probe_host_has_function(host, rung->functions[i], false))
			continue;
		cookies[opts.cnt] = i;
		names[opts.cnt++] = rung->functions[i];
	}
	if (!opts.cnt)
		return error_create(ERROR_UNSUPPORTED, "this kernel has none of the functions");
	opts.cookies = cookies;
	log_begin(&log);
	*ret = bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts);
	err = errno;
	log_end();
	return *ret ? NULL : attach_error(err, &log, "does not attach");
}

struct error *attach_program(struct probe_host *host, struct bpf_program *prog, const struct probe_rung *rung,
			     struct bpf_link **ret)
{
	const char *section = bpf_program__section_name(prog);
	_cleanup_(text_deinit) struct text log = { 0 };
	int err;

	/* libbpf would want tracefs at one of two places. */
	if (section_is(prog, "tp/"))
		return attach_tracepoint(prog, section, ret);
	if (section_is(prog, "kprobe.multi") || section_is(prog, "kretprobe.multi"))
		return attach_functions(host, prog, rung, ret);
	log_begin(&log);
	*ret = bpf_program__attach(prog);
	err = errno;
	log_end();
	if (*ret)
		return NULL;
	if (err == ENOENT || err == EINVAL)
		return error_create(ERROR_UNSUPPORTED, "this kernel has no %s", section);
	return attach_error(err, &log, "does not attach");
}

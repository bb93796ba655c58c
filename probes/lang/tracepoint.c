/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * tracepoint:SYSTEM:NAME, with * and ?: any tracepoint, its fields by its format file (tracefs,
 * Documentation/trace/events.rst, section 3.2). Strings of variable length (__data_loc) are left out: a
 * program reads only what is at a fixed place.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "probes/kernel.h"
#include "probes/lang/event.h"
#include "probes/lang/format.h"
#include "probes/lang/lang.h"

#define FORMAT_MAX 65536
#define EVENTS_MAX 512

static struct error *attach(const struct lang_event *ev, int prog_fd, struct lang_fds *fds)
{
	_free_ char *system = xstrndup(ev->place, strcspn(ev->place, ":"));
	int fd;
	struct error *error = perf_tracepoint_open(system, strchr(ev->place, ':') + 1, &fd);

	if (error)
		return error;
	vec_push(&fds->list, fd);
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog_fd) < 0 || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0)
		return error_errno(errno, "cannot attach to tracepoint %s", ev->place);
	return NULL;
}

/* Letting go of a perf event waits for a grace period, one after the other; of a raw tracepoint not. */
static struct error *attach_raw(const struct lang_event *ev, int prog_fd, struct lang_fds *fds)
{
	int fd = bpf_raw_tracepoint_open(strchr(ev->place, ':') + 1, prog_fd);

	if (fd < 0)
		return caps_hint(error_errno(errno, "cannot attach to raw tracepoint %s", ev->place), errno);
	vec_push(&fds->list, fd);
	return NULL;
}

static const struct lang_event_ops raw_ops = {
	.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT, .rung = "raw_tp", .attach = attach_raw,
};

static const struct lang_event_ops *without_fields(const struct lang_event *ev);

static const struct lang_event_ops ops = {
	.prog_type = BPF_PROG_TYPE_TRACEPOINT, .rung = "tp", .attach = attach, .without_fields = without_fields,
};

/* System calls are no tracepoints of their own below. */
static const struct lang_event_ops *without_fields(const struct lang_event *ev)
{
	return strncmp(ev->place, "syscalls:", 9) ? &raw_ops : &ops;
}

static struct error *read_format(const char *system, const char *name, char **ret)
{
	_free_ char *path = xasprintf("events/%s/%s/format", system, name);
	_free_ char *text = xcalloc(1, FORMAT_MAX + 1);
	_close_ int fd = -1;
	struct error *error = tracefs_open(path, O_RDONLY, &fd);
	size_t len = 0;
	ssize_t n;

	if (error && error_errno_value(error) == ENOENT) {
		error_destroy(error);
		return error_create(ERROR_NOT_FOUND, "this kernel has no tracepoint %s:%s", system, name);
	}
	if (error)
		return error;
	while ((n = read(fd, text + len, FORMAT_MAX - len)) > 0)
		len += n;
	*ret = take_ptr(text);
	return NULL;
}

static struct error *describe(const char *system, const char *name, struct lang_event **ret)
{
	_free_ char *format = NULL;
	struct error *error = read_format(system, name, &format);

	if (error)
		return error;
	_free_ char *full = xasprintf("tracepoint.%s:%s", system, name);
	_free_ char *place = xasprintf("%s:%s", system, name);
	*ret = lang_event_create(&ops, full, place);
	format_fields(format, *ret);
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Names in directory events/@sub that match @glob, sorted. */
static struct error *matching(const char *sub, const char *glob, char ***ret, size_t *ret_n)
{
	VEC(char *) names = { 0 };
	_free_ char *path = xasprintf("events%s%s", *sub ? "/" : "", sub);
	int fd;
	struct error *error = tracefs_open(path, O_RDONLY | O_DIRECTORY, &fd);
	DIR *dir = error ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_type == DT_DIR && e->d_name[0] != '.' && glob_match(glob, e->d_name))
			vec_push(&names, xstrdup(e->d_name));
	if (dir)
		closedir(dir);
	if (names.len)
		qsort(names.data, names.len, sizeof(names.data[0]), compare);
	*ret = names.data;
	*ret_n = names.len;
	return error;
}

static void free_names(char **names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static struct error *each(const char *systems, const char *names,
			  struct error *(*fn)(void *ctx, const char *system, const char *name), void *ctx)
{
	char **system, **name;
	size_t nsystems, nnames;
	struct error *error = matching("", systems, &system, &nsystems);

	for (size_t i = 0; i < nsystems && !error; i++) {
		error = matching(system[i], names, &name, &nnames);
		for (size_t k = 0; k < nnames && !error; k++)
			error = fn(ctx, system[i], name[k]);
		free_names(name, nnames);
	}
	free_names(system, nsystems);
	return error;
}

struct found {
	VEC(struct lang_event *) list;
};

static struct error *take(void *ctx, const char *system, const char *name)
{
	struct found *f = ctx;
	struct lang_event *ev = NULL;

	if (f->list.len >= EVENTS_MAX)
		return error_create(ERROR_USAGE, "more than %d tracepoints match", EVENTS_MAX);
	struct error *error = describe(system, name, &ev);
	if (error_catch(&error, ERROR_NOT_FOUND))
		return NULL; /* a directory that is none */
	if (!error)
		vec_push(&f->list, ev);
	return error;
}

struct error *lang_tracepoint_open(void *ctx, struct session *s, const struct probe_request *req,
				   struct probe_source **ret)
{
	const char *colon = strchr(req->spec->name, ':');
	struct found found = { 0 };
	struct error *error;

	if (!colon || strchr(req->spec->name, '/'))
		return error_create(ERROR_NOT_FOUND, "tracepoints are SYSTEM:NAME");
	_free_ char *system = xstrndup(req->spec->name, colon - req->spec->name);
	if (strpbrk(req->spec->name, "*?"))
		error = each(system, colon + 1, take, &found);
	else
		error = take(&found, system, colon + 1);
	if (!error && !found.list.len)
		error = error_create(ERROR_NOT_FOUND, "this kernel has no tracepoint %s", req->spec->name);
	if (!error)
		error = lang_source_create(s, req, found.list.data, found.list.len, ret);
	else
		for (size_t i = 0; i < found.list.len; i++)
			lang_event_destroy(found.list.data[i]);
	vec_free(&found.list);
	return error;
}

/* ---- listing -------------------------------------------------------------------------------------- */

struct listing {
	const char *glob;
	bool verbose;
	struct out *out;
};

static struct error *show(void *ctx, const char *system, const char *name)
{
	struct listing *l = ctx;
	_free_ char *full = xasprintf("tracepoint:%s:%s", system, name);
	struct lang_event *ev = NULL;

	if (!glob_match(l->glob, full))
		return NULL;
	if (l->verbose)
		error_destroy(describe(system, name, &ev));
	out_begin(l->out, "event");
	out_str(l->out, ROLE_TEXT, "name", 0, full);
	out_list(l->out, "fields");
	for (size_t i = 0; ev && i < ev->fields.len; i++) {
		if (!i)
			out_nl(l->out);
		out_begin(l->out, "field");
		out_text(l->out, ROLE_TEXT, "    ");
		out_str(l->out, ROLE_LABEL, "field", 24, ev->fields.data[i].name);
		out_text(l->out, ROLE_DIM, " ");
		out_dec(l->out, ROLE_DIM, "size", 0, ev->fields.data[i].size);
		out_text(l->out, ROLE_DIM, " bytes");
		out_end(l->out);
	}
	out_list_end(l->out);
	out_end(l->out);
	lang_event_destroy(ev);
	return NULL;
}

void lang_tracepoint_list(void *ctx, struct session *s, const char *glob, bool verbose, struct out *out)
{
	struct listing l = { glob, verbose, out };
	struct error *error = each("*", "*", show, &l);

	if (error)
		out_message(out, ROLE_WARN, "tracepoints: %s", error_message(error));
	error_destroy(error);
}

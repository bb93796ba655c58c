/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of source files, kept by name. Debug info names any path: only small regular files are read. */
#include "core/symbols/symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/symbols/internal.h"

#define SOURCE_SIZE_MAX (16 << 20)
#define SOURCE_FILES_MAX 4096

static void source_file_deinit(struct source_file *f)
{
	free(f->name);
	free(f->data);
	vec_free(&f->lines);
}

void source_cache_deinit(struct symbols *syms)
{
	for (size_t i = 0; i < syms->sources.len; i++)
		source_file_deinit(&syms->sources.data[i]);
	for (size_t i = 0; i < syms->source_dirs.len; i++)
		free(syms->source_dirs.data[i]);
	vec_free(&syms->sources);
	vec_free(&syms->source_dirs);
}

/* The whole file with a NUL after it, or NULL. */
static char *read_file(const char *path, size_t *ret_len)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	_free_ char *data = NULL;
	size_t len = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SOURCE_SIZE_MAX)
		return NULL;
	data = malloc(st.st_size + 1);
	if (!data)
		return NULL;
	while (len < (size_t)st.st_size) {
		ssize_t n = read(fd, data + len, st.st_size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return NULL;
		if (n == 0)
			break;
		len += n;
	}
	data[len] = '\0';
	*ret_len = len;
	return take_ptr(data);
}

/* As it is named, then below each directory with more and more leading parts left out. */
static char *find_file(const struct symbols *syms, const char *name, size_t *ret_len)
{
	char *data = read_file(name, ret_len);

	for (size_t i = 0; !data && i < syms->source_dirs.len; i++) {
		for (const char *tail = name; tail && !data; tail = strchr(tail, '/')) {
			while (*tail == '/')
				tail++;
			if (!*tail)
				break;
			_free_ char *path = xasprintf("%s/%s", syms->source_dirs.data[i], tail);
			data = read_file(path, ret_len);
		}
	}
	return data;
}

static void split_lines(struct source_file *f, size_t len)
{
	char *s = f->data, *end = f->data + len;

	while (s < end) {
		char *nl = memchr(s, '\n', end - s);

		vec_push(&f->lines, s);
		if (!nl)
			break;
		*nl = '\0';
		if (nl > s && nl[-1] == '\r')
			nl[-1] = '\0';
		s = nl + 1;
	}
}

const char *symbols_source_text(struct symbols *syms, const char *file, unsigned line)
{
	struct source_file *f = NULL;
	size_t len;

	if (syms->last_source < syms->sources.len &&
	    !strcmp(syms->sources.data[syms->last_source].name, file))
		f = &syms->sources.data[syms->last_source];
	for (size_t i = 0; !f && i < syms->sources.len; i++)
		if (!strcmp(syms->sources.data[i].name, file)) {
			f = &syms->sources.data[i];
			syms->last_source = i;
		}
	if (!f) {
		if (syms->sources.len == SOURCE_FILES_MAX)
			return NULL;
		vec_push(&syms->sources, (struct source_file){ .name = xstrdup(file) });
		syms->last_source = syms->sources.len - 1;
		f = &syms->sources.data[syms->last_source];
		f->data = find_file(syms, file, &len);
		if (f->data)
			split_lines(f, len);
	}
	return line >= 1 && line <= f->lines.len ? f->lines.data[line - 1] : NULL;
}

void symbols_add_source_dir(struct symbols *syms, const char *dir)
{
	vec_push(&syms->source_dirs, xstrdup(dir));
	/* What was missing may be there. */
	for (size_t i = syms->sources.len; i-- > 0;)
		if (!syms->sources.data[i].data) {
			source_file_deinit(&syms->sources.data[i]);
			vec_remove(&syms->sources, i);
		}
}

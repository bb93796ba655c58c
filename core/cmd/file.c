/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dump memory, load: between guest memory and files. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/command/command.h"

#define CHUNK (64u << 10)

static struct error *write_all(int fd, const char *name, const uint8_t *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot write '%s'", name);
		data += n;
		len -= n;
	}
	return NULL;
}

static struct error *dump(struct session *s, const char *name, uint64_t start, uint64_t end, bool physical,
			  uint64_t *ret_written)
{
	_free_ uint8_t *buf = xcalloc(1, CHUNK);
	_close_ int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct error *error = NULL;

	*ret_written = 0;
	if (fd < 0)
		return error_errno(errno, "cannot create '%s'", name);
	while (start < end && !error) {
		size_t len = end - start < CHUNK ? end - start : CHUNK, done = 0;
		struct error *write_error;

		if (physical) {
			error = target_phys_read(s->target, start, buf, len);
			done = error ? 0 : len;
		} else {
			error = session_mem_read(s, start, buf, len, &done);
		}
		write_error = write_all(fd, name, buf, done);
		if (write_error) {
			error_destroy(error);
			return write_error;
		}
		*ret_written += done;
		start += done;
	}
	return error;
}

static struct error *dump_run(struct session *s, const struct args *args, struct out *out)
{
	const char *name = args->value[0].text;
	struct expr_value start, end;
	struct error *error;
	uint64_t written;
	char size[32];

	error = session_eval_prog(s, args->value[1].prog, &start);
	if (!error)
		error = session_eval_prog(s, args->value[2].prog, &end);
	if (error)
		return error;
	if (end.bits <= start.bits)
		return error_create(ERROR_USAGE, "the dump ends (0x%" PRIx64 ") before it starts (0x%" PRIx64 ")",
				    end.bits, start.bits);
	error = dump(s, name, start.bits, end.bits, args->command->name[5] == 'p', &written);
	if (error)
		return error_prefix(error, "after %" PRIu64 " bytes", written);
	out_message(out, ROLE_TEXT, "wrote %s to %s", format_size(size, sizeof(size), written), name);
	return NULL;
}

#define DUMP_ARGS { { .type = ARG_FILE, .name = "FILE" }, { .type = ARG_EXPR, .name = "START" }, \
		    { .type = ARG_EXPR, .name = "END" } }

const struct command cmd_dump_memory = {
	.name = "dump memory",
	.aliases = (const char *const[]){ "dump binary", NULL },
	.group = "data",
	.summary = "write guest-virtual memory [START, END) to FILE",
	.help = "Ends with an error at the first address that is not mapped; what was read is kept.",
	.examples = (const char *const[]){ "dump memory /dev/null table table+16", NULL },
	.args = DUMP_ARGS,
	.needs = NEED_TARGET,
	.run = dump_run,
};

const struct command cmd_dump_physical = {
	.name = "dump physical",
	.group = "data",
	.summary = "write guest-physical memory [START, END) to FILE",
	.examples = (const char *const[]){ "dump physical /dev/null 0 0x1000", NULL },
	.args = DUMP_ARGS,
	.needs = NEED_TARGET,
	.run = dump_run,
};

/* `dump` alone says what there is. */
static struct error *dump_help(struct session *s, const struct args *args, struct out *out)
{
	return error_hint(error_create(ERROR_USAGE, "dump: what?"),
			  "`dump memory FILE START END` or `dump physical FILE START END`");
}

const struct command cmd_dump = {
	.name = "dump",
	.group = "data",
	.summary = "write memory to a file: dump memory, dump physical",
	.run = dump_help,
};

/* ---- load ---------------------------------------------------------------------------------------- */

static struct error *load(struct session *s, int fd, const char *name, uint64_t addr, uint64_t *ret_read)
{
	_free_ uint8_t *buf = xcalloc(1, CHUNK);

	*ret_read = 0;
	for (;;) {
		ssize_t n = read(fd, buf, CHUNK);
		struct error *error;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot read '%s'", name);
		if (n == 0)
			return NULL;
		error = session_mem_write(s, addr + *ret_read, buf, n);
		if (error)
			return error;
		*ret_read += n;
	}
}

static struct error *load_run(struct session *s, const struct args *args, struct out *out)
{
	const char *name = args->value[0].text;
	_close_ int fd = -1;
	struct expr_value addr;
	struct error *error;
	struct stat st;
	uint64_t n;
	char size[32];

	error = session_eval_prog(s, args->value[1].prog, &addr);
	if (error)
		return error;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return error_errno(errno, "cannot open '%s'", name);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return error_create(ERROR_FAILED, "'%s' is not a regular file", name);
	error = load(s, fd, name, addr.bits, &n);
	if (error)
		return error_prefix(error, "after %" PRIu64 " bytes", n);
	out_message(out, ROLE_TEXT, "loaded %s from %s at 0x%" PRIx64, format_size(size, sizeof(size), n), name,
		    addr.bits);
	return NULL;
}

const struct command cmd_load = {
	.name = "load",
	.aliases = (const char *const[]){ "restore", NULL },
	.group = "data",
	.summary = "copy FILE into guest-virtual memory at ADDRESS",
	.args = { { .type = ARG_FILE, .name = "FILE" }, { .type = ARG_EXPR, .name = "ADDRESS" } },
	.needs = NEED_TARGET | NEED_STOPPED,
	.run = load_run,
};

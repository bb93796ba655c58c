/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/qmp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"

#define ANSWER_MAX (16u << 20)
#define TIMEOUT_S 5

struct qmp {
	int fd;
	char *path;
	struct text in;		/* received, not used yet */
};

/* The next line that QEMU sends. The text stays in @q->in; *ret_len is without the line end. */
static struct error *read_line(struct qmp *q, size_t *ret_len)
{
	char buf[16384];

	for (size_t seen = 0;;) {
		const char *end = q->in.len > seen ? memchr(q->in.data + seen, '\n', q->in.len - seen) : NULL;
		ssize_t n;

		if (end) {
			*ret_len = end - q->in.data;
			return NULL;
		}
		seen = q->in.len;
		if (q->in.len > ANSWER_MAX)
			return error_create(ERROR_FAILED, "the monitor at '%s' answers with more than 16 MiB", q->path);
		n = recv(q->fd, buf, sizeof(buf), 0);
		if (n == 0)
			return error_create(ERROR_FAILED, "the monitor at '%s' closed the connection", q->path);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return error_hint(error_create(ERROR_FAILED, "the monitor at '%s' does not answer", q->path),
					  "a QMP socket serves one client: is another connected?");
		if (n < 0 && errno != EINTR)
			return error_errno(errno, "cannot read from the monitor at '%s'", q->path);
		if (n > 0)
			text_add(&q->in, buf, n);
	}
}

/* One object; events that come in between are passed over by the caller. */
static struct error *receive(struct qmp *q, struct json_object **ret)
{
	struct json_object *object;
	size_t len;
	struct error *err = read_line(q, &len);

	if (err)
		return err;
	q->in.data[len] = '\0';
	object = json_tokener_parse(q->in.data);
	memmove(q->in.data, q->in.data + len + 1, q->in.len - len - 1);
	q->in.len -= len + 1;
	if (!object || !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return error_create(ERROR_FAILED, "'%s' does not speak QMP", q->path);
	}
	*ret = object;
	return NULL;
}

static struct error *send_all(struct qmp *q, const char *s, size_t len)
{
	while (len) {
		ssize_t n = send(q->fd, s, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(errno, "cannot write to the monitor at '%s'", q->path);
		s += n;
		len -= n;
	}
	return NULL;
}

struct error *qmp_call(struct qmp *q, const char *command, struct json_object *args, struct json_object **ret)
{
	struct json_object *question = json_object_new_object(), *answer, *part, *why;
	const char *text;
	struct error *err;

	json_object_object_add(question, "execute", json_object_new_string(command));
	if (args)
		json_object_object_add(question, "arguments", args);
	text = json_object_to_json_string_ext(question, JSON_C_TO_STRING_PLAIN);
	err = send_all(q, text, strlen(text));
	if (!err)
		err = send_all(q, "\n", 1);
	json_object_put(question);
	while (!err) {
		err = receive(q, &answer);
		if (err)
			break;
		if (json_object_object_get_ex(answer, "return", &part)) {
			*ret = json_object_get(part);
			json_object_put(answer);
			return NULL;
		}
		if (json_object_object_get_ex(answer, "error", &part)) {
			text = json_object_object_get_ex(part, "desc", &why) ? json_object_get_string(why) : "no reason";
			err = error_create(ERROR_FAILED, "QEMU refuses %s: %s", command, text);
		}
		json_object_put(answer); /* an event */
	}
	return err;
}

void qmp_close(struct qmp *q)
{
	if (!q)
		return;
	if (q->fd >= 0)
		close(q->fd);
	text_deinit(&q->in);
	free(q->path);
	free(q);
}

static struct error *greet(struct qmp *q)
{
	struct json_object *hello, *part, *answer;
	struct error *err = receive(q, &hello);
	bool is_qmp;

	if (err)
		return err;
	is_qmp = json_object_object_get_ex(hello, "QMP", &part);
	json_object_put(hello);
	if (!is_qmp)
		return error_create(ERROR_FAILED, "'%s' does not greet as QMP does", q->path);
	err = qmp_call(q, "qmp_capabilities", NULL, &answer);
	if (!err)
		json_object_put(answer);
	return err;
}

struct error *qmp_open(const char *path, struct qmp **ret)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = TIMEOUT_S };
	struct error *err = NULL;
	struct qmp *q;

	if (strlen(path) >= sizeof(addr.sun_path))
		return error_create(ERROR_USAGE, "'%s' is too long for the path of a socket", path);
	strcpy(addr.sun_path, path);
	q = xcalloc(1, sizeof(*q));
	q->path = xstrdup(path);
	q->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (q->fd < 0 || setsockopt(q->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
	    connect(q->fd, (struct sockaddr *)&addr, sizeof(addr)))
		err = error_hint(error_errno(errno, "cannot connect to '%s'", path),
				 "QEMU opens one with -qmp unix:%s,server=on,wait=off", path);
	if (!err)
		err = greet(q);
	if (err)
		qmp_close(q);
	else
		*ret = q;
	return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* QEMU's monitor protocol (docs/interop/qmp-spec): questions only, one at a time. */
#pragma once

#include <json-c/json.h>

#include "core/base/error.h"

struct qmp;

/* Connects to the UNIX socket at @path (`-qmp unix:PATH,server=on,wait=off`). */
struct error *qmp_open(const char *path, struct qmp **ret);
void qmp_close(struct qmp *q);
/* Runs @command with @args (taken; NULL: none). *ret is the answer, owned by the caller. */
struct error *qmp_call(struct qmp *q, const char *command, struct json_object *args, struct json_object **ret);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Event schemas from an object's BTF: each `struct ev_<name>` of probe P is event "P.<name>". Types give
 * the fields; the typedefs of probes/bpf/common.bpf.h their units, enums their names, the declaration tag
 * "help:..." the help. A member called pad or pad<n> is none.
 */
#pragma once

#include <stdint.h>

#include "core/base/error.h"
#include "core/base/vec.h"
#include "core/event/schema.h"

struct btf;

struct probe_schema {
	uint32_t type;		/* BTF id of the struct */
	struct schema schema;	/* everything in it is owned */
};

struct probe_schemas {
	VEC(struct probe_schema *) list;
};

/* ERROR_FAILED names the struct and member that events can not have. */
struct error *probe_schemas_init(struct probe_schemas *s, const char *probe, const struct btf *btf);
/* The same of a built-in probe's embedded object. */
struct error *probe_schemas_load(struct probe_schemas *s, const char *probe);
void probe_schemas_deinit(struct probe_schemas *s);
const struct probe_schema *probe_schemas_find(const struct probe_schemas *s, uint32_t type);

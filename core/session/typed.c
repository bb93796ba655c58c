/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values with C types as text. */
#include "core/session/session.h"

#include "core/symbols/vars.h"

static bool read_virt(void *ctx, uint64_t gva, void *buf, size_t len)
{
	struct error *error;
	size_t done;

	error = session_mem_read(ctx, gva, buf, len, &done);
	error_destroy(error);
	return !error;
}

bool session_typed_text(struct session *s, struct expr_value value, char *buf, size_t size)
{
	struct mem_reader mem = { .ctx = s, .virt = read_virt };

	/* Plain numbers have formats of their own. */
	if (!value.type || !s->target || symbols_type_is_number(s->symbols, value.type))
		return false;
	symbols_type_format(s->symbols, value.type, value.bits, value.is_aggregate,
			    s->target->arch->big_endian, &mem, buf, size);
	return true;
}

char *session_typed_lines(struct session *s, struct expr_value value)
{
	struct mem_reader mem = { .ctx = s, .virt = read_virt };
	struct variable_type type;

	if (!value.type || !value.is_aggregate || !s->target ||
	    !symbols_type_describe(s->symbols, value.type, &type) || type.kind != TYPE_STRUCT)
		return NULL;
	return symbols_type_format_lines(s->symbols, value.type, value.bits, true, s->target->arch->big_endian,
					 &mem);
}

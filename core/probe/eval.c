/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of a probe file's expressions at an event. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"
#include "core/event/store.h"
#include "core/probe/bind.h"

static bool env_field(void *ctx, unsigned index, uint64_t *ret)
{
	const struct probe_context *c = ctx;

	if (index >= PROBE_TEXT_BASE) {
		*ret = PROBE_TEXT_ADDR + c->schema->fields[index - PROBE_TEXT_BASE].offset;
		return c->event != NULL;
	}
	if (index >= PROBE_VAR_BASE && index - PROBE_VAR_BASE < c->vars->values.len) {
		*ret = c->vars->values.data[index - PROBE_VAR_BASE];
		return true;
	}
	struct event_field_ctx field = { c->schema, c->event };
	if (c->event && c->schema)
		return event_env_field(&field, index, ret);
	return c->guest && c->guest->field && c->guest->field(c->guest->ctx, index, ret);
}

/* Bytes of a text field; behind its end there are zeros, so that it always ends. */
static void text_read(const struct probe_context *c, uint64_t offset, void *buf, size_t len)
{
	memset(buf, 0, len);
	for (unsigned i = 0; c->event && i < c->schema->nfields; i++) {
		const struct field *f = &c->schema->fields[i];
		uint64_t end = f->offset + f->size;
		if (offset < f->offset || offset >= end)
			continue;
		if (end > c->event->payload_len)
			end = c->event->payload_len;
		if (offset < end)
			memcpy(buf, c->event->payload + offset, end - offset < len ? end - offset : len);
		return;
	}
}

static bool env_mem(void *ctx, uint64_t gva, void *buf, size_t len)
{
	const struct probe_context *c = ctx;

	if (gva >= PROBE_TEXT_ADDR && gva < PROBE_TEXT_ADDR + EVENT_SIZE_MAX) {
		text_read(c, gva - PROBE_TEXT_ADDR, buf, len);
		return true;
	}
	return c->guest && c->guest->mem && c->guest->mem(c->guest->ctx, gva, buf, len);
}

static bool env_reg(void *ctx, unsigned id, uint64_t *ret)
{
	const struct probe_context *c = ctx;

	return c->guest && c->guest->reg && c->guest->reg(c->guest->ctx, id, ret);
}

static bool env_phys(void *ctx, uint64_t gpa, void *buf, size_t len)
{
	const struct probe_context *c = ctx;

	return c->guest && c->guest->phys && c->guest->phys(c->guest->ctx, gpa, buf, len);
}

static bool run(const struct probe_binding *b, const struct program_expr *e, const struct probe_context *ctx,
		struct expr_value *ret, struct expr_fault *fault)
{
	struct expr_env env = {
		.ctx = (void *)ctx, .reg = env_reg, .mem = env_mem, .phys = env_phys, .field = env_field,
		.big_endian = ctx->guest && ctx->guest->big_endian,
	};
	struct expr_fault ignored;

	return b->codes[e->id].prog && expr_eval(b->codes[e->id].prog, &env, ret, fault ? fault : &ignored);
}

bool probe_test(const struct probe_binding *b, const struct program_expr *e, const struct probe_context *ctx)
{
	struct expr_value v;

	return run(b, e, ctx, &v, NULL) && v.bits;
}

/* The text at an address, of the event or the guest; page by page what can be read. */
static bool read_text(const struct probe_context *ctx, uint64_t addr, char *buf, size_t size)
{
	size_t len = 0;

	while (len + 1 < size) {
		if (!env_mem((void *)ctx, addr + len, buf + len, 1))
			break;
		if (!buf[len])
			return true;
		len++;
	}
	buf[len] = '\0';
	return len > 0;
}

bool probe_eval(const struct probe_binding *b, const struct program_expr *e, const struct probe_context *ctx,
		struct probe_value *ret, struct expr_fault *fault)
{
	const struct probe_code *code = &b->codes[e->id];
	struct expr_value v;

	*ret = (struct probe_value){ 0 };
	if (e->wrap == WRAP_TEXT || e->wrap == WRAP_MAP) {
		ret->is_text = true;
		snprintf(ret->text, sizeof(ret->text), "%s", e->text);
		return true;
	}
	if (code->is_text && e->wrap == WRAP_VALUE) {
		ret->is_text = true;
		text_read(ctx, code->field->offset, ret->text, sizeof(ret->text) - 1);
		return true;
	}
	if (!run(b, e, ctx, &v, fault))
		return false;
	ret->num = v.bits;
	ret->is_signed = v.is_signed;
	ret->field = code->field;
	ret->is_hex = e->wrap == WRAP_HEX || (e->wrap == WRAP_VALUE && v.is_address);
	if (e->wrap == WRAP_STR) {
		ret->is_text = true;
		return read_text(ctx, v.bits, ret->text, sizeof(ret->text));
	}
	if (e->wrap == WRAP_SYM) {
		ret->is_text = true;
		if (!ctx->symbol || !ctx->symbol(ctx->symbol_ctx, v.bits, ret->text, sizeof(ret->text)))
			snprintf(ret->text, sizeof(ret->text), "0x%" PRIx64, v.bits);
	}
	return true;
}

const char *probe_value_text(const struct probe_value *v, char *buf, size_t size)
{
	enum field_unit unit = v->field ? v->field->unit : UNIT_NONE;

	if (v->is_text)
		return v->text;
	for (const struct field_enum *e = v->field ? v->field->names : NULL; e && e->name; e++)
		if (e->value == v->num)
			return e->name;
	if (v->is_hex || unit == UNIT_HEX || unit == UNIT_GPA || unit == UNIT_GVA)
		snprintf(buf, size, "0x%" PRIx64, v->num);
	else if (unit == UNIT_BOOL)
		return v->num ? "yes" : "no";
	else if (v->is_signed)
		snprintf(buf, size, "%" PRId64, (int64_t)v->num);
	else
		snprintf(buf, size, "%" PRIu64, v->num);
	return buf;
}

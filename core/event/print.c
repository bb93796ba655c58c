/* SPDX-License-Identifier: GPL-3.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/out.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/event/store.h"

/* Members every event has in JSON; a field of the same name gets a '_'. */
static const char *const reserved[] = { "time_ns", "vcpu", "event", "cpu", "tid", "vm" };

static const char *json_name(char *buf, size_t size, const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(reserved); i++) {
		if (strcmp(reserved[i], name) == 0) {
			snprintf(buf, size, "%s_", name);
			return buf;
		}
	}
	return name;
}

static const char *enum_name(const struct field *field, uint64_t v)
{
	for (const struct field_enum *e = field->names; e && e->name; e++)
		if (e->value == v)
			return e->name;
	return NULL;
}

static void print_number(struct out *out, const struct field *field, const char *name, uint64_t v)
{
	const char *word = enum_name(field, v);

	if (word) {
		out_str(out, ROLE_TEXT, name, 0, word);
		return;
	}
	switch (field->unit) {
	case UNIT_BOOL:
		out_bool(out, ROLE_NUMBER, name, "yes", "no", v);
		break;
	case UNIT_HEX:
		out_hex(out, ROLE_NUMBER, name, 0, v);
		break;
	case UNIT_GPA:
	case UNIT_GVA:
		out_hex(out, ROLE_ADDR, name, 0, v);
		break;
	default:
		if (field->type >= FIELD_S8 && field->type <= FIELD_S64)
			out_int(out, ROLE_NUMBER, name, 0, (int64_t)v);
		else
			out_dec(out, ROLE_NUMBER, name, 0, v);
	}
}

static void print_words(struct out *out, const char *name, const uint8_t *p, size_t len)
{
	struct text t = { 0 };

	for (size_t i = 0; i + 8 <= len; i += 8) {
		uint64_t v;

		memcpy(&v, p + i, sizeof(v));
		text_printf(&t, "%s0x%" PRIx64, i ? "," : "", v);
	}
	out_str(out, ROLE_NUMBER, name, 0, text_str(&t));
	text_deinit(&t);
}

/* @quote: bytes of unknown origin may hold spaces. NUL bytes can not pass through a C string, so they
 * become visible here; the sink takes care of everything else. */
static void print_bytes(struct out *out, const char *name, const uint8_t *p, size_t len, bool quote)
{
	struct text t = { 0 };

	for (size_t i = 0; i < len; i++) {
		if (p[i])
			text_add(&t, (const char *)p + i, 1);
		else
			text_puts(&t, "\\0");
	}
	if (quote)
		out_text(out, ROLE_DIM, "\"");
	out_str(out, ROLE_TEXT, name, 0, text_str(&t));
	if (quote)
		out_text(out, ROLE_DIM, "\"");
	text_deinit(&t);
}

/* False when the payload is too short to hold a number. */
static bool print_field(struct out *out, const struct field *field, const uint8_t *payload, size_t len)
{
	size_t room = field->offset < len ? len - field->offset : 0;
	size_t size = field->size < room ? field->size : room;
	const uint8_t *p = payload + field->offset;
	char buf[64];
	const char *name = json_name(buf, sizeof(buf), field->name);
	uint64_t v;
	bool is_number = field_read(field, payload, len, &v);

	if (!is_number && field->type != FIELD_BYTES && field->type != FIELD_STRING)
		return false;
	if (!is_number && !size)
		return true; /* variable length, none of it here */
	out_text(out, ROLE_LABEL, " %s=", field->name);
	if (is_number)
		print_number(out, field, name, v);
	else if (field->type == FIELD_STRING)
		print_bytes(out, name, p, strnlen((const char *)p, size), false);
	else if (field->unit == UNIT_HEX)
		print_words(out, name, p, size);
	else
		print_bytes(out, name, p, size, true);
	return true;
}

void event_print(struct out *out, const struct event *event, const struct schema *schema, uint64_t t0)
{
	bool before = event->time_ns < t0;
	uint64_t delta = before ? t0 - event->time_ns : event->time_ns - t0;

	out_begin(out, "event");
	out_hidden_dec(out, "time_ns", event->time_ns);
	out_text(out, ROLE_DIM, "%c%" PRIu64 ".%09" PRIu64, before ? '-' : '+', delta / 1000000000,
		 delta % 1000000000);
	if (event->vcpu != EVENT_NO_VCPU) {
		out_text(out, ROLE_LABEL, " vcpu");
		out_dec(out, ROLE_LABEL, "vcpu", 0, event->vcpu);
	} else {
		out_text(out, ROLE_DIM, " -    "); /* as wide as vcpu0 */
	}
	out_text(out, ROLE_TEXT, " ");
	if (schema)
		out_str(out, ROLE_MNEMONIC, "event", 0, schema->name);
	else
		out_strf(out, ROLE_MNEMONIC, "event", "schema-%u", event->schema);
	if (event->cpu != UINT32_MAX)
		out_hidden_dec(out, "cpu", event->cpu);
	out_hidden_dec(out, "tid", event->tid);
	out_hidden_dec(out, "vm", event->vm);
	for (unsigned i = 0; schema && i < schema->nfields; i++) {
		if (!print_field(out, &schema->fields[i], event->payload, event->payload_len)) {
			out_text(out, ROLE_DIM, " (short)");
			break;
		}
	}
	out_end(out);
}

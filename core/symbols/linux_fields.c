/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members and lists of a kernel's structures. */
#include <inttypes.h>
#include <string.h>

#include "core/symbols/linux_kernel.h"

#define NAME_MAX_LEN 128

static bool find_field(const struct linux_kernel *k, uint32_t structure, const char *name, size_t len,
		       struct linux_field *field)
{
	char path[NAME_MAX_LEN];
	struct btf_member m;

	if (len >= sizeof(path))
		return false;
	memcpy(path, name, len);
	path[len] = '\0';
	if (!btf_find_member(k->btf, structure, path, &m) || m.bits)
		return false;
	uint64_t size = btf_size(k->btf, m.type, 8);
	field->offset = m.bit_offset / 8;
	field->size = size < UINT32_MAX ? size : UINT32_MAX;
	return field->size > 0;
}

struct error *linux_fields_find(const struct linux_kernel *k, const char *structure,
				struct linux_field *fields, size_t n)
{
	struct btf_type t;
	uint64_t unused;

	if (!k->btf || !btf_find(k->btf, structure, BTF_STRUCT, &t))
		return k->btf ? error_create(ERROR_UNSUPPORTED, "Linux %s has no struct %s", k->guest.release,
					     structure)
			      : linux_kernel_offset(k, structure, "", &unused);
	for (size_t i = 0; i < n; i++) {
		const char *name = fields[i].names;
		bool found = false;

		while (!found && *name) {
			size_t len = strcspn(name, "|");

			found = find_field(k, t.id, name, len, &fields[i]);
			name += len + (name[len] == '|');
		}
		if (found)
			continue;
		fields[i].size = 0;
		if (!fields[i].optional)
			return error_create(ERROR_UNSUPPORTED, "Linux %s has no member %s in struct %s",
					    k->guest.release, fields[i].names, structure);
	}
	return NULL;
}

struct error *linux_field_read(const struct linux_kernel *k, uint64_t base, const struct linux_field *field,
			       uint64_t *ret)
{
	*ret = 0;
	return field->size ? linux_kernel_read_number(k, base + field->offset, field->size, ret) : NULL;
}

static struct error *broken(const struct linux_kernel *k, uint64_t head, unsigned n)
{
	return error_hint(error_create(ERROR_FAULT, "the list at 0x%" PRIx64 " of Linux %s does not lead back to"
				       " its head after %u entries", head, k->guest.release, n),
			  "of a running guest it may have changed while it was read: stop the guest, or try again");
}

struct error *linux_list_each(const struct linux_kernel *k, uint64_t head, uint64_t member_offset,
			      unsigned max, struct error *(*fn)(void *ctx, uint64_t structure), void *ctx)
{
	uint64_t at;
	struct error *err = linux_kernel_read_number(k, head, 8, &at);

	for (unsigned n = 0; !err && at != head; n++) {
		uint64_t next;

		if (n == max)
			return broken(k, head, n);
		struct error *gone = linux_kernel_read_number(k, at, 8, &next);
		if (gone) {
			error_destroy(gone);
			return broken(k, head, n);
		}
		err = fn(ctx, at - member_offset);
		at = next;
	}
	return err;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/arch/regs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/arch/arch.h"
#include "core/base/bits.h"

void regs_init(struct regs *regs, const struct arch *arch)
{
	memset(regs, 0, sizeof(*regs));
	regs->arch = arch;
}

static const struct reg_desc *desc_of(const struct regs *regs, unsigned id)
{
	return regs->arch && id < regs->arch->nregs ? &regs->arch->regs[id] : NULL;
}

static unsigned desc_bytes(const struct reg_desc *desc)
{
	return (desc->bits + 7) / 8;
}

bool regs_valid(const struct regs *regs, unsigned id)
{
	return id < REGS_MAX && (regs->valid[id / 64] & BIT(id % 64));
}

bool regs_get(const struct regs *regs, unsigned id, uint64_t *ret)
{
	const struct reg_desc *desc = desc_of(regs, id);
	uint8_t low[8] = { 0 };
	unsigned n;

	if (!desc || !regs_valid(regs, id))
		return false;
	n = desc_bytes(desc);
	memcpy(low, regs->data + desc->offset, n < sizeof(low) ? n : sizeof(low));
	*ret = le64_read(low);
	return true;
}

uint64_t regs_u64(const struct regs *regs, unsigned id)
{
	uint64_t v = 0;

	regs_get(regs, id, &v);
	return v;
}

void regs_set(struct regs *regs, unsigned id, uint64_t value)
{
	uint8_t low[8];

	le64_write(low, value);
	regs_set_bytes(regs, id, low, sizeof(low));
}

const uint8_t *regs_bytes(const struct regs *regs, unsigned id)
{
	const struct reg_desc *desc = desc_of(regs, id);

	return desc ? regs->data + desc->offset : NULL;
}

void regs_set_bytes(struct regs *regs, unsigned id, const void *data, size_t len)
{
	const struct reg_desc *desc = desc_of(regs, id);
	unsigned n;

	if (!desc)
		return;
	n = desc_bytes(desc);
	if (len > n)
		len = n;
	memset(regs->data + desc->offset, 0, n);
	memcpy(regs->data + desc->offset, data, len);
	regs->valid[id / 64] |= BIT(id % 64);
}

bool regs_differ(const struct regs *a, const struct regs *b, unsigned id)
{
	const struct reg_desc *desc = desc_of(a, id);

	if (!desc || a->arch != b->arch || !regs_valid(a, id) || !regs_valid(b, id))
		return false;
	return memcmp(a->data + desc->offset, b->data + desc->offset, desc_bytes(desc)) != 0;
}

bool reg_lookup(const struct arch *arch, const char *name, struct reg_ref *ret)
{
	if (*name == '$')
		name++;
	for (unsigned i = 0; i < arch->nregs; i++) {
		if (!strcasecmp(arch->regs[i].name, name)) {
			*ret = (struct reg_ref){ .reg = i, .bits = arch->regs[i].bits };
			return true;
		}
	}
	for (const struct reg_alias *a = arch->aliases; a && a->name; a++) {
		if (!strcasecmp(a->name, name)) {
			*ret = (struct reg_ref){ .reg = a->reg, .bits = a->bits, .shift = a->shift };
			return true;
		}
	}
	return false;
}

bool reg_ref_get(const struct regs *regs, struct reg_ref ref, uint64_t *ret)
{
	uint64_t v;

	if (!regs_get(regs, ref.reg, &v))
		return false;
	v = ref.shift < 64 ? v >> ref.shift : 0;
	*ret = ref.bits >= 64 ? v : v & MASK(ref.bits - 1, 0);
	return true;
}

/* Appends to @buf at @len, separated by a space; what does not fit whole is left out. */
static size_t decode_add(char *buf, size_t size, size_t len, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static size_t decode_add(char *buf, size_t size, size_t len, const char *fmt, ...)
{
	char word[48];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(word, sizeof(word), fmt, ap);
	va_end(ap);
	if (n <= 0 || (size_t)n >= sizeof(word) || len + (len > 0) + n >= size)
		return len;
	if (len)
		buf[len++] = ' ';
	memcpy(buf + len, word, n + 1);
	return len + n;
}

/* How many names @values has, so that a value past the list is shown as a number. */
static unsigned values_count(const char *const *values)
{
	unsigned n = 0;

	while (values[n])
		n++;
	return n;
}

const char *reg_decode(const struct reg_desc *desc, uint64_t value, char *buf, size_t size)
{
	size_t len = 0;

	if (size)
		buf[0] = '\0';
	for (const struct reg_field *f = desc->fields; f && f->name; f++) {
		uint64_t v = FIELD(value, f->hi, f->lo);

		if (f->values && v < values_count(f->values) && !f->values[v][0])
			continue;
		if (f->values && v < values_count(f->values))
			len = decode_add(buf, size, len, "%s=%s", f->name, f->values[v]);
		else if (f->hi == f->lo && v)
			len = decode_add(buf, size, len, "%s", f->name);
		else if (f->hi != f->lo && v)
			len = decode_add(buf, size, len, "%s=0x%llx", f->name, (unsigned long long)v);
	}
	return buf;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/vec.h"
#include "core/base/visible.h"
#include "ui/utf8.h"

#define SEQUENCES_MAX 5

static const struct key_desc {
	const char *name, *capability;
	const char *seq[SEQUENCES_MAX];
} descs[] = {
#define KEY(id, name, capability, ...) { name, capability, { __VA_ARGS__ } },
#include "ui/keys.def"
#undef KEY
};

_Static_assert(ARRAY_SIZE(descs) == K_OTHER - K_SPECIAL - 1, "one description each");

static const struct { const char *name; uint32_t code; } named[] = {
	{ "Tab", K_TAB }, { "Enter", K_ENTER }, { "Esc", K_ESC }, { "Space", ' ' },
	{ "Backspace", K_BACKSPACE },
};

void keys_init(struct key_decoder *dec, char *(*capability)(const char *name))
{
	memset(dec, 0, sizeof(*dec));
	for (size_t i = 0; capability && i < ARRAY_SIZE(descs); i++) {
		const char *s = capability(descs[i].capability);

		/* (char *)-1: not a string capability. */
		if (s && s != (const char *)-1 && s[0] == '\033' && s[1])
			dec->terminfo[i] = xstrdup(s);
	}
}

void keys_deinit(struct key_decoder *dec)
{
	for (size_t i = 0; i < ARRAY_SIZE(descs); i++)
		free(dec->terminfo[i]);
}

/* How far @buf is: a whole sequence (code), the start of one (*ret_more), or nothing known. */
static uint32_t match(const struct key_decoder *dec, const unsigned char *buf, unsigned len, bool *ret_more)
{
	*ret_more = false;
	for (size_t i = 0; i < ARRAY_SIZE(descs); i++) {
		for (int j = -1; j < SEQUENCES_MAX; j++) {
			const char *seq = j < 0 ? dec->terminfo[i] : descs[i].seq[j];
			size_t n = seq ? strlen(seq) : 0;

			if (n < len || memcmp(seq, buf, len))
				continue;
			if (n == len)
				return K_SPECIAL + 1 + (uint32_t)i;
			*ret_more = true;
		}
	}
	return K_NONE;
}

/* A control sequence by its syntax (ECMA-48 5.4), known or not: 0 incomplete, 1 complete, -1 none. */
static int control_sequence(const unsigned char *buf, unsigned len)
{
	if (len < 2 || buf[0] != K_ESC)
		return -1;
	if (buf[1] == 'O')
		return len >= 3;
	if (buf[1] != '[')
		return -1;
	for (unsigned i = 2; i < len; i++)
		if (buf[i] >= 0x40 && buf[i] <= 0x7e && !(i == 2 && buf[i] == '['))
			return 1;
	return 0;
}

static unsigned utf8_length(unsigned char lead)
{
	return lead >= 0xf8 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc2 ? 2 : 1;
}

/* The code of the bytes gathered, or K_NONE when more are needed. */
static uint32_t complete(const struct key_decoder *dec, bool flush)
{
	const unsigned char *b = dec->pending;
	unsigned alt = dec->len > 1 && b[0] == K_ESC, need;
	uint32_t code, cp;
	bool more;

	if (b[0] == K_ESC) {
		if (dec->len == 1)
			return flush ? K_ESC : K_NONE;
		code = match(dec, b, dec->len, &more);
		if (code)
			return code;
		if (more && !flush)
			return K_NONE;
		switch (control_sequence(b, dec->len)) {
		case 0:
			if (!flush && dec->len < KEY_BYTES_MAX)
				return K_NONE;
			return K_OTHER;
		case 1:
			return K_OTHER;
		}
	}
	need = utf8_length(b[alt]);
	if (b[alt] >= 0x80 && dec->len - alt < need && !flush && dec->len < KEY_BYTES_MAX)
		return K_NONE;
	if (!utf8_decode((const char *)b + alt, dec->len - alt, &cp))
		return K_OTHER;
	return alt ? K_ALT | cp : cp;
}

/* Whether @byte can not belong to what is pending: a second Escape, or text where the rest of a UTF-8
 * sequence should come. */
static bool starts_anew(const struct key_decoder *dec, unsigned char byte)
{
	unsigned alt = dec->len > 1 && dec->pending[0] == K_ESC;

	if (dec->len == 1 && dec->pending[0] == K_ESC)
		return byte == K_ESC;
	return dec->len > alt && dec->pending[alt] >= 0xc2 && (byte & 0xc0) != 0x80;
}

bool keys_decode(struct key_decoder *dec, const unsigned char **data, size_t *len, bool flush,
		 struct key *ret)
{
	for (;;) {
		if (*len) {
			if (starts_anew(dec, **data)) {
				flush = true;
			} else {
				dec->pending[dec->len++] = *(*data)++;
				--*len;
			}
		} else if (!flush) {
			return false;
		}
		if (!dec->len)
			return false;
		ret->code = complete(dec, flush);
		if (ret->code != K_NONE || dec->len == KEY_BYTES_MAX || flush) {
			if (ret->code == K_NONE)
				ret->code = K_OTHER;
			memcpy(ret->bytes, dec->pending, dec->len);
			ret->len = dec->len;
			dec->len = 0;
			return true;
		}
	}
}

bool keys_pending(const struct key_decoder *dec)
{
	return dec->len > 0;
}

uint32_t keys_from_name(const char *name, size_t len)
{
	uint32_t cp;

	if (len > 2 && name[1] == '-' && (name[0] == 'C' || name[0] == 'M')) {
		uint32_t code = keys_from_name(name + 2, len - 2);

		if (name[0] == 'M')
			return code ? K_ALT | code : K_NONE;
		return code >= '@' && code < 0x7f ? K_CTRL(code) : K_NONE;
	}
	for (size_t i = 0; i < ARRAY_SIZE(named); i++)
		if (strlen(named[i].name) == len && !memcmp(named[i].name, name, len))
			return named[i].code;
	for (size_t i = 0; i < ARRAY_SIZE(descs); i++)
		if (strlen(descs[i].name) == len && !memcmp(descs[i].name, name, len))
			return K_SPECIAL + 1 + (uint32_t)i;
	return len && utf8_decode(name, len, &cp) == len && cp > 0x20 ? cp : K_NONE;
}

const char *keys_name(uint32_t code, char *buf, size_t size)
{
	const char *alt = code & K_ALT ? "M-" : "";
	char text[4];

	code &= ~(uint32_t)K_ALT;
	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		if (named[i].code == code) {
			snprintf(buf, size, "%s%s", alt, named[i].name);
			return buf;
		}
	}
	if (code > K_SPECIAL && code < K_OTHER)
		snprintf(buf, size, "%s", descs[code - K_SPECIAL - 1].name);
	else if (code < 0x20)
		snprintf(buf, size, "%sC-%c", alt, code | 0x60);
	else
		snprintf(buf, size, "%s%.*s", alt, (int)utf8_put(text, code), text);
	return buf;
}

bool keys_in_list(uint32_t code, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		if (n && keys_from_name(list, n) == code)
			return true;
		list += n;
		list += strspn(list, " ");
	}
	return false;
}

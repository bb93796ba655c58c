/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes of the terminal to keys. One decoder serves panels and the prompt, so a function key works
 * everywhere and readline still gets the exact bytes of everything else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_BYTES_MAX 32

/* Codes: a code point (control characters and Escape are themselves), or one of these. */
enum key_code {
	K_NONE = 0,
	K_TAB = 9,
	K_ENTER = 13,
	K_ESC = 27,
	K_BACKSPACE = 127,
	K_SPECIAL = 0x200000,
#define KEY(id, ...) K_##id,
#include "ui/keys.def"
#undef KEY
	K_OTHER,		/* a sequence nobody knows: for readline only */
	K_ALT = 0x400000,	/* or'ed to the code of a character */
};

#define K_CTRL(c) ((c) & 0x1f)

struct key {
	uint32_t code;
	unsigned char bytes[KEY_BYTES_MAX];
	unsigned len;
};

struct key_decoder {
	unsigned char pending[KEY_BYTES_MAX];
	unsigned len;
	char *terminfo[K_OTHER - K_SPECIAL]; /* this terminal's own sequences, or NULL; owned */
};

/* @capability gives terminfo strings (tigetstr); NULL: fixed sequences only. */
void keys_init(struct key_decoder *dec, char *(*capability)(const char *name));
void keys_deinit(struct key_decoder *dec);

/* Takes bytes from *data up to the end of one key; false when more bytes are needed. With @flush what
 * is there is a key (Escape was pressed alone). */
bool keys_decode(struct key_decoder *dec, const unsigned char **data, size_t *len, bool flush,
		 struct key *ret);
bool keys_pending(const struct key_decoder *dec); /* a flush is due when nothing more comes */

/* "F5", "C-c", "M-x", "Space", "a"; K_NONE for nonsense. */
uint32_t keys_from_name(const char *name, size_t len);
const char *keys_name(uint32_t code, char *buf, size_t size);
/* True when @code is in the space-separated list of names. */
bool keys_in_list(uint32_t code, const char *list);

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The console: 16 characters a hypercall, packed big-endian into registers. */
#include "guest/demo/ppc64/demo.h"

#define VTY 0x71000000

static void put(const char *s, unsigned len)
{
	uint64_t word[2] = { 0, 0 };

	for (unsigned i = 0; i < len; i++)
		word[i / 8] |= (uint64_t)(uint8_t)s[i] << (56 - 8 * (i % 8));
	hcall(H_PUT_TERM_CHAR, VTY, len, word[0], word[1], 0, NULL);
}

void print(const char *s)
{
	while (*s) {
		unsigned len = 0;

		while (len < 16 && s[len])
			len++;
		put(s, len);
		s += len;
	}
}

void print_dec(uint64_t v)
{
	char text[24], *p = text + sizeof(text);

	*--p = '\0';
	do
		*--p = '0' + v % 10;
	while (v /= 10);
	print(p);
}

void print_hex(uint64_t v)
{
	char text[19] = "0x";

	for (unsigned i = 0; i < 16; i++)
		text[2 + i] = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
	text[18] = '\0';
	print(text);
}

void handle_key(int key);

/* What is typed: nothing, or up to 16 characters a call. */
void console_input(void)
{
	uint64_t got[4];

	while (hcall(H_GET_TERM_CHAR, VTY, 0, 0, 0, 0, got) == 0 && got[0])
		for (unsigned i = 0; i < got[0] && i < 16; i++)
			handle_key(got[1 + i / 8] >> (56 - 8 * (i % 8)) & 0xff);
}

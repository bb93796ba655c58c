/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain text to a stream; roles become ANSI attributes only when asked. */
#include <stdlib.h>
#include <string.h>

#include "core/base/out.h"
#include "core/base/vec.h"

struct out_plain {
	struct out out; /* first: out_destroy() frees it */
	FILE *stream;
	bool color;
};

/* SGR parameters; the 16 colours every terminal has. NULL: as it is. */
static const char *const role_sgr[ROLE_COUNT] = {
	[ROLE_LABEL] = "36",
	[ROLE_ADDR] = "33",
	[ROLE_SYMBOL] = "32",
	[ROLE_CHANGED] = "1;31",
	[ROLE_MNEMONIC] = "1",
	[ROLE_COMMENT] = "2",
	[ROLE_HEADING] = "1",
	[ROLE_CURRENT] = "7",
	[ROLE_DIM] = "2",
	[ROLE_GOOD] = "32",
	[ROLE_WARN] = "33",
	[ROLE_ERROR] = "1;31",
	[ROLE_FINDING] = "1;35",
};

static void nothing(struct out *out) {}
static void nothing_named(struct out *out, const char *name) {}

static void plain_text(struct out *out, enum role role, const char *s, size_t len)
{
	struct out_plain *plain = container_of(out, struct out_plain, out);
	const char *sgr = plain->color && role < ROLE_COUNT ? role_sgr[role] : NULL;

	if (!len)
		return;
	if (sgr)
		fprintf(plain->stream, "\033[%sm", sgr);
	fwrite(s, 1, len, plain->stream);
	if (sgr)
		fputs("\033[0m", plain->stream);
}

static void plain_value(struct out *out, enum role role, const char *name, const char *text,
			const char *json)
{
	plain_text(out, role, text, strlen(text));
}

static void plain_nl(struct out *out)
{
	fputc('\n', container_of(out, struct out_plain, out)->stream);
}

static void plain_flush(struct out *out)
{
	fflush(container_of(out, struct out_plain, out)->stream);
}

static const struct out_ops plain_ops = {
	.begin = nothing_named,
	.end = nothing,
	.list = nothing_named,
	.list_end = nothing,
	.value = plain_value,
	.text = plain_text,
	.nl = plain_nl,
	.flush = plain_flush,
	.destroy = plain_flush,
};

struct out *out_create_plain(FILE *stream, bool color)
{
	struct out_plain *plain = xcalloc(1, sizeof(*plain));

	*plain = (struct out_plain){ .out.ops = &plain_ops, .stream = stream, .color = color };
	return &plain->out;
}

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* x and xp: examine memory. */
#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/session/examine.h"

/* What is not given is as the last time, as in gdb: `x/4xg p`, then `x`. */
static struct error *complete_format(struct session *s, const char *text, struct format *ret)
{
	struct error *error = format_parse(text, ret);

	if (error)
		return error;
	if (!ret->letter)
		ret->letter = s->x_letter;
	if (!ret->unit && ret->letter == s->x_letter && ret->letter != 'a' && ret->letter != 'c')
		ret->unit = s->x_size;
	s->x_letter = ret->letter;
	if (ret->unit)
		s->x_size = ret->unit;
	return NULL;
}

static struct error *examine(struct session *s, const struct args *args, struct out *out, bool physical)
{
	struct expr_value value = { .bits = s->x_next, .size = 8 };
	struct format format;
	struct error *error;

	error = complete_format(s, args->format, &format);
	if (!error && args->value[0].given)
		error = session_eval_prog(s, args->value[0].prog, &value);
	if (error)
		return error;
	error = session_examine(s, out, &format, value.bits, physical, &s->x_next);
	/* $_ is the address examined last, as in gdb. */
	value.is_address = true;
	*session_var(s, "_", true) = value;
	return error;
}

static struct error *x_run(struct session *s, const struct args *args, struct out *out)
{
	return examine(s, args, out, false);
}

static struct error *xp_run(struct session *s, const struct args *args, struct out *out)
{
	return examine(s, args, out, true);
}

const struct command cmd_x = {
	.name = "x",
	.group = "data",
	.summary = "examine memory at a guest-virtual address",
	.help = "FORMAT is a count, a letter (x d u o t z c a s f i) and a unit (b h w g: 1 2 4 8 bytes).\n"
		"What is left out is as the last time; without ADDRESS it goes on where it ended.\n"
		"Devices are never touched: only memory is read.",
	.examples = (const char *const[]){ "x/4xw table", "x/2xg $rsp", "x/s message", "x/3i $pc",
					   "x/8xb main; x", NULL },
	.args = { { .type = ARG_EXPR, .name = "ADDRESS", .optional = true } },
	.needs = NEED_TARGET,
	.takes_format = true,
	.repeats = true,
	.run = x_run,
};

const struct command cmd_xp = {
	.name = "xp",
	.group = "data",
	.summary = "examine memory at a guest-physical address",
	.help = "FORMAT as for `x`.",
	.examples = (const char *const[]){ "xp/4xg 0x1000", "xp/2i 0x100000", NULL },
	.args = { { .type = ARG_EXPR, .name = "ADDRESS", .optional = true } },
	.needs = NEED_TARGET,
	.takes_format = true,
	.repeats = true,
	.run = xp_run,
};

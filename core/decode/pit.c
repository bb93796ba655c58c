/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The 8254 interval timer. */
#include "core/decode/decode.h"

#include "core/base/vec.h"

#define PIT_HZ 1193182

static const char *mode_name(unsigned mode)
{
	static const char *const names[] = {
		"interrupt on count", "one-shot", "rate", "square wave", "software strobe", "hardware strobe",
	};

	return mode < ARRAY_SIZE(names) ? names[mode] : "not programmed";
}

static void show_channel(struct out *out, unsigned i, const struct state_x86_pit_channel *c)
{
	static const char *const uses[] = { "IRQ 0", "refresh", "speaker" };
	unsigned count = c->count ? c->count : 65536; /* 0 counts from 65536 */

	out_begin(out, "channel");
	out_text(out, ROLE_LABEL, "  channel ");
	out_dec(out, ROLE_LABEL, "channel", 0, i);
	out_text(out, ROLE_TEXT, " (%s): ", uses[i]);
	out_str(out, ROLE_TEXT, "mode", 0, mode_name(c->mode));
	if (c->mode < 6) {
		out_text(out, ROLE_TEXT, ", count ");
		out_dec(out, ROLE_NUMBER, "count", 0, count);
		if (c->mode == 2 || c->mode == 3) {
			out_text(out, ROLE_TEXT, ", ");
			out_strf(out, ROLE_NUMBER, "frequency", "%.3f Hz", (double)PIT_HZ / count);
		}
	}
	out_bool(out, ROLE_TEXT, "gate", ", gate open", ", gate closed", c->gate);
	out_bool(out, ROLE_TEXT, "bcd", ", BCD", "", c->bcd);
	out_end(out);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct state_x86_pit pit;
	struct error *err = decode_state(ctx, STATE_X86_PIT, 0, &pit, sizeof(pit));

	if (err)
		return err;
	out_begin(out, "pit");
	out_text(out, ROLE_HEADING, "PIT");
	out_text(out, ROLE_TEXT, ": ");
	out_bool(out, ROLE_TEXT, "speaker", "speaker on", "speaker off", pit.speaker & 2);
	out_nl(out);
	out_list(out, "channels");
	for (unsigned i = 0; i < ARRAY_SIZE(pit.channel); i++)
		show_channel(out, i, &pit.channel[i]);
	out_list_end(out);
	out_end(out);
	return NULL;
}

const struct view view_pit = {
	.name = "pit",
	.title = "8254 interval timer",
	.help = "mode, count and frequency of the three channels",
	.arch = "x86_64",
	.show = show,
};

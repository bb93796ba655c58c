/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pair of 8259A interrupt controllers. */
#include "core/decode/decode.h"

#include "core/arch/x86_64.h"

static void show_lines(struct out *out, const char *label, const char *name, uint8_t bits, unsigned first,
		       const char *comment)
{
	uint32_t map[8] = { (uint32_t)bits << first };

	out_text(out, ROLE_LABEL, "  %-5s", label);
	decode_numbers(out, ROLE_NUMBER, name, map);
	out_text(out, ROLE_COMMENT, "  %s", comment);
	out_nl(out);
}

static void show_one(struct out *out, unsigned index, const struct state_x86_pic *p)
{
	unsigned first = index * 8;

	out_begin(out, "pic");
	out_str(out, ROLE_HEADING, "name", 0, index == 0 ? "PIC master" : "PIC slave");
	out_text(out, ROLE_TEXT, ": IRQ %u-%u at vectors ", first, first + 7);
	out_hex(out, ROLE_NUMBER, "base", 2, p->irq_base);
	out_text(out, ROLE_TEXT, "-0x%02x", (uint8_t)(p->irq_base + 7));
	out_bool(out, ROLE_DIM, "programmed", "", ", not programmed", p->irq_base != 0);
	out_bool(out, ROLE_TEXT, "auto_eoi", ", auto EOI", "", p->auto_eoi);
	out_bool(out, ROLE_TEXT, "special_mask", ", special mask mode", "", p->special_mask);
	out_bool(out, ROLE_TEXT, "rotate", ", rotating priority", "", p->rotate);
	out_bool(out, ROLE_WARN, "initializing", ", in initialization", "", p->init_state != 0);
	out_nl(out);
	show_lines(out, "IRR", "irr", p->irr, first, "requested");
	show_lines(out, "ISR", "isr", p->isr, first, "in service");
	show_lines(out, "IMR", "imr", p->imr, first, "masked");
	show_lines(out, "ELCR", "elcr", p->elcr, first, "level-triggered");
	out_end(out);
}

static struct error *show(const struct view_ctx *ctx, struct out *out)
{
	struct state_x86_pic pic[2];
	bool protected_mode = regs_u64(ctx->regs, X86_CR0) & X86_CR0_PE;

	for (unsigned i = 0; i < 2; i++) {
		struct error *err = decode_state(ctx, STATE_X86_PIC, i, &pic[i], sizeof(pic[i]));

		if (err)
			return err;
	}
	for (unsigned i = 0; i < 2; i++)
		show_one(out, i, &pic[i]);
	for (unsigned i = 0; i < 2; i++) {
		/* Base 0 is the state after reset: nobody has programmed it yet. */
		if (protected_mode && pic[i].imr != 0xff && pic[i].irq_base && pic[i].irq_base < 32)
			decode_finding(out, "pic", "PIC-1", "the %s delivers IRQ %u at vector 0x%02x, among the CPU's "
				       "exceptions", i ? "slave" : "master", i * 8, pic[i].irq_base);
	}
	if (pic[1].irq_base && pic[1].imr != 0xff && (pic[0].imr & BIT(2)))
		decode_finding(out, "pic", "PIC-2", "slave lines are unmasked but the master masks the cascade (IRQ 2)");
	return NULL;
}

const struct view view_pic = {
	.name = "pic",
	.title = "8259A interrupt controllers",
	.help = "request, service and mask registers of both controllers",
	.arch = "x86_64",
	.groups = REGS_CONTROL,
	.show = show,
};

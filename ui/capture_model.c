/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/capture_model.h"

static uint64_t model_first(void *ctx)
{
	return 0;
}

static uint64_t model_end(void *ctx)
{
	return out_capture_lines(ctx);
}

static const struct out_line *model_line(void *ctx, uint64_t n)
{
	return out_capture_line(ctx, n);
}

const struct list_model capture_model = {
	.first = model_first,
	.end = model_end,
	.line = model_line,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/view.h"

#include <string.h>

#include "core/base/vec.h"

#define VIEW(name) extern const struct view view_##name;
#include "core/decode/views.def"
#undef VIEW

static const struct view *const views[] = {
#define VIEW(name) &view_##name,
#include "core/decode/views.def"
#undef VIEW
};

const struct view *view_at(unsigned i)
{
	return i < ARRAY_SIZE(views) ? views[i] : NULL;
}

const struct view *view_by_name(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(views); i++)
		if (!strcmp(views[i]->name, name))
			return views[i];
	return NULL;
}

struct error *view_show(const struct view *view, const struct view_ctx *ctx, struct out *out)
{
	if (view->arch && strcmp(view->arch, ctx->target->arch->name))
		return error_create(ERROR_UNSUPPORTED, "%s is not supported for %s", view->title,
				    ctx->target->arch->name);
	if (view->arg == VIEW_ARG_REQUIRED && !ctx->has_arg)
		return error_create(ERROR_USAGE, "%s needs %s", view->name, view->arg_name);
	if (view->arg == VIEW_ARG_NONE && ctx->has_arg)
		return error_create(ERROR_USAGE, "%s takes no argument", view->name);
	if (view->groups && !ctx->regs)
		return error_create(ERROR_STATE, "%s needs the registers of a vCPU", view->name);
	return view->show(ctx, out);
}

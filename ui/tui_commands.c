/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/tui_commands.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/command/command.h"
#include "ui/panel/memory.h"

/* A command finds its screen through the descriptor it is run with. */
struct tui_command {
	struct command command;
	struct screen *screen;
};

static struct screen *screen_of(const struct args *args)
{
	return container_of(args->command, struct tui_command, command)->screen;
}

static struct error *run_layout(struct session *s, const struct args *args, struct out *out)
{
	struct screen *screen = screen_of(args);

	if (args->value[0].given)
		return screen_set_layout(screen, args->value[0].text);
	for (unsigned i = 0; layout_at(i); i++) {
		const struct layout *layout = layout_at(i);
		bool current = layout == screen->layout;

		out_begin(out, "layout");
		out_bool(out, ROLE_CURRENT, "current", "=>", "  ", current);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_LABEL, "name", 10, layout->name);
		out_str(out, ROLE_TEXT, "help", 0, layout->help);
		out_end(out);
	}
	return NULL;
}

static struct error *run_focus(struct session *s, const struct args *args, struct out *out)
{
	struct screen *screen = screen_of(args);
	struct panel *panel = screen_panel(screen, args->value[0].text);

	if (!panel)
		return error_create(ERROR_NOT_FOUND, "no panel '%s'", args->value[0].text);
	screen_focus(screen, panel);
	return NULL;
}

static struct error *run_zoom(struct session *s, const struct args *args, struct out *out)
{
	struct screen *screen = screen_of(args);

	screen_set_zoom(screen, !screen->zoom);
	return NULL;
}

static struct error *run_memory(struct session *s, const struct args *args, struct out *out)
{
	struct expr_value value;
	struct screen *screen = screen_of(args);
	struct panel *panel = screen_panel(screen, "memory");
	struct error *error = session_eval(s, args->rest, &value);

	if (error)
		return error;
	memory_show(panel, args->rest);
	if (!panel->visible) {
		screen_focus(screen, panel);
		screen_focus_prompt(screen, true);
	}
	return NULL;
}

static struct error *run_bind(struct session *s, const struct args *args, struct out *out)
{
	_cleanup_(text_deinit) struct text command = {0};
	struct screen *screen = screen_of(args);
	const char *key = args->value[0].text;
	uint32_t code;
	char name[32];

	for (size_t i = 0; !args->value[0].given && i < screen->bindings.len; i++) {
		out_begin(out, "binding");
		out_str(out, ROLE_LABEL, "key", 10, keys_name(screen->bindings.data[i].key, name, sizeof(name)));
		out_str(out, ROLE_TEXT, "command", 0, screen->bindings.data[i].command);
		out_end(out);
	}
	if (!args->value[0].given)
		return NULL;
	code = keys_from_name(key, strlen(key));
	if (code == K_NONE)
		return error_hint(error_create(ERROR_USAGE, "bind: no key is called '%s'", key),
				  "keys are called x, F7, C-x, M-x, Space, PgUp, ...");
	if (code == K_CTRL('c') || code == K_ESC)
		return error_create(ERROR_USAGE, "bind: Ctrl-C and Esc keep their meaning");
	text_puts(&command, args->value[1].given ? args->value[1].text : "");
	/* Quotes keep several commands together at the prompt. */
	if (command.len >= 2 && strchr("'\"", command.data[0]) && command.data[command.len - 1] == command.data[0]) {
		command.data[command.len - 1] = 0;
		screen_bind(screen, code, command.data + 1);
	} else {
		screen_bind(screen, code, text_str(&command));
	}
	return NULL;
}

static const char *const layout_names[] = {
	"step", "memory", "console", "events", "vcpus", "probes", "virtio", "xive", "timeline", NULL
};
static const char *const panel_names[] = {
#define PANEL(name) #name,
#include "ui/panels.def"
#undef PANEL
	NULL
};

static const struct command commands[] = {
	{
		.name = "layout", .group = "screen", .summary = "arrange the panels",
		.help = "Without NAME lists the layouts. F2 takes the next one.",
		.args = { { ARG_CHOICE, "NAME", .optional = true, .choices = layout_names } },
		.run = run_layout,
	},
	{
		.name = "focus", .group = "screen", .summary = "give a panel the keys",
		.args = { { ARG_CHOICE, "PANEL", .choices = panel_names } },
		.run = run_focus,
	},
	{
		.name = "zoom", .group = "screen", .summary = "give the focused panel the whole screen, and back",
		.run = run_zoom,
	},
	{
		.name = "bind", .group = "screen", .summary = "let a key run a command",
		.help = "Letters work while a panel has the keys, function and control keys at the prompt too.\n"
			"Quotes keep several commands together: bind F7 'stepi 3; print $rax'.\n"
			"Without COMMAND the key has its own meaning again; without KEY lists what is bound.",
		.args = { { ARG_WORD, "KEY", .optional = true }, { ARG_REST, "COMMAND", .optional = true } },
		.run = run_bind,
	},
	{
		.name = "memory", .group = "screen", .summary = "show an address in the memory panel",
		.help = "EXPR is evaluated again at every stop: `memory $rsp` follows the stack pointer.",
		.args = { { ARG_EXPR, "EXPR" } },
		.needs = NEED_TARGET,
		.run = run_memory,
	},
};

struct tui_commands {
	struct session *session;
	struct tui_command command[ARRAY_SIZE(commands)];
};

struct tui_commands *tui_commands_create(struct screen *screen)
{
	struct tui_commands *tc = xcalloc(1, sizeof(*tc));

	tc->session = screen->session;
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++) {
		tc->command[i] = (struct tui_command){ .command = commands[i], .screen = screen };
		session_add_command(screen->session, &tc->command[i].command);
	}
	return tc;
}

void tui_commands_destroy(struct tui_commands *tc)
{
	if (!tc)
		return;
	for (size_t i = tc->session->commands.len; i-- > 0;)
		if (tc->session->commands.data[i] >= &tc->command[0].command &&
		    tc->session->commands.data[i] <= &tc->command[ARRAY_SIZE(commands) - 1].command)
			vec_remove(&tc->session->commands, i);
	free(tc);
}

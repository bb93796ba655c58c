/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info (what there is to ask), info target, info console, version. */
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/cmd/help.h"
#include "core/command/command.h"

/* ---- info ---------------------------------------------------------------------------------------- */

static struct error *info_run(struct session *s, const struct args *args, struct out *out)
{
	for (size_t i = 0; i < s->commands.len; i++) {
		const struct command *cmd = s->commands.data[i];

		if (!strncmp(cmd->name, "info ", 5))
			help_print_row(out, "command", cmd->name, cmd->summary);
	}
	return NULL;
}

const struct command cmd_info = {
	.name = "info",
	.aliases = (const char *const[]){ "i", NULL },
	.group = "help",
	.summary = "list what `info` can show",
	.examples = (const char *const[]){ "info", NULL },
	.run = info_run,
};

/* ---- info target --------------------------------------------------------------------------------- */

static const char *state_word(enum target_state state)
{
	switch (state) {
	case TARGET_STOPPED: return "stopped";
	case TARGET_RUNNING: return "running";
	case TARGET_STOPPING: return "stopping";
	case TARGET_ENDED: return "ended";
	}
	return "?";
}

static void row(struct out *out, const char *label, const char *name, const char *value)
{
	out_text(out, ROLE_LABEL, "%-10s ", label);
	out_str(out, ROLE_TEXT, name, 0, value);
	out_nl(out);
}

static struct error *info_target_run(struct session *s, const struct args *args, struct out *out)
{
	static const char *const irqchips[] = { "off", "split", "in kernel" };
	struct state_vm_info info = { 0 };
	struct target *t = s->target;
	_error_ struct error *error = NULL;
	char size[32], sizes[64];
	size_t len;

	error = target_state_get(t, STATE_VM_INFO, 0, &info, sizeof(info), &len);
	out_begin(out, "target");
	row(out, "guest", "title", t->title ? t->title : "");
	row(out, "state", "state", s->running ? "running" : state_word(target_state(t)));
	row(out, "target", "target", t->ops->name);
	row(out, "arch", "arch", t->arch->name);
	out_text(out, ROLE_LABEL, "%-10s ", "vcpus");
	out_dec(out, ROLE_NUMBER, "vcpus", 0, target_vcpu_count(t));
	out_nl(out);
	if (!error && len >= sizeof(info)) {
		info.backend[sizeof(info.backend) - 1] = 0;
		info.image[sizeof(info.image) - 1] = 0;
		info.boot[sizeof(info.boot) - 1] = 0;
		row(out, "backend", "backend", info.backend);
		row(out, "image", "image", info.image);
		row(out, "boot", "boot", info.boot);
		snprintf(sizes, sizeof(sizes), "%s", format_size(size, sizeof(size), info.mem_bytes));
		row(out, "memory", "memory", sizes);
		out_hidden_dec(out, "mem_bytes", info.mem_bytes);
		row(out, "irqchip", "irqchip", info.irqchip < 3 ? irqchips[info.irqchip] : "?");
	}
	out_text(out, ROLE_LABEL, "%-10s ", "symbols");
	out_dec(out, ROLE_NUMBER, "symbols", 0, symbols_count(s->symbols));
	out_end(out);
	return NULL;
}

const struct command cmd_info_target = {
	.name = "info target",
	.aliases = (const char *const[]){ "info files", "info vm", "info program", NULL },
	.group = "machine",
	.summary = "say what is debugged: image, vCPUs, memory, interrupt controllers",
	.examples = (const char *const[]){ "info target", NULL },
	.needs = NEED_TARGET,
	.run = info_target_run,
};

/* ---- info console -------------------------------------------------------------------------------- */

#define CONSOLE_BYTES 16384

/* The last bytes the guest wrote, oldest first. */
static void collect(struct session *s, struct text *t)
{
	uint64_t first = event_store_first(s->events), n = event_store_end(s->events), start = n;
	size_t bytes = 0;

	while (start > first && bytes < CONSOLE_BYTES) {
		const struct event *event = event_store_get(s->events, start - 1);

		if (!event)
			break;
		if (event->schema == VMM_CONSOLE)
			bytes += event->payload_len;
		start--;
	}
	for (; start < n; start++) {
		const struct event *event = event_store_get(s->events, start);
		const struct vmm_console *c;
		size_t len;

		if (!event || event->schema != VMM_CONSOLE ||
		    event->payload_len < offsetof(struct vmm_console, data))
			continue;
		c = (const void *)event->payload;
		len = event->payload_len - offsetof(struct vmm_console, data);
		if (c->dir == 0)
			text_add(t, (const char *)c->data, len < c->len ? len : c->len);
	}
}

static struct error *info_console_run(struct session *s, const struct args *args, struct out *out)
{
	uint64_t want = args->value[0].given ? args->value[0].number : 20, lines = 0;
	_cleanup_(text_deinit) struct text t = { 0 };
	const char *p, *end;

	session_poll(s);
	collect(s, &t);
	if (!t.len) {
		out_message(out, ROLE_TEXT, "the guest has written nothing to its console");
		return NULL;
	}
	end = t.data + t.len;
	for (p = end; p > t.data; p--)
		if (p[-1] == '\n' && p != end && ++lines == want)
			break;
	while (p < end) {
		const char *nl = memchr(p, '\n', end - p);
		size_t len = nl ? (size_t)(nl - p) : (size_t)(end - p);
		size_t show = len && p[len - 1] == '\r' ? len - 1 : len;

		out_begin(out, "console");
		out_strf(out, ROLE_TEXT, "text", "%.*s", (int)show, p);
		out_end(out);
		p += len + (nl != NULL);
	}
	return NULL;
}

const struct command cmd_info_console = {
	.name = "info console",
	.group = "machine",
	.summary = "show the last N lines (20) the guest wrote to its console",
	.examples = (const char *const[]){ "continue; info console", NULL },
	.args = { { .type = ARG_COUNT, .name = "N", .optional = true } },
	.run = info_console_run,
};

/* ---- version ------------------------------------------------------------------------------------- */

static struct error *version_run(struct session *s, const struct args *args, struct out *out)
{
	out_begin(out, "version");
	out_text(out, ROLE_TEXT, "vmscope ");
	out_str(out, ROLE_TEXT, "version", 0, VMSCOPE_VERSION);
	out_end(out);
	return NULL;
}

const struct command cmd_version = {
	.name = "version",
	.group = "help",
	.summary = "show vmscope's version",
	.run = version_run,
};

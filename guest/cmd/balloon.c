/* SPDX-License-Identifier: GPL-3.0-or-later */
/* balloon SIZE, balloon hint: what the host asks of virtio-balloon. */
#include "guest/virtio/balloon.h"

#include <string.h>

#include "core/base/text.h"
#include "core/command/command.h"
#include "guest/vm.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "guest/commands.def"
#undef COMMAND

static struct device *find_balloon(struct session *s)
{
	struct vm *vm;

	if (s->target->ops != &target_live_ops)
		return NULL;
	vm = container_of(s->target, struct vm, target);
	for (size_t i = 0; i < vm->devices.len; i++)
		if (!strcmp(vm->devices.data[i]->model->name, "balloon"))
			return vm->devices.data[i];
	return NULL;
}

static struct error *balloon_run(struct session *s, const struct args *args, struct out *out)
{
	struct device *dev = find_balloon(s);
	uint64_t bytes = 0;
	struct error *err;
	char text[32];

	if (!dev)
		return error_hint(error_create(ERROR_NOT_FOUND, "this machine has no balloon"), "run it with --balloon");
	if (!strcmp(args->value[0].text, "hint")) {
		if (!balloon_hint(dev))
			return error_create(ERROR_UNSUPPORTED, "the guest's driver knows no free page hints");
		out_message(out, ROLE_TEXT, "the guest is asked for its free pages; `info device balloon0` counts them");
		return NULL;
	}
	err = parse_size(args->value[0].text, &bytes);
	if (err)
		return err;
	if (bytes > device_mem_size(dev))
		return error_create(ERROR_USAGE, "the machine has no %s", format_size(text, sizeof(text), bytes));
	balloon_target(dev, bytes);
	out_message(out, ROLE_TEXT, "the guest is asked to give up %s", format_size(text, sizeof(text), bytes));
	return NULL;
}

const struct command cmd_balloon = {
	.name = "balloon",
	.group = "machine",
	.summary = "take SIZE of the guest's memory away, or ask for free page hints",
	.help = "SIZE is all that the balloon shall hold: 0 gives everything back. The guest does it while it\n"
		"runs; `info device balloon0` shows how far it is, and the guest's own statistics.",
	.examples = (const char *const[]){ "balloon 64M", "balloon 0", "balloon hint", NULL },
	.args = { { .type = ARG_WORD, .name = "SIZE|hint" } },
	.needs = NEED_TARGET,
	.run = balloon_run,
};

/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info device: the device models and their registers; info unclaimed: accesses nobody answered. */
#include <string.h>

#include "core/command/command.h"
#include "guest/vm.h"

#define COMMAND(name) extern const struct command cmd_##name;
#include "guest/commands.def"
#undef COMMAND

static struct error *session_vm(struct session *s, struct vm **ret)
{
	if (s->target->ops != &target_live_ops)
		return error_create(ERROR_UNSUPPORTED, "%s has no device models", s->target->title);
	*ret = container_of(s->target, struct vm, target);
	return NULL;
}

/* Is it @dev's by its whole name, or by its model's ("uart" for all four)? */
static bool device_matches(const struct device *dev, const char *name)
{
	return strcmp(dev->name, name) == 0 || strcmp(dev->model->name, name) == 0;
}

static void show_ranges(struct vm *vm, const struct device *dev, struct out *out)
{
	struct mem_region r;

	out_list(out, "ranges");
	for (unsigned i = 0; bus_region(vm->bus, i, &r); i++) {
		if (strcmp(r.name, dev->name) != 0)
			continue;
		out_begin(out, "range");
		out_text(out, ROLE_TEXT, "  %s ", r.kind == MEM_PORT ? "port" : "mmio");
		out_hidden_str(out, "space", r.kind == MEM_PORT ? "port" : "mmio");
		out_hex(out, ROLE_ADDR, "start", r.kind == MEM_PORT ? 4 : 12, r.start);
		if (r.len > 1)
			out_text(out, ROLE_ADDR, r.kind == MEM_PORT ? "-0x%04llx" : "-0x%012llx",
				 (unsigned long long)(r.start + r.len - 1));
		out_hidden_hex(out, "len", r.len);
		out_end(out);
	}
	out_list_end(out);
}

static void show_device(struct vm *vm, struct device *dev, struct out *out)
{
	out_begin(out, "device");
	out_str(out, ROLE_HEADING, "name", 0, dev->name);
	out_text(out, ROLE_TEXT, ": ");
	out_str(out, ROLE_COMMENT, "help", 0, dev->model->help);
	out_nl(out);
	show_ranges(vm, dev, out);
	if (dev->model->describe) {
		out_list(out, "state");
		bus_device_lock(vm->bus, dev);
		dev->model->describe(dev, out);
		bus_device_unlock(vm->bus, dev);
		out_list_end(out);
	}
	out_end(out);
}

static void list_devices(struct vm *vm, struct out *out)
{
	for (size_t i = 0; i < vm->devices.len; i++) {
		const struct device *dev = vm->devices.data[i];

		out_begin(out, "device");
		out_str(out, ROLE_HEADING, "name", 12, dev->name);
		out_text(out, ROLE_TEXT, " ");
		out_str(out, ROLE_TEXT, "help", 0, dev->model->help);
		out_end(out);
	}
}

static struct error *info_device_run(struct session *s, const struct args *args, struct out *out)
{
	bool found = false;
	struct vm *vm;
	struct error *err = session_vm(s, &vm);

	if (err)
		return err;
	if (!args->value[0].given) {
		list_devices(vm, out);
		return NULL;
	}
	for (size_t i = 0; i < vm->devices.len; i++) {
		if (!device_matches(vm->devices.data[i], args->value[0].text))
			continue;
		show_device(vm, vm->devices.data[i], out);
		found = true;
	}
	if (found)
		return NULL;
	return error_hint(error_create(ERROR_NOT_FOUND, "there is no device %s", args->value[0].text),
			  "`info device` lists them");
}

static void complete_device(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	struct vm *vm;
	struct error *err = s->target ? session_vm(s, &vm) : NULL;

	if (!s->target || err) {
		error_destroy(err);
		return;
	}
	for (size_t i = 0; i < vm->devices.len; i++) {
		const struct device *dev = vm->devices.data[i];
		struct completion c = { dev->name, dev->model->help };

		if (strncmp(dev->name, prefix, strlen(prefix)) == 0)
			fn(ctx, &c);
	}
}

const struct command cmd_info_device = {
	.name = "info device",
	.group = "machine",
	.summary = "list the device models, or show the registers of NAME",
	.help = "Looking changes nothing: reads that would clear a bit do not happen.",
	.examples = (const char *const[]){ "info device", "info device uart0", "info device rtc", NULL },
	.args = { { .type = ARG_WORD, .name = "NAME", .optional = true, .complete = complete_device } },
	.needs = NEED_TARGET,
	.run = info_device_run,
};

static struct error *info_unclaimed_run(struct session *s, const struct args *args, struct out *out)
{
	struct bus_hole hole;
	uint64_t shown = 0, total;
	struct vm *vm;
	struct error *err = session_vm(s, &vm);

	if (err)
		return err;
	total = bus_unclaimed(vm->bus);
	for (unsigned i = 0; bus_unclaimed_at(vm->bus, i, &hole); i++) {
		out_begin(out, "unclaimed");
		out_str(out, ROLE_TEXT, "space", 4, hole.space == MEM_PORT ? "port" : "mmio");
		out_text(out, ROLE_TEXT, " ");
		out_hex(out, ROLE_ADDR, "addr", hole.space == MEM_PORT ? 4 : 12, hole.addr);
		out_pad(out, 22);
		out_dec(out, ROLE_NUMBER, "reads", 6, hole.reads);
		out_text(out, ROLE_TEXT, " reads ");
		out_dec(out, ROLE_NUMBER, "writes", 6, hole.writes);
		out_text(out, ROLE_TEXT, " writes");
		out_end(out);
		shown += hole.reads + hole.writes;
	}
	if (total == 0)
		out_message(out, ROLE_TEXT, "every port and address the guest used has a device or memory");
	else if (total > shown)
		out_message(out, ROLE_WARN, "%llu more accesses, to other addresses",
			    (unsigned long long)(total - shown));
	return NULL;
}

const struct command cmd_info_unclaimed = {
	.name = "info unclaimed",
	.group = "machine",
	.summary = "list ports and addresses the guest used though nobody is there",
	.help = "Reads there give all ones, writes are lost: often a missing device or a stray pointer.",
	.examples = (const char *const[]){ "info unclaimed", NULL },
	.needs = NEED_TARGET,
	.run = info_unclaimed_run,
};

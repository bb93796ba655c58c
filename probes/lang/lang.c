/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/lang/lang.h"

#include "core/session/session.h"
#include "probes/lang/store.h"
#include "probes/probe.h"

/* Words before the colon that are not probes' names. */
static const struct probe_provider providers[] = {
	{ .prefix = "kvm", .summary = "exits of guests to their host: kvm:exit", .open = lang_builtin_open },
	{ .prefix = "tracepoint", .summary = "any tracepoint of the kernel: tracepoint:SYSTEM:NAME",
	  .open = lang_tracepoint_open, .list = lang_tracepoint_list },
	{ .prefix = "tp_btf", .summary = "any tracepoint with typed arguments: tp_btf:NAME, args.X->member",
	  .open = lang_function_open },
	{ .prefix = "fentry", .summary = "a function of the kernel: fentry:NAME, args.X->member",
	  .open = lang_function_open },
	{ .prefix = "kprobe", .summary = "a function of the kernel: kprobe:NAME, args.X->member or arg0 to arg5",
	  .open = lang_function_open },
	{ .prefix = "kretprobe", .summary = "where a function returns: kretprobe:NAME, retval",
	  .open = lang_function_open },
	{ .prefix = "profile", .summary = "samples of every CPU by its clock: profile:HZ, ip",
	  .open = lang_clock_open },
	{ .prefix = "lock", .summary = "the kernel's locks: lock:contention", .open = lang_builtin_open },
};

void lang_register(struct session *s)
{
	const struct probe *probe;

	lang_store_attach(s);
	for (unsigned i = 0; i < ARRAY_SIZE(providers); i++)
		session_add_provider(s, &providers[i]);
	for (unsigned i = 0; (probe = probe_at(i)); i++) {
		struct probe_provider *p = xcalloc(1, sizeof(*p));
		*p = (struct probe_provider){
			.prefix = probe->name, .summary = probe->summary, .open = lang_builtin_open,
		};
		vec_push(&s->owned, p);
		session_add_provider(s, p);
	}
}

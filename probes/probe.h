/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A built-in probe: BPF programs, the ways (rungs) each of its parts can be served, and how its sums are
 * shown. To add one: probes/bpf/<name>.bpf.c, `const struct probe probe_<name>` in probes/<name>.c, and a
 * line in probes.def. Events need nothing here: the object's BTF describes them.
 *
 *	OFF --probe_run_create(): open, choose rungs, load, attach; what fails moves its part one rung
 *	 ^                        down and all is tried again--> ON --destroy: detach, rest of the events--+
 *	 +-------------------------------------------------------------------------------------------------+
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/base/error.h"
#include "core/base/out.h"
#include "core/event/store.h"
#include "probes/reader.h"
#include "probes/schema.h"

struct bpf_link;
struct bpf_object;
struct bpf_program;
struct event_check;
struct probe_host;
struct probe_run;
struct session;

#define PROBE_PARTS_MAX 8
#define PROBE_RUNGS_MAX 6
#define PROBE_PROGRAMS_MAX 40

/*
 * One way to serve a part, best first: fentry (also for fexit), kprobe.multi, kprobe (also for kretprobe),
 * tp_btf, raw_tp, tp. How a program attaches is its section: SEC("fentry/mutex_lock"), SEC("kprobe.multi").
 */
struct probe_rung {
	const char *kind;	/* NULL ends the list */
	const char *place;	/* what it attaches to, for people: "kvm_exit" */
	/* All must attach, but "?name" only where the kernel has its function; at least one must. Where this
	 * architecture's object lacks one it is no rung. */
	const char *programs[PROBE_PROGRAMS_MAX];
	/* What kprobe.multi and kretprobe.multi programs are put on, as far as the kernel has them; the cookie
	 * (bpf_get_attach_cookie) is the position in this list. NULL-terminated. */
	const char *const *functions;
	/* What loading does not tell: is this the machine it is for? NULL: loading tells. */
	bool (*fits)(const struct probe_run *run);
};

struct probe_part {
	const char *name;	/* "hardware"; NULL ends the list */
	const char *shows;	/* what is not seen without it */
	bool required;
	struct probe_rung rungs[PROBE_RUNGS_MAX]; /* best first */
};

struct probe {
	const char *name;
	const char *summary;	/* one line, no full stop */
	const char *help;
	const char *arch;	/* "x86_64", "ppc64le": only there is anything to see; NULL: everywhere */
	struct probe_part parts[PROBE_PARTS_MAX];
	/*
	 * Functions whose parameters its programs read, as they were when they were written:
	 * "int kvm_pmu_rdpmc(struct kvm_vcpu *vcpu, unsigned int idx, u64 *data)"; NULL-terminated, may be NULL.
	 * Where the kernel's BTF has another prototype, BTF wins: programs say PARAMS(kvm_pmu_rdpmc, 3) and
	 * PARAM(kvm_pmu_rdpmc, idx, 1), and find it where it is (probes/bpf/params.bpf.h).
	 */
	const char *const *prototypes;
	/* What may follow its name and a colon ("HZ|EVENT:PERIOD": run->options.arg); NULL: nothing may. */
	const char *arg;
	/* Between open and load: its own read-only data. NULL: nothing. */
	struct error *(*prepare)(struct probe_run *run);
	/* After load, before anything is attached: what its maps must hold. NULL: nothing. */
	struct error *(*loaded)(struct probe_run *run);
	/* Puts @prog, whose section is "perf_event", onto events of its own, as links named @name of the run. */
	struct error *(*attach)(struct probe_run *run, struct bpf_program *prog, const char *name);
	/* The sums as records (core/session/tables.h). */
	struct error *(*show)(struct probe_run *run, struct out *out);
	/* `info probe NAME WORDS...`: a closer look. NULL: there is none. */
	struct error *(*detail)(struct probe_run *run, const char *words, struct out *out);
	/* Looks at each of its events, by time, before they go to the store (if they do: options.events). With it
	 * the programs always have rings. NULL: nothing. */
	void (*on_event)(struct probe_run *run, const struct event *event, const struct schema *schema);
	/* Now and then (every 50 ms at most), after its events. NULL: nothing. */
	void (*poll)(struct probe_run *run);
	/* Frees run->data; it is detached by then. NULL: nothing. */
	void (*end)(struct probe_run *run);
	/* The list `marks` of its state: thresholds to draw in its histograms. NULL: none. */
	void (*marks)(struct probe_run *run, struct out *out);
};

/* Of a rung that was tried. */
struct probe_try {
	bool tried;
	struct error *error;	/* owned; NULL: it loads and attaches */
};

struct probe_options {
	bool events;		/* stream events to @store, not only sums */
	pid_t tgid;		/* 0: every process */
	const char *arg;	/* see probe.arg; NULL: none given. Copied */
	uint32_t ring_bytes;	/* per CPU; 0: the default */
	const struct event_check *checks; /* EVENT_CHECKS_MAX of them (probes/checks.h); NULL: all events */
	struct probe_host *host; /* of the session; NULL: one of its own */
};

struct probe_link {
	const char *program;	/* of the object */
	struct bpf_link *link;
};

struct probe_run {
	const struct probe *probe;
	struct probe_options options;
	struct bpf_object *obj;
	VEC(struct probe_link) links;
	struct reader *reader;
	struct event_store *store;
	const struct probe_schemas *schemas;
	void *data;			/* the probe's own */
	struct session *session;	/* for names of vCPUs; NULL: none */
	uint64_t since_ns;
	uint64_t attach_ns;		/* how long loading and attaching took */
	struct probe_host *host;
	bool owns_host;
	int btf_fd;			/* the kernel's types as far as the object names them; -1: none */
	VEC(char *) drift;		/* sentences: prototypes that are not what was expected */
	VEC(char *) left_out;		/* sentences: what of the chosen rungs this kernel lacks */
	int chosen[PROBE_PARTS_MAX];	/* rung, -1: none serves */
	struct probe_try tries[PROBE_PARTS_MAX][PROBE_RUNGS_MAX];
};

const struct probe *probe_at(unsigned i); /* in probes.def's order; NULL past the end */
const struct probe *probe_find(const char *name);
bool probe_fits(const struct probe *probe); /* is it for hosts of this architecture? */
/* The object of probe @name as embedded. */
void probe_object(const char *name, const void **ret_data, size_t *ret_len);

/* Tries, loads and attaches. @ret is given on failure, too, when rungs were tried: its tries say what
 * happened; it must be destroyed. @schemas of the probe are registered with @store; both borrowed. */
struct error *probe_run_create(const struct probe *probe, const struct probe_options *options,
			       const struct probe_schemas *schemas, struct event_store *store,
			       struct probe_run **ret);
/* Detaches; what was in flight goes to the store first. */
void probe_run_destroy(struct probe_run *run);
bool probe_run_is_on(const struct probe_run *run);
/* Does this architecture's object have the rung at all? */
bool probe_rung_exists(const struct bpf_object *obj, const struct probe_rung *rung);
/* Reads all that iterator program @program tells, at most @max bytes; nothing when it is not attached. */
struct error *probe_run_iterate(const struct probe_run *run, const char *program, size_t max, void **ret_data,
				size_t *ret_len);
/* How often the programs of @part fired; a part may have no counter (then 0). */
uint64_t probe_run_hits(const struct probe_run *run, unsigned part);
/* Sets the programs' variable `armed`, where they have one: all of them are attached. */
void probe_run_arm(struct probe_run *run, bool armed);
/* Sets a variable of the object's read-only data; before loading. Unknown names are fine. */
void probe_run_set(struct bpf_object *obj, const char *name, const void *value, size_t size);

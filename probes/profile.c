/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `profile`: samples of where a guest and its host are, side by side. */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"
#include "core/session/session.h"
#include "probes/bpf/profile.h"
#include "probes/bpf/sums.h"
#include "probes/host.h"
#include "probes/kernel.h"
#include "probes/ksyms.h"
#include "probes/perf.h"
#include "probes/probe.h"
#include "probes/usyms.h"
#include "probes/vcpus.h"

#define HZ_DEFAULT 999	/* not in step with the kernel's own tick */
#define HZ_MAX 50000
#define PROCESSES_MAX 16

static const char *const side_names[SIDES] = { "guest", "kernel", "user" };

struct plan {
	const struct perf_name *event;
	uint64_t period;
	bool is_freq;
};

/* "", "HZ", "EVENT", "EVENT:PERIOD". */
static struct error *parse(const char *arg, struct plan *ret)
{
	const char *colon = arg ? strchr(arg, ':') : NULL;
	_free_ char *name = !arg ? NULL : colon ? xstrndup(arg, (size_t)(colon - arg)) : xstrdup(arg);
	_cleanup_(text_deinit) struct text known = { 0 };

	*ret = (struct plan){ .period = HZ_DEFAULT, .is_freq = true };
	if (colon || (name && (*name < '0' || *name > '9'))) {
		ret->event = perf_name_find(name);
		for (unsigned i = 0; perf_name_at(i); i++)
			text_printf(&known, "%s%s", i ? ", " : "", perf_name_at(i)->name);
		if (!ret->event)
			return error_hint(error_create(ERROR_USAGE, "no event is called '%s'", name), "there are %s",
					  text_str(&known));
		if (colon) {
			ret->is_freq = false;
			return parse_u64(colon + 1, &ret->period) || !ret->period ?
				       error_create(ERROR_USAGE, "'%s' is no period: a count of %s", colon + 1,
						    ret->event->name) : NULL;
		}
		return NULL;
	}
	if (name && (parse_u64(name, &ret->period) || !ret->period || ret->period > HZ_MAX))
		return error_create(ERROR_USAGE, "'%s' is no frequency: 1 to %d samples a second", name, HZ_MAX);
	/* Cycles where a PMU counts them: they also sample code that runs with interrupts off. */
	ret->event = perf_name_find(perf_has(perf_name_find("cycles")) ? "cycles" : "cpu-clock");
	return NULL;
}

static struct error *attach(struct probe_run *run, struct bpf_program *prog, const char *name)
{
	long ncpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct plan plan = { 0 };
	struct error *error = parse(run->options.arg, &plan);

	for (int cpu = 0; cpu < ncpus && !error; cpu++) {
		struct bpf_link *link;
		int fd, err;

		error = perf_event_create(plan.event, cpu, plan.period, plan.is_freq, &fd);
		if (error)
			break;
		link = bpf_program__attach_perf_event(prog, fd);
		err = errno;
		if (!link) {
			close(fd);
			return caps_hint(error_errno(err, "cannot attach to the perf event %s", plan.event->name), err);
		}
		vec_push(&run->links, (struct probe_link){ .program = name, .link = link });
	}
	return error;
}

/* ---- reading ------------------------------------------------------------------------------------- */

struct row {
	uint32_t tid, side;
	uint64_t pc;		/* one of them */
	uint64_t count;
	char *symbol;
};

typedef VEC(struct row) row_list;

/* Symbols of the processes that were seen, one after the other. */
struct processes {
	struct { pid_t pid; struct usyms *usyms; } list[PROCESSES_MAX];
	unsigned n;
};

static struct usyms *usyms_of(struct processes *p, pid_t pid)
{
	for (unsigned i = 0; i < p->n; i++)
		if (p->list[i].pid == pid)
			return p->list[i].usyms;
	if (p->n == PROCESSES_MAX)
		return NULL;
	p->list[p->n].pid = pid;
	p->list[p->n].usyms = usyms_create(pid);
	return p->list[p->n++].usyms;
}

static struct vcpu_thread thread_of(const struct probe_run *run, uint32_t tid)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "threads");
	struct sum_thread t;

	if (fd < 0 || bpf_map_lookup_elem(fd, &tid, &t) != 0)
		return (struct vcpu_thread){ .tid = (pid_t)tid, .vcpu = -1 };
	return (struct vcpu_thread){ .tid = (pid_t)tid, .tgid = (pid_t)t.tgid,
				     .vcpu = t.vcpu == UINT32_MAX ? -1 : (int)t.vcpu };
}

static char *symbol_of(const struct probe_run *run, struct processes *p, const struct sample_key *key)
{
	struct vcpu_thread thread = thread_of(run, key->tid);
	char buf[256] = "";
	struct usyms *u;
	uint64_t offset;
	const char *name;

	switch (key->side) {
	case SIDE_KERNEL:
		name = ksyms_find(probe_host_ksyms(run->host), key->pc, &offset);
		if (name)
			return xstrdup(name);
		break;
	case SIDE_USER:
		u = thread.tgid ? usyms_of(p, thread.tgid) : NULL;
		if (u)
			return xstrdup(usyms_format(u, key->pc, buf, sizeof(buf)));
		break;
	default:
		/* Symbols are of the session's guest. */
		if (run->session && thread.tgid == getpid() &&
		    symbols_format(run->session->symbols, key->pc, buf, sizeof(buf))) {
			buf[strcspn(buf, "+")] = 0;
			return xstrdup(buf);
		}
	}
	return xasprintf("0x%" PRIx64, key->pc);
}

static int by_name(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->tid != y->tid)
		return x->tid < y->tid ? -1 : 1;
	if (x->side != y->side)
		return x->side < y->side ? -1 : 1;
	return strcmp(x->symbol, y->symbol);
}

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return by_name(a, b);
}

/* One row for all samples in a function. */
static void merge(row_list *rows)
{
	size_t kept = 0;

	if (!rows->len)
		return;
	qsort(rows->data, rows->len, sizeof(*rows->data), by_name);
	for (size_t i = 1; i < rows->len; i++) {
		if (!by_name(&rows->data[kept], &rows->data[i])) {
			rows->data[kept].count += rows->data[i].count;
			free(rows->data[i].symbol);
		} else {
			rows->data[++kept] = rows->data[i];
		}
	}
	rows->len = kept + 1;
	qsort(rows->data, rows->len, sizeof(*rows->data), by_count);
}

static void read_rows(const struct probe_run *run, row_list *rows)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "samples");
	struct processes processes = { 0 };
	struct sample_key key, *prev = NULL;
	uint64_t count;

	for (unsigned n = 0; n < SAMPLE_ENTRIES && bpf_map_get_next_key(fd, prev, &key) == 0; n++, prev = &key) {
		if (key.side >= SIDES || bpf_map_lookup_elem(fd, &key, &count) != 0)
			continue;
		vec_push(rows, (struct row){ key.tid, key.side, key.pc, count, symbol_of(run, &processes, &key) });
	}
	for (unsigned i = 0; i < processes.n; i++)
		usyms_destroy(processes.list[i].usyms);
	merge(rows);
}

/* ---- showing ------------------------------------------------------------------------------------- */

static void show_sides(struct out *out, const struct plan *plan, const uint64_t sides[SIDES], uint64_t total)
{
	out_begin(out, "profile_sides");
	out_dec(out, ROLE_NUMBER, "samples", 0, total);
	out_text(out, ROLE_TEXT, " samples of ");
	out_str(out, ROLE_LABEL, "event", 0, plan->event->name);
	out_text(out, ROLE_TEXT, plan->is_freq ? ", %" PRIu64 " a second" : ", one each %" PRIu64, plan->period);
	out_hidden_dec(out, plan->is_freq ? "hz" : "period", plan->period);
	for (unsigned i = 0; i < SIDES; i++) {
		out_text(out, ROLE_TEXT, i ? ", %s %.1f %%" : ": %s %.1f %%", side_names[i],
			 100.0 * (double)sides[i] / (double)total);
		out_hidden_dec(out, side_names[i], sides[i]);
	}
	out_end(out);
}

static void show_row(struct probe_run *run, struct out *out, const struct row *row, uint64_t total)
{
	struct vcpu_thread thread = thread_of(run, row->tid);

	out_begin(out, "profile");
	vcpus_out(run, out, &thread);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, row->side == SIDE_GUEST ? ROLE_GOOD : ROLE_LABEL, "side", 7, side_names[row->side]);
	out_dec(out, ROLE_NUMBER, "count", 8, row->count);
	out_text(out, ROLE_TEXT, " ");
	out_strf(out, ROLE_NUMBER, "percent", "%5.1f", 100.0 * (double)row->count / (double)total);
	out_text(out, ROLE_TEXT, " %%  ");
	out_str(out, ROLE_SYMBOL, "symbol", 0, row->symbol);
	out_hidden_hex(out, "addr", row->pc);
	out_end(out);
}

static struct error *show(struct probe_run *run, struct out *out)
{
	uint64_t sides[SIDES] = { 0 }, total = 0, unkept = probe_run_hits(run, PROFILE_PART_UNKEPT);
	row_list rows = { 0 };
	struct plan plan;
	struct error *error = parse(run->options.arg, &plan);

	if (error)
		return error;
	read_rows(run, &rows);
	for (size_t i = 0; i < rows.len; i++) {
		sides[rows.data[i].side] += rows.data[i].count;
		total += rows.data[i].count;
	}
	if (!total)
		out_message(out, ROLE_TEXT, "no samples: nothing that is watched has run (`probe scope` says what is)");
	else
		show_sides(out, &plan, sides, total);
	if (total && !out->is_json) {
		out_text(out, ROLE_HEADING, "vcpu        side    samples   share  function");
		out_nl(out);
	}
	for (size_t i = 0; i < rows.len; i++) {
		show_row(run, out, &rows.data[i], total);
		free(rows.data[i].symbol);
	}
	vec_free(&rows);
	if (unkept)
		out_message(out, ROLE_WARN, "%" PRIu64 " samples had no place in the table of %d", unkept, SAMPLE_ENTRIES);
	if (total && !probe_run_hits(run, PROFILE_PART_GUEST))
		out_message(out, ROLE_DIM, "no entry of a guest was seen: KVM enters the guest in its own way here, or it has "
			    "not run, so what is the guest's counts as the host's");
	return NULL;
}

const struct probe probe_profile = {
	.name = "profile",
	.summary = "samples of where the guest and its host are, by function, side by side",
	.help = "profile:HZ samples so often, profile:EVENT:PERIOD (or pmu:EVENT:PERIOD) each PERIOD\n"
		"counts of a PMU's event: cycles, instructions, cache-misses, branch-misses, ...; without a\n"
		"PMU cpu-clock serves. Functions of the kernel, of the VMM, and of the guest by its symbols.",
	.arg = "HZ|EVENT:PERIOD",
	.parts = {
		[PROFILE_PART_SAMPLES] = {
			.name = "samples", .shows = "where threads are", .required = true,
			.rungs = { { "perf", "an event on each CPU", { "on_sample" } } },
		},
		[PROFILE_PART_GUEST] = {
			.name = "guest", .shows = "which samples are the guest's",
			.rungs = {
				{ "tp", "raw_tp kvm_entry with kvm:kvm_exit", { "raw_kvm_entry", "tp_kvm_exit" } },
				{ "raw_tp", "kvm_guest_enter and kvm_guest_exit",
				  { "raw_guest_enter", "raw_guest_exit" } },
			},
		},
	},
	.attach = attach,
	.show = show,
};

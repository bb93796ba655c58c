/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Probes onto the kernel: which rung serves is found by loading *and* attaching, and every refusal kept. */
#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/text.h"
#include "probes/attach.h"
#include "probes/checks.h"
#include "probes/host.h"
#include "probes/log.h"
#include "probes/params.h"
#include "probes/probe.h"

#define RING_BYTES (1u << 20)
#define RODATA ".rodata"

/* ---- the list ------------------------------------------------------------------------------------ */

#define PROBE(name) \
	extern const struct probe probe_##name; \
	extern const unsigned char probe_object_##name[], probe_object_##name##_end[];
#include "probes/probes.def"
#undef PROBE

static const struct {
	const struct probe *probe;
	const unsigned char *object, *end;
} probes[] = {
#define PROBE(name) { &probe_##name, probe_object_##name, probe_object_##name##_end },
#include "probes/probes.def"
#undef PROBE
};

const struct probe *probe_at(unsigned i)
{
	return i < ARRAY_SIZE(probes) ? probes[i].probe : NULL;
}

bool probe_fits(const struct probe *probe)
{
	struct utsname u;

	return !probe->arch || uname(&u) || !strcmp(u.machine, probe->arch);
}

const struct probe *probe_find(const char *name)
{
	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++)
		if (!strcmp(probes[i].probe->name, name))
			return probes[i].probe;
	return NULL;
}

void probe_object(const char *name, const void **ret_data, size_t *ret_len)
{
	for (unsigned i = 0; i < ARRAY_SIZE(probes); i++) {
		if (strcmp(probes[i].probe->name, name))
			continue;
		*ret_data = probes[i].object;
		*ret_len = (size_t)(probes[i].end - probes[i].object);
	}
}

/* ---- open ---------------------------------------------------------------------------------------- */

/* @btf_fd: what it is relocated against; -1: the kernel's, all of it. */
static struct error *open_object(const struct probe *probe, int btf_fd, struct bpf_object **ret)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = probe->name);
	_free_ char *path = btf_fd < 0 ? NULL : xasprintf("/proc/self/fd/%d", btf_fd);
	_cleanup_(text_deinit) struct text log = { 0 };
	const void *data = NULL;
	struct bpf_object *obj;
	size_t len = 0;
	int err;

	opts.btf_custom_path = path;
	probe_object(probe->name, &data, &len);
	log_begin(&log);
	obj = bpf_object__open_mem(data, len, &opts);
	err = errno;
	log_end();
	if (!obj)
		return attach_error(err, &log, "cannot open the BPF object");
	*ret = obj;
	return NULL;
}

struct error *probe_schemas_load(struct probe_schemas *s, const char *name)
{
	struct bpf_object *obj;
	struct error *error = open_object(probe_find(name), -1, &obj);

	if (error)
		return error;
	error = probe_schemas_init(s, name, bpf_object__btf(obj));
	bpf_object__close(obj);
	return error;
}

void probe_run_set(struct bpf_object *obj, const char *name, const void *value, size_t size)
{
	const struct btf *btf = bpf_object__btf(obj);
	int id = btf__find_by_name_kind(btf, RODATA, BTF_KIND_DATASEC);
	_free_ char *data = NULL;
	const struct btf_type *t;
	const void *initial;
	struct bpf_map *map;
	size_t room = 0;

	bpf_object__for_each_map(map, obj)
		if (bpf_map__is_internal(map) && strstr(bpf_map__name(map), RODATA))
			break;
	initial = map ? bpf_map__initial_value(map, &room) : NULL;
	t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	if (!initial || !t)
		return;
	data = xcalloc(1, room);
	memcpy(data, initial, room);
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *v = &btf_var_secinfos(t)[i];
		const struct btf_type *var = btf__type_by_id(btf, v->type);

		if (!strcmp(btf__name_by_offset(btf, var->name_off), name) && v->size == size &&
		    v->offset + size <= room)
			memcpy(data + v->offset, value, size);
	}
	bpf_map__set_initial_value(map, data, room);
}

/* The first pid namespace has a number that is part of the kernel's ABI. */
#define FIRST_PID_NAMESPACE 0xeffffffcull

static void set_namespace(const struct probe_run *run, struct bpf_object *obj)
{
	uint32_t tgid = (uint32_t)run->options.tgid;
	struct stat st;
	uint64_t dev, inode;

	if (run->options.tgid == getpid())
		tgid = probe_host_own_tgid(run->host);
	probe_run_set(obj, "filter_kernel_tgid", &tgid, sizeof(tgid));
	if (stat("/proc/self/ns/pid", &st) || st.st_ino == FIRST_PID_NAMESPACE)
		return;
	dev = st.st_dev;
	inode = st.st_ino;
	probe_run_set(obj, "ns_dev", &dev, sizeof(dev));
	probe_run_set(obj, "ns_inode", &inode, sizeof(inode));
}

static struct error *prepare(struct probe_run *run, struct bpf_object *obj)
{
	uint32_t tgid = (uint32_t)run->options.tgid;

	set_namespace(run, obj);
	if (run->options.checks)
		probe_run_set(obj, "event_checks", run->options.checks,
			      EVENT_CHECKS_MAX * sizeof(*run->options.checks));
	probe_run_set(obj, "filter_tgid", &tgid, sizeof(tgid));
	probe_run_set(obj, "want_events", &run->options.events, sizeof(run->options.events));
	probe_run_set(obj, "ring_bytes", &run->options.ring_bytes, sizeof(run->options.ring_bytes));
	params_set(run, obj);
	return reader_prepare(obj, run->options.ring_bytes);
}

/* ---- rungs --------------------------------------------------------------------------------------- */

/* "?name" is a program that may be left out. */
static const char *program_name(const char *entry)
{
	return entry + (*entry == '?');
}

static bool is_optional(const char *entry)
{
	return *entry == '?';
}

bool probe_rung_exists(const struct bpf_object *obj, const struct probe_rung *rung)
{
	for (unsigned i = 0; i < PROBE_PROGRAMS_MAX && rung->programs[i]; i++)
		if (!bpf_object__find_program_by_name(obj, program_name(rung->programs[i])))
			return false;
	return rung->kind;
}

static const struct probe_rung *chosen_rung(const struct probe_run *run, unsigned part)
{
	return run->chosen[part] < 0 ? NULL : &run->probe->parts[part].rungs[run->chosen[part]];
}

/* The next rung this architecture has, or -1. */
static int next_rung(const struct bpf_object *obj, const struct probe_part *part, int after)
{
	for (int i = after + 1; i < PROBE_RUNGS_MAX && part->rungs[i].kind; i++)
		if (probe_rung_exists(obj, &part->rungs[i]))
			return i;
	return -1;
}

/* Has the kernel the function that @prog is for? */
static bool has_place(const struct probe_run *run, const struct bpf_program *prog, bool sure)
{
	const char *function = attach_function(prog);
	const struct btf *btf;
	uint32_t id;

	if (!function)
		return true;
	if (attach_is_trampoline(prog))
		return kernel_types_function(probe_host_types(run->host), function, &btf, &id);
	return probe_host_has_function(run->host, function, sure);
}

/* Why @rung can not serve, as far as that is known without loading it; NULL: it has to be tried. */
static struct error *rule_out(struct probe_run *run, const struct bpf_object *obj, const struct probe_rung *rung)
{
	const char *missing = kernel_types_missing(probe_host_types(run->host));
	unsigned found = 0;

	if (rung->fits && !rung->fits(run))
		return error_create(ERROR_UNSUPPORTED, "it is for another kind of machine");

	for (unsigned i = 0; i < PROBE_PROGRAMS_MAX && rung->programs[i]; i++) {
		const struct bpf_program *prog = bpf_object__find_program_by_name(obj,
										  program_name(rung->programs[i]));
		struct error *error;

		if (missing && attach_needs_types(prog))
			return error_create(ERROR_UNSUPPORTED, "%s", missing);
		if (attach_is_kprobe(prog) && !probe_host_has_kprobes(run->host))
			return error_create(ERROR_UNSUPPORTED, "this kernel has no kprobes (CONFIG_KPROBES)");
		if (!has_place(run, prog, !is_optional(rung->programs[i]))) {
			if (is_optional(rung->programs[i]))
				continue;
			return error_create(ERROR_UNSUPPORTED, "this kernel has no function %s", attach_function(prog));
		}
		error = attach_is_trampoline(prog) ? probe_host_fentry(run->host, attach_function(prog)) : NULL;
		if (error)
			return error;
		found++;
	}
	return found ? NULL : error_create(ERROR_UNSUPPORTED, "this kernel has none of the functions");
}

/* Moves @part to the next rung that may serve, keeping why those between do not. */
static void go_down(struct probe_run *run, const struct bpf_object *obj, unsigned part)
{
	const struct probe_part *p = &run->probe->parts[part];

	while ((run->chosen[part] = next_rung(obj, p, run->chosen[part])) >= 0) {
		struct probe_try *try = &run->tries[part][run->chosen[part]];
		struct error *error = rule_out(run, obj, &p->rungs[run->chosen[part]]);

		if (!error)
			return;
		error_destroy(try->error);
		*try = (struct probe_try){ .tried = true, .error = error };
	}
}

/* Takes @error: why the part's rung does not serve. */
static void step_down(struct probe_run *run, const struct bpf_object *obj, unsigned part, struct error *error)
{
	struct probe_try *try = &run->tries[part][run->chosen[part]];

	error_destroy(try->error);
	*try = (struct probe_try){ .tried = true, .error = error };
	go_down(run, obj, part);
}

static bool wants(const struct probe_run *run, const struct probe_rung *rung, const struct bpf_program *prog)
{
	for (unsigned i = 0; i < PROBE_PROGRAMS_MAX && rung->programs[i]; i++)
		if (!strcmp(program_name(rung->programs[i]), bpf_program__name(prog)))
			return !is_optional(rung->programs[i]) || has_place(run, prog, false);
	return false;
}

static void choose_programs(struct probe_run *run, struct bpf_object *obj, int only)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, obj) {
		bool wanted = false;

		for (unsigned i = 0; run->probe->parts[i].name; i++) {
			const struct probe_rung *rung = chosen_rung(run, i);

			if (rung && (only < 0 || only == (int)i))
				wanted |= wants(run, rung, prog);
		}
		bpf_program__set_autoload(prog, wanted);
	}
}

/* Loads only the programs of the chosen rungs, of part @only unless that is -1. */
static struct error *load(struct probe_run *run, int only, struct bpf_object **ret)
{
	_cleanup_(text_deinit) struct text log = { 0 };
	struct bpf_object *obj;
	struct error *error = open_object(run->probe, run->btf_fd, &obj);
	int err;

	if (error)
		return error;
	choose_programs(run, obj, only);
	error = prepare(run, obj);
	if (!error && run->probe->prepare) {
		run->obj = obj;
		error = run->probe->prepare(run);
		run->obj = NULL;
	}
	if (!error) {
		log_begin(&log);
		err = bpf_object__load(obj);
		log_end();
		if (err)
			error = attach_error(err, &log, "does not load");
	}
	if (error) {
		bpf_object__close(obj);
		return error;
	}
	*ret = obj;
	return NULL;
}

static void leave_out(struct probe_run *run, const char *fmt, const char *what)
{
	for (size_t i = 0; i < run->left_out.len; i++)
		if (strstr(run->left_out.data[i], what))
			return;
	vec_push(&run->left_out, xasprintf(fmt, what));
}

static struct error *attach_part(struct probe_run *run, struct bpf_object *obj, unsigned part)
{
	const struct probe_rung *rung = chosen_rung(run, part);

	for (unsigned i = 0; rung && i < PROBE_PROGRAMS_MAX && rung->programs[i]; i++) {
		const char *name = program_name(rung->programs[i]);
		struct bpf_program *prog = bpf_object__find_program_by_name(obj, name);
		struct bpf_link *link;
		struct error *error;

		if (!prog)
			continue;
		if (!bpf_program__autoload(prog)) {
			leave_out(run, "this kernel has no function %s", attach_function(prog));
			continue;
		}
		if (!strcmp(bpf_program__section_name(prog), "perf_event")) {
			run->obj = obj;
			error = run->probe->attach(run, prog, name);
			run->obj = NULL;
			if (error)
				return error;
			continue;
		}
		error = attach_program(run->host, prog, rung, &link);
		if (error && is_optional(rung->programs[i])) {
			leave_out(run, "%s", error_message(error));
			error_destroy(error);
			continue;
		}
		if (error)
			return error;
		vec_push(&run->links, (struct probe_link){ .program = name, .link = link });
	}
	return NULL;
}

static void detach(struct probe_run *run)
{
	for (size_t i = 0; i < run->links.len; i++)
		bpf_link__destroy(run->links.data[i].link);
	run->links.len = 0;
}

/* The whole did not load: each part alone tells which do not. False: each does, or none was left. */
static bool find_culprits(struct probe_run *run)
{
	bool found = false;

	for (unsigned i = 0; run->probe->parts[i].name; i++) {
		struct bpf_object *obj;
		struct error *error;

		if (run->chosen[i] < 0)
			continue;
		error = load(run, (int)i, &obj);
		if (!error) {
			bpf_object__close(obj);
			continue;
		}
		if (!open_object(run->probe, -1, &obj)) {
			step_down(run, obj, i, error);
			bpf_object__close(obj);
			found = true;
		} else {
			error_destroy(error);
		}
	}
	return found;
}

/* Attaches all parts; a part that can not moves down. True: all that are still chosen are attached. */
static bool attach_all(struct probe_run *run, struct bpf_object *obj)
{
	bool all = true;

	for (unsigned i = 0; run->probe->parts[i].name; i++) {
		size_t before = run->links.len;
		struct error *error;

		if (run->chosen[i] < 0)
			continue;
		error = attach_part(run, obj, i);
		if (!error) {
			run->tries[i][run->chosen[i]].tried = true;
			continue;
		}
		while (run->links.len > before)
			bpf_link__destroy(run->links.data[--run->links.len].link);
		step_down(run, obj, i, error);
		/* With another rung its programs must be loaded first; without one the rest is good. */
		all = all && run->chosen[i] < 0;
	}
	return all;
}

static struct error *missing_part(const struct probe_run *run)
{
	for (unsigned i = 0; run->probe->parts[i].name; i++) {
		const struct probe_part *part = &run->probe->parts[i];
		_cleanup_(text_deinit) struct text why = { 0 };
		const char *hint = NULL;

		if (!part->required || run->chosen[i] >= 0)
			continue;
		for (unsigned k = 0; k < PROBE_RUNGS_MAX; k++) {
			const struct error *error = run->tries[i][k].error;

			if (!error)
				continue;
			text_printf(&why, "%s %s %s: %s", why.len ? ";" : ":", part->rungs[k].kind,
				    part->rungs[k].place, error_message(error));
			hint = hint ? hint : error_hint_text(error);
		}
		return error_hint(error_create(ERROR_UNSUPPORTED, "probe %s cannot run here%s", run->probe->name,
					       why.len ? text_str(&why) : ": no way to attach on this architecture"),
				  "%s", hint ? hint : "`doctor` lists what this kernel offers");
	}
	return NULL;
}

static struct error *choose_first(struct probe_run *run)
{
	struct bpf_object *obj;
	struct error *error = open_object(run->probe, -1, &obj);

	if (error)
		return error;
	error = kernel_types_cut(probe_host_types(run->host), obj, &run->btf_fd);
	params_check(run);
	for (unsigned i = 0; run->probe->parts[i].name && !error; i++) {
		run->chosen[i] = -1;
		go_down(run, obj, i);
	}
	bpf_object__close(obj);
	return error;
}

/* Loads and attaches until what is chosen stands. Each round moves at least one part down. */
static struct error *climb(struct probe_run *run)
{
	struct error *error = choose_first(run);

	for (unsigned round = 0; !error && round < PROBE_PARTS_MAX * PROBE_RUNGS_MAX; round++) {
		struct bpf_object *obj;

		error = missing_part(run);
		if (error)
			return error;
		error = load(run, -1, &obj);
		if (!error && run->probe->loaded) {
			run->obj = obj;
			error = run->probe->loaded(run);
			run->obj = NULL;
			if (error) {
				bpf_object__close(obj);
				return error;
			}
		}
		if (error) {
			if (!find_culprits(run))
				return error_prefix(error, "probe %s", run->probe->name);
			error_destroy(error);
			error = NULL;
			continue;
		}
		if (attach_all(run, obj)) {
			run->obj = obj;
			return missing_part(run);
		}
		detach(run);
		bpf_object__close(obj);
	}
	return error ? error : error_create(ERROR_UNSUPPORTED, "probe %s: no way to attach stands", run->probe->name);
}

void probe_run_arm(struct probe_run *run, bool armed)
{
	const struct btf *btf = bpf_object__btf(run->obj);
	int id = btf__find_by_name_kind(btf, ".bss", BTF_KIND_DATASEC);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, (uint32_t)id) : NULL;
	_free_ char *data = NULL;
	struct bpf_map *map;
	uint32_t zero = 0;
	size_t room;

	bpf_object__for_each_map(map, run->obj)
		if (bpf_map__is_internal(map) && strstr(bpf_map__name(map), ".bss"))
			break;
	if (!map || !t)
		return;
	room = bpf_map__value_size(map);
	data = xcalloc(1, room);
	if (bpf_map_lookup_elem(bpf_map__fd(map), &zero, data))
		return;
	for (unsigned i = 0; i < btf_vlen(t); i++) {
		const struct btf_var_secinfo *v = &btf_var_secinfos(t)[i];
		const struct btf_type *var = btf__type_by_id(btf, v->type);

		if (!strcmp(btf__name_by_offset(btf, var->name_off), "armed") && v->offset < room)
			data[v->offset] = armed;
	}
	bpf_map_update_elem(bpf_map__fd(map), &zero, data, BPF_ANY);
}

/* ---- runs ---------------------------------------------------------------------------------------- */

static void on_event(void *ctx, const struct event *event)
{
	struct probe_run *run = ctx;

	run->probe->on_event(run, event, event_store_schema(run->store, event->schema));
}

struct error *probe_run_create(const struct probe *probe, const struct probe_options *options,
			       const struct probe_schemas *schemas, struct event_store *store,
			       struct probe_run **ret)
{
	struct probe_run *run = xcalloc(1, sizeof(*run));
	uint64_t start = clock_now_ns();
	struct error *error;

	run->probe = probe;
	run->options = *options;
	run->options.arg = options->arg ? xstrdup(options->arg) : NULL;
	run->btf_fd = -1;
	run->owns_host = !options->host;
	for (unsigned i = 0; i < PROBE_PARTS_MAX; i++)
		run->chosen[i] = -1;
	run->host = options->host ? options->host : probe_host_create();
	run->store = store;
	run->schemas = schemas;
	if (!options->events && !probe->on_event)
		run->options.ring_bytes = 0;
	else if (!options->ring_bytes)
		run->options.ring_bytes = RING_BYTES;
	else if (options->ring_bytes < (uint32_t)getpagesize())
		run->options.ring_bytes = (uint32_t)getpagesize();
	error = probe_fits(probe) ? climb(run) : error_create(ERROR_UNSUPPORTED, "probe %s is for hosts of %s", probe->name,
							      probe->arch);
	/* The rings come last: until they are placed, an event finds none and is not counted as lost. */
	if (!error)
		error = reader_create(run->obj, run->options.ring_bytes, schemas, store, getpid(), &run->reader);
	if (!error)
		probe_run_arm(run, true);
	if (!error && probe->on_event)
		reader_set_tap(run->reader, options->events, on_event, run);
	run->options.checks = NULL; /* compiled in by now, and the caller's */
	run->since_ns = clock_now_ns();
	run->attach_ns = run->since_ns - start;
	*ret = run;
	return error;
}

bool probe_run_is_on(const struct probe_run *run)
{
	return run->reader;
}

static void free_list(char ***list, size_t *len)
{
	while (*len)
		free((*list)[--*len]);
	free(*list);
	*list = NULL;
}

void probe_run_destroy(struct probe_run *run)
{
	if (!run)
		return;
	if (run->obj)
		probe_run_arm(run, false);
	detach(run);
	if (run->reader)
		reader_finish(run->reader);
	reader_destroy(run->reader);
	if (run->probe->end)
		run->probe->end(run);
	bpf_object__close(run->obj);
	for (unsigned i = 0; i < PROBE_PARTS_MAX; i++)
		for (unsigned k = 0; k < PROBE_RUNGS_MAX; k++)
			error_destroy(run->tries[i][k].error);
	vec_free(&run->links);
	free((char *)run->options.arg);
	free_list(&run->drift.data, &run->drift.len);
	free_list(&run->left_out.data, &run->left_out.len);
	if (run->btf_fd >= 0)
		close(run->btf_fd);
	if (run->owns_host)
		probe_host_destroy(run->host);
	free(run);
}

struct error *probe_run_iterate(const struct probe_run *run, const char *program, size_t max, void **ret_data,
				size_t *ret_len)
{
	const struct probe_link *link = NULL;
	_free_ char *data = NULL;
	_close_ int fd = -1;
	size_t len = 0;
	ssize_t n;

	*ret_data = NULL;
	*ret_len = 0;
	for (size_t i = 0; i < run->links.len; i++)
		if (!strcmp(run->links.data[i].program, program))
			link = &run->links.data[i];
	if (!link)
		return NULL;
	fd = bpf_iter_create(bpf_link__fd(link->link));
	if (fd < 0)
		return error_errno(errno, "cannot start the kernel's iterator for probe %s", run->probe->name);
	data = xcalloc(1, max);
	while (len < max && (n = read(fd, data + len, max - len)) != 0) {
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return error_errno(errno, "cannot read the kernel's iterator for probe %s",
					   run->probe->name);
		len += (size_t)n;
	}
	*ret_data = take_ptr(data);
	*ret_len = len;
	return NULL;
}

uint64_t probe_run_hits(const struct probe_run *run, unsigned part)
{
	int fd = run->obj ? bpf_object__find_map_fd_by_name(run->obj, "hits") : -1;
	int ncpus = libbpf_num_possible_cpus();
	uint64_t *cpus, total = 0;

	if (fd < 0 || ncpus < 1)
		return 0;
	cpus = xcalloc((size_t)ncpus, sizeof(*cpus));
	if (bpf_map_lookup_elem(fd, &part, cpus) == 0)
		for (int i = 0; i < ncpus; i++)
			total += cpus[i];
	free(cpus);
	return total;
}

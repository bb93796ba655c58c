/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/session/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <time.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/record/bytes.h"
#include "core/record/snapshot.h"

#define PART "record"
#define TICK_NS (250ull * 1000 * 1000)
#define SYMBOLS_MAX 20000
#define PAST 10000
#define RING_BYTES (256ull << 20)

struct session_record {
	struct session *session;
	struct recorder *recorder;	/* NULL: nothing is recorded */
	struct snapshots *snapshots;
	char *path;
	struct session_listener listener;
	struct loop_source *tick, *end;
	uint64_t last_ns;		/* time of the newest event */
	uint32_t last_same;		/* how many have that time */
	size_t symbols;			/* how many were recorded */
	bool failed_told;
};

static uint64_t now_of(struct session_record *sr, const struct stop_report *report)
{
	uint64_t t = report && report->time_ns > sr->last_ns ? report->time_ns : sr->last_ns;

	return t ? t : clock_now_ns();
}

static void snapshot(struct session_record *sr, struct snapshots *to, const struct stop_report *report)
{
	struct session *s = sr->session;
	uint64_t time = s->running ? clock_now_ns() : now_of(sr, report);

	snapshots_take(to, s->target, report, time, time == sr->last_ns ? sr->last_same : 0);
}

static void on_event(void *ctx, const struct event *event, const struct schema *schema)
{
	struct session_record *sr = ctx;

	if (event->time_ns > sr->last_ns) {
		sr->last_ns = event->time_ns;
		sr->last_same = 0;
	}
	sr->last_same += event->time_ns == sr->last_ns;
	recorder_event(sr->recorder, event, schema);
}

static struct event_sink sink_of(struct session_record *sr)
{
	return (struct event_sink){ .ctx = sr, .event = on_event };
}

/* ---- what does not change ------------------------------------------------------------------------ */

/* The first line of "model name" or "cpu" in the kernel's list. */
static void add_cpu(struct text *t)
{
	_fclose_ FILE *file = fopen("/proc/cpuinfo", "re");
	_free_ char *line = NULL;
	size_t cap = 0;

	while (file && getline(&line, &cap, file) >= 0) {
		char *colon = strchr(line, ':');

		if (colon && (!strncmp(line, "model name", 10) || !strncmp(line, "cpu\t", 4))) {
			text_printf(t, "cpu=%s", colon + 1 + strspn(colon + 1, " "));
			return;
		}
	}
}

static char *make_meta(struct session *s)
{
	struct text t = { 0 };
	struct utsname u;

	text_printf(&t, "program=vmscope " VMSCOPE_VERSION "\nstart=%" PRIu64 "\n", s->start_ns);
	if (s->target)
		text_printf(&t, "title=%s\narch=%s\ntarget=%s\nvcpus=%u\n", s->target->title ? s->target->title : "",
			    s->target->arch->name, s->target->ops->name, target_vcpu_count(s->target));
	if (!uname(&u))
		text_printf(&t, "host=%s\nkernel=%s %s\nmachine=%s\n", u.nodename, u.sysname, u.release, u.machine);
	add_cpu(&t);
	return text_take(&t);
}

static uint64_t clock_of(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void put_clocks(struct session_record *sr)
{
	uint64_t before = clock_now_ns(), real = clock_of(CLOCK_REALTIME), boot = clock_of(CLOCK_BOOTTIME);
	uint64_t after = clock_now_ns();
	struct bytes out = { 0 };

	bytes_u64(&out, before + (after - before) / 2);
	bytes_u64(&out, real);
	bytes_u64(&out, boot);
	bytes_u64(&out, 0);
	bytes_u64(&out, after - before);
	recorder_put(sr->recorder, VMS_REC_CLOCK, before, out.data, out.len);
	bytes_deinit(&out);
}

struct symbol_list {
	struct bytes out;
	size_t n;
};

static bool add_symbol(void *ctx, const struct symbol *sym)
{
	struct symbol_list *list = ctx;

	bytes_varint(&list->out, sym->addr);
	bytes_varint(&list->out, sym->size);
	bytes_u8(&list->out, sym->type);
	bytes_string(&list->out, sym->name);
	return ++list->n < SYMBOLS_MAX && list->out.len < VMS_RAW_MAX / 2;
}

/* All of small guests; of a whole kernel, those the code of a stop is in. */
static void put_symbols(struct session_record *sr)
{
	struct session *s = sr->session;
	size_t count = symbols_count(s->symbols);
	struct symbol_list list = { 0 };

	if (count == sr->symbols)
		return;
	if (count <= SYMBOLS_MAX) {
		sr->symbols = count;
		symbols_each_prefix(s->symbols, "", add_symbol, &list);
	}
	if (list.n)
		recorder_put(sr->recorder, VMS_REC_SYMBOLS, now_of(sr, NULL), list.out.data, list.out.len);
	bytes_deinit(&list.out);
}

static void put_stop_symbols(struct session_record *sr)
{
	struct session *s = sr->session;
	struct symbol_list list = { 0 };
	struct frame frame;
	struct symbol sym;
	uint64_t off;
	bool exists;

	if (symbols_count(s->symbols) <= SYMBOLS_MAX)
		return;
	for (unsigned i = 0; i < 32; i++) {
		struct error *error = session_frame(s, i, &frame, &exists);

		error_destroy(error);
		if (error || !exists)
			break;
		if (symbols_by_addr(s->symbols, frame.pc, &sym, &off))
			add_symbol(&list, &sym);
	}
	if (list.n)
		recorder_put(sr->recorder, VMS_REC_SYMBOLS, now_of(sr, NULL), list.out.data, list.out.len);
	bytes_deinit(&list.out);
}

/* ---- listening ----------------------------------------------------------------------------------- */

static void on_stopped(void *ctx, const struct stop_report *report)
{
	struct session_record *sr = ctx;

	if (!sr->session->target)
		return;
	put_symbols(sr);
	put_stop_symbols(sr);
	snapshot(sr, sr->snapshots, report);
	recorder_tick(sr->recorder);
}

/* What the user writes (registers, memory) is part of the machine from then on. */
static void on_resumed(void *ctx)
{
	struct session_record *sr = ctx;

	put_symbols(sr);
}

static void check(struct session_record *sr)
{
	struct session *s = sr->session;
	struct recorder_status status;

	recorder_get_status(sr->recorder, &status);
	if (sr->failed_told || (!*status.error && !status.full))
		return;
	sr->failed_told = true;
	if (!s->talk)
		return;
	if (*status.error)
		out_message(s->talk, ROLE_ERROR, "the recording ended: %s", status.error);
	else
		out_message(s->talk, ROLE_WARN, "the recording has reached its size and takes no more");
	out_flush(s->talk);
}

static void on_tick(void *ctx, uint32_t events)
{
	struct session_record *sr = ctx;

	recorder_tick(sr->recorder);
	check(sr);
}

static void on_end(void *ctx, uint32_t events)
{
	struct session *s = ((struct session_record *)ctx)->session;
	struct error *error;

	session_poll(s);
	error = session_record_stop(s);
	if (s->talk)
		out_message(s->talk, error ? ROLE_ERROR : ROLE_TEXT, "the recording is over%s%s", error ? ": " : "",
			    error ? error_message(error) : "");
	error_destroy(error);
}

/* ---- life ---------------------------------------------------------------------------------------- */

static struct error *finish(struct session_record *sr)
{
	struct event_sink sink = sink_of(sr);
	struct error *error = NULL;

	if (!sr->recorder)
		return NULL;
	loop_remove(take_ptr(sr->tick));
	loop_remove(take_ptr(sr->end));
	session_remove_listener(sr->session, &sr->listener);
	event_store_remove_sink(sr->session->events, &sink);
	put_clocks(sr);
	snapshots_destroy(take_ptr(sr->snapshots));
	recorder_destroy(take_ptr(sr->recorder), &error);
	free(take_ptr(sr->path));
	return error;
}

/* The session ends: what its rings still hold belongs to it, and how the machine stands. */
static void part_stop(void *data)
{
	struct session_record *sr = data;
	struct session *s = sr->session;
	struct error *error;

	if (!sr->recorder)
		return;
	session_poll(s);
	if (sr->recorder && s->target && session_is_halted(s))
		snapshot(sr, sr->snapshots, NULL);
	error = finish(sr);
	if (error && s->talk)
		out_message(s->talk, ROLE_ERROR, "the recording is not complete: %s", error_message(error));
	error_destroy(error);
}

static void part_destroy(void *data)
{
	free(data);
}

static struct session_record *record_of(struct session *s)
{
	struct session_record *sr = session_part(s, PART);

	if (sr)
		return sr;
	sr = xcalloc(1, sizeof(*sr));
	sr->session = s;
	sr->listener = (struct session_listener){ .ctx = sr, .stopped = on_stopped, .resumed = on_resumed };
	session_add_part(s, &(struct session_part){
		.name = PART, .data = sr, .stop = part_stop, .destroy = part_destroy,
	});
	return sr;
}

static struct session_record *active(struct session *s)
{
	struct session_record *sr = session_part(s, PART);

	return sr && sr->recorder ? sr : NULL;
}

/* What had just happened is why one wants to record. */
static void put_past(struct session_record *sr)
{
	struct event_store *store = sr->session->events;
	uint64_t end = event_store_end(store), first = event_store_first(store);

	if (end - first > PAST)
		first = end - PAST;
	for (; first < end; first++) {
		const struct event *event = event_store_get(store, first);

		on_event(sr, event, event_store_schema(store, event->schema));
	}
}

struct error *session_record_start(struct session *s, const struct session_record_options *o)
{
	_free_ char *meta = make_meta(s);
	struct recorder_options options = {
		.path = o->path, .overwrite = o->overwrite, .max_bytes = o->max_bytes, .mem = o->mem, .meta = meta,
		.ring_bytes = o->ring_bytes ? o->ring_bytes : RING_BYTES,
	};
	struct session_record *sr = record_of(s);
	struct event_sink sink = sink_of(sr);
	struct error *error;

	if (sr->recorder)
		return error_hint(error_create(ERROR_STATE, "a recording is under way%s%s", sr->path ? ": " : "",
					       sr->path ? sr->path : ""), "`record stop` ends it");
	error = recorder_create(&options, &sr->recorder);
	if (!error)
		error = loop_add_timer(s->loop, TICK_NS, TICK_NS, on_tick, sr, &sr->tick);
	if (!error && o->duration_ns)
		error = loop_add_timer(s->loop, o->duration_ns, 0, on_end, sr, &sr->end);
	if (error) {
		loop_remove(take_ptr(sr->tick));
		recorder_destroy(take_ptr(sr->recorder), NULL);
		return error;
	}
	sr->path = o->path ? xstrdup(o->path) : NULL;
	sr->snapshots = snapshots_create(sr->recorder, o->path ? o->mem : RECORD_MEM_NONE);
	sr->last_ns = sr->last_same = 0;
	sr->symbols = 0;
	sr->failed_told = false;
	put_past(sr);
	event_store_add_sink(s->events, &sink);
	session_add_listener(s, &sr->listener);
	put_clocks(sr);
	put_symbols(sr);
	/* A guest that stands is recorded at once, with why it does; one that runs, as far as it can be. */
	if (s->target)
		snapshot(sr, sr->snapshots, s->has_stop && !s->running ? &s->last_stop : NULL);
	return NULL;
}

static struct error *nothing(void)
{
	return error_hint(error_create(ERROR_STATE, "nothing is recorded"), "try: record start FILE");
}

struct error *session_record_stop(struct session *s)
{
	struct session_record *sr = active(s);

	if (!sr)
		return nothing();
	if (s->target && session_is_halted(s))
		snapshot(sr, sr->snapshots, NULL);
	return finish(sr);
}

struct error *session_record_save(struct session *s, const char *path, bool overwrite)
{
	struct session_record *sr = active(s);
	struct snapshots *snapshots;
	struct error *error;

	if (!sr)
		return nothing();
	error = recorder_save_begin(sr->recorder, path, overwrite);
	if (error)
		return error;
	if (s->target) {
		/* Complete, for there is nothing before it in the file. */
		snapshots = snapshots_create(sr->recorder, RECORD_MEM_ALL);
		snapshot(sr, snapshots, s->has_stop && !s->running ? &s->last_stop : NULL);
		snapshots_destroy(snapshots);
	}
	return recorder_save_end(sr->recorder);
}

bool session_record_status(struct session *s, struct recorder_status *ret, const char **ret_path,
			   uint64_t *ret_pages)
{
	struct session_record *sr = active(s);

	if (!sr)
		return false;
	recorder_get_status(sr->recorder, ret);
	*ret_path = sr->path;
	*ret_pages = snapshots_pages(sr->snapshots);
	return true;
}

bool session_record_note(struct session *s, const char *name, const char *text)
{
	struct session_record *sr = active(s);
	struct bytes out = { 0 };

	if (!sr)
		return false;
	bytes_string(&out, name);
	bytes_string(&out, text);
	recorder_put(sr->recorder, VMS_REC_NOTE, now_of(sr, NULL), out.data, out.len);
	bytes_deinit(&out);
	return true;
}

void session_record_text(struct session *s, const char *what, const char *text)
{
	struct session_record *sr = active(s);
	struct bytes out = { 0 };

	if (!sr)
		return;
	bytes_string(&out, what);
	bytes_string(&out, text);
	recorder_put(sr->recorder, VMS_REC_TEXT, now_of(sr, NULL), out.data, out.len);
	bytes_deinit(&out);
}

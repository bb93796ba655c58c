/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Programs for the events of one clause. The condition runs in the kernel when it can be said there; the
 * actions, too, when all are sums: then nothing is streamed and read() fetches. Otherwise each event that
 * passed is a record in a ring, and the main loop does the rest.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/bits.h"
#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "probes/kernel.h"
#include "probes/lang/event.h"
#include "probes/lang/lang.h"
#include "probes/lang/store.h"
#include "probes/set.h"

#define RING_BYTES (8u << 20)
#define HEAD_LEN 24
#define LOG_BYTES (64u << 10)
#define MAPS_MAX 32

struct program_fd {
	struct lang_event *event;
	struct lang_schema *schema;
	int fd;
	struct bpf_insn *code;
	unsigned ncode;
};

struct kernel_source {
	struct probe_source source;
	struct session *session;
	const struct program_clause *clause;
	struct probe_binding *binding;	/* of the first event: names of keys */
	VEC(struct program_fd) programs;
	struct lang_fds attached;
	struct gen_map maps[MAPS_MAX];
	const struct program_stmt *map_stmts[MAPS_MAX];
	unsigned nmaps;
	int lost_fd, ring_fd;
	struct ring_buffer *ring;
	pid_t scope, self;
	uint64_t lost_told;
};

/* ---- names ---------------------------------------------------------------------------------------- */

struct names {
	const struct lang_event *event;
	const struct schema *schema;
};

static bool source_field(void *ctx, unsigned index, struct gen_field *ret)
{
	const struct names *n = ctx;
	const char *name;

	if (index < n->event->from.len) {
		*ret = n->event->from.data[index];
		return true;
	}
	if (index < n->schema->nfields) {
		*ret = (struct gen_field){ .place = GEN_FIELD_PID };
		return !strcmp(n->schema->fields[index].name, "pid");
	}
	name = event_scope_header(index);
	if (!name)
		return false;
	if (!strcmp(name, "time_ns"))
		*ret = (struct gen_field){ .place = GEN_FIELD_TIME };
	else if (!strcmp(name, "cpu"))
		*ret = (struct gen_field){ .place = GEN_FIELD_CPU };
	else if (!strcmp(name, "tid"))
		*ret = (struct gen_field){ .place = GEN_FIELD_TID };
	else
		return false; /* of vCPUs the main loop knows */
	return true;
}

static bool source_text(void *ctx, unsigned index, struct gen_text *ret)
{
	const struct names *n = ctx;

	if (index >= n->schema->nfields)
		return false;
	*ret = (struct gen_text){ .is_comm = index >= n->event->from.len, .size = 16 };
	if (!ret->is_comm) {
		ret->offset = n->event->from.data[index].offset;
		ret->size = n->event->from.data[index].size;
	}
	return true;
}

static bool source_reg(void *ctx, unsigned id, struct gen_field *ret)
{
	const struct names *n = ctx;

	return n->event->reg && n->event->reg((void *)n->event, id, ret);
}

/* ---- the program ---------------------------------------------------------------------------------- */

/* Only process @scope, as our pid namespace numbers it. */
static void gen_scope(struct asm_code *a, pid_t scope, unsigned out)
{
	struct stat st;

	if (!scope || stat("/proc/self/ns/pid", &st) < 0)
		return;
	asm_imm(a, BPF_REG_1, st.st_dev);
	asm_imm(a, BPF_REG_2, st.st_ino);
	asm_frame(a, BPF_REG_3, GEN_VALUE_AT);
	asm_imm(a, BPF_REG_4, 8);
	asm_call(a, BPF_FUNC_get_ns_current_pid_tgid);
	asm_jump_if_imm(a, BPF_JNE, BPF_REG_0, 0, out);
	asm_load(a, 4, BPF_REG_1, BPF_REG_10, GEN_VALUE_AT + 4);
	asm_jump_if_imm(a, BPF_JNE, BPF_REG_1, scope, out);
}

/* Bytes of the context in steps that are aligned on both sides. */
static void copy(struct asm_code *a, unsigned from, unsigned to, unsigned len)
{
	while (len) {
		unsigned step = 8;
		while (step > len || (from | to) & (step - 1))
			step /= 2;
		asm_load(a, step, BPF_REG_0, GEN_CTX, from);
		asm_store(a, step, BPF_REG_10, GEN_RECORD_AT + (int)to, BPF_REG_0);
		from += step;
		to += step;
		len -= step;
	}
}

/* time, cpu, tid, tgid; the event's fields; pid and comm. */
static void gen_record(struct gen *g, const struct kernel_source *k, const struct program_fd *p, unsigned number)
{
	const struct schema *schema = &p->schema->schema;
	unsigned len = HEAD_LEN + schema->size, sent = asm_label(&g->code);
	struct asm_code *a = &g->code;

	for (unsigned at = 0; at < len; at += 8)
		asm_store_imm(a, 8, BPF_REG_10, GEN_RECORD_AT + (int)at, 0);
	asm_call(a, BPF_FUNC_ktime_get_ns);
	asm_store(a, 8, BPF_REG_10, GEN_RECORD_AT, BPF_REG_0);
	asm_call(a, BPF_FUNC_get_smp_processor_id);
	asm_store(a, 4, BPF_REG_10, GEN_RECORD_AT + 8, BPF_REG_0);
	asm_call(a, BPF_FUNC_get_current_pid_tgid);
	asm_store(a, 4, BPF_REG_10, GEN_RECORD_AT + 12, BPF_REG_0);
	asm_alu_imm(a, BPF_RSH, BPF_REG_0, 32);
	asm_store(a, 4, BPF_REG_10, GEN_RECORD_AT + 16, BPF_REG_0);
	asm_store_imm(a, 4, BPF_REG_10, GEN_RECORD_AT + 20, number);
	for (size_t i = 0; i < p->event->from.len; i++)
		copy(a, p->event->from.data[i].offset, HEAD_LEN + schema->fields[i].offset, schema->fields[i].size);
	for (unsigned i = p->event->from.len; i < schema->nfields; i++) {
		int at = GEN_RECORD_AT + HEAD_LEN + schema->fields[i].offset;
		if (schema->fields[i].type == FIELD_STRING) {
			asm_frame(a, BPF_REG_1, at);
			asm_imm(a, BPF_REG_2, 16);
			asm_call(a, BPF_FUNC_get_current_comm);
		} else {
			asm_call(a, BPF_FUNC_get_current_pid_tgid);
			asm_alu_imm(a, BPF_RSH, BPF_REG_0, 32);
			asm_store(a, 4, BPF_REG_10, at, BPF_REG_0);
		}
	}
	asm_map(a, BPF_REG_1, k->ring_fd);
	asm_frame(a, BPF_REG_2, GEN_RECORD_AT);
	asm_imm(a, BPF_REG_3, align_up(len, 8));
	asm_imm(a, BPF_REG_4, BPF_RB_NO_WAKEUP);
	asm_call(a, BPF_FUNC_ringbuf_output);
	asm_jump_if_imm(a, BPF_JEQ, BPF_REG_0, 0, sent);
	gen_lost(g);
	asm_place(a, sent);
}

enum plan { PLAN_ALL, PLAN_FILTER, PLAN_STREAM };

/* False: @plan can not be had, g->why says why. */
static bool generate(struct gen *g, struct kernel_source *k, struct program_fd *p, unsigned number, enum plan plan)
{
	struct asm_code *a = &g->code;
	unsigned out = asm_label(a);

	asm_mov(a, GEN_CTX, BPF_REG_1);
	gen_scope(a, k->scope, out);
	if (plan != PLAN_STREAM && k->clause->pred.text && !gen_condition(g, &k->clause->pred, out))
		return false;
	if (plan == PLAN_ALL) {
		if (!gen_block(g, &k->clause->body, k->maps, k->nmaps))
			return false;
	} else {
		gen_record(g, k, p, number);
	}
	asm_place(a, out);
	asm_imm(a, BPF_REG_0, 0);
	asm_exit(a);
	if (a->too_far)
		snprintf(g->why, sizeof(g->why), "the program is too long");
	return !a->too_far;
}

static struct error *load(struct program_fd *p, struct asm_code *a)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = p->event->ops->expected_attach,
		    .attach_btf_id = p->event->attach_btf_id,
		    .attach_btf_obj_fd = p->event->attach_btf_fd);
	struct error *error;

	p->fd = bpf_prog_load(p->event->ops->prog_type, "vmscope_lang", "GPL", a->code.data, a->code.len, &opts);
	if (p->fd < 0) {
		/* Again for the verifier's words: a refusal is a bug that must be seen. */
		int err = errno;
		_free_ char *log = xcalloc(1, LOG_BYTES);
		opts.log_buf = log;
		opts.log_size = LOG_BYTES;
		opts.log_level = 1;
		int again = bpf_prog_load(p->event->ops->prog_type, "vmscope_lang", "GPL", a->code.data, a->code.len,
					  &opts);
		if (again >= 0)
			close(again);
		size_t len = strlen(log);
		if (err == EPERM || err == EACCES || err == EOPNOTSUPP || err == ENOTSUP)
			return caps_hint(error_create(ERROR_UNSUPPORTED, "the kernel refuses %s programs here: %s",
						      p->event->ops->rung, kernel_strerror(err)), err);
		error = error_errno(err, "the kernel refuses the program for %s", p->event->place);
		return len ? error_hint(error, "%s", log + (len > 1500 ? len - 1500 : 0)) : error;
	}
	p->code = a->code.data;
	p->ncode = a->code.len;
	a->code.data = NULL;
	return NULL;
}

/* ---- maps ----------------------------------------------------------------------------------------- */

static void collect_map(void *ctx, const struct program_stmt *st)
{
	struct kernel_source *k = ctx;

	if (st->kind != STMT_MAP || st->agg == AGG_SET || k->nmaps == MAPS_MAX)
		return;
	for (unsigned i = 0; i < k->nmaps; i++)
		if (!strcmp(k->maps[i].name, st->name))
			return;
	k->map_stmts[k->nmaps] = st;
	k->maps[k->nmaps++] = (struct gen_map){
		.name = st->name, .fd = -1, .zero_fd = -1,
		.kind = { .agg = st->agg, .nkeys = st->keys.len, .lo = st->lo, .hi = st->hi, .step = st->step },
	};
}

static struct error *make_maps(struct kernel_source *k, bool preallocate)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = preallocate ? 0 : BPF_F_NO_PREALLOC);

	for (unsigned i = 0; i < k->nmaps; i++) {
		struct gen_map *m = &k->maps[i];
		for (unsigned n = 0; n < m->kind.nkeys; n++) {
			m->text[n] = k->binding->codes[k->map_stmts[i]->keys.data[n].id].is_text;
			m->key_words += m->text[n] ? 2 : 1;
		}
		unsigned key = m->key_words ? 8 * m->key_words : 8;
		m->nwords = gen_words(&m->kind);
		m->fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_HASH, "vmscope_map", key, 8 * m->nwords, TABLE_ROWS_MAX,
				       &opts);
		m->zero_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "vmscope_zero", 4, 8 * m->nwords, 1, NULL);
		if (m->fd < 0 || m->zero_fd < 0)
			return caps_hint(error_errno(errno, "cannot create the kernel's map for @%s", m->name), errno);
	}
	return NULL;
}

static void add_words(struct table_cell *cell, const uint64_t *words, const struct gen_map *m)
{
	if (!words[0])
		return;
	if (m->nwords == 1) {
		cell->count += words[0];
		return;
	}
	int64_t min = words[2], max = words[3];
	cell->min = !cell->count || min < cell->min ? min : cell->min;
	cell->max = !cell->count || max > cell->max ? max : cell->max;
	cell->count += words[0];
	cell->sum = (int64_t)((uint64_t)cell->sum + words[1]);
	for (unsigned i = 4; i < m->nwords; i++)
		cell->buckets[i - 4] += words[i];
}

static void fetch_map(struct kernel_source *k, unsigned n, struct table *table)
{
	const struct gen_map *m = &k->maps[n];
	unsigned ncpus = libbpf_num_possible_cpus();
	_free_ uint64_t *words = xcalloc(ncpus, 8 * m->nwords);
	_free_ uint64_t *buckets = xcalloc(m->nwords + 1, 8);
	uint64_t key[2 * PROGRAM_KEYS_MAX] = { 0 };

	/* New keys may come in meanwhile: what is there now is at most so much. */
	for (unsigned rows = 0; rows < TABLE_ROWS_MAX && !bpf_map_get_next_key(m->fd, NULL, key); rows++) {
		struct probe_value keys[PROGRAM_KEYS_MAX];
		struct table_cell cell = { .buckets = m->nwords > 4 ? buckets : NULL };
		unsigned at = 0;
		if (bpf_map_lookup_and_delete_elem(m->fd, key, words) < 0)
			break;
		memset(buckets, 0, 8 * m->nwords);
		for (unsigned cpu = 0; cpu < ncpus; cpu++)
			add_words(&cell, words + (size_t)cpu * m->nwords, m);
		for (unsigned i = 0; i < m->kind.nkeys; i++) {
			const struct program_expr *e = &k->map_stmts[n]->keys.data[i];
			keys[i] = (struct probe_value){
				.is_text = m->text[i], .field = k->binding->codes[e->id].field,
				.is_signed = expr_is_signed(k->binding->codes[e->id].prog), .is_hex = e->wrap == WRAP_HEX,
			};
			if (m->text[i])
				memcpy(keys[i].text, &key[at], 16);
			else
				keys[i].num = key[at];
			at += m->text[i] ? 2 : 1;
		}
		if (cell.count)
			table_merge(table, keys, &cell);
	}
}

static void source_read(struct probe_source *src, struct table *(*table)(void *ctx, const char *name), void *ctx)
{
	struct kernel_source *k = container_of(src, struct kernel_source, source);

	for (unsigned i = 0; i < k->nmaps; i++) {
		struct table *t = table(ctx, k->maps[i].name);
		if (t)
			fetch_map(k, i, t);
	}
}

static uint64_t source_lost(struct probe_source *src)
{
	struct kernel_source *k = container_of(src, struct kernel_source, source);
	unsigned ncpus = libbpf_num_possible_cpus();
	_free_ uint64_t *words = xcalloc(ncpus, 8);
	uint32_t zero = 0;
	uint64_t sum = 0;

	if (bpf_map_lookup_elem(k->lost_fd, &zero, words) == 0)
		for (unsigned i = 0; i < ncpus; i++)
			sum += words[i];
	return sum;
}

/* ---- records -------------------------------------------------------------------------------------- */

static uint16_t vcpu_of(struct kernel_source *k, uint32_t tid)
{
	struct vcpu_info info;

	for (unsigned i = 0; k->session->target && i < target_vcpu_count(k->session->target); i++) {
		struct error *error = target_vcpu_info(k->session->target, i, &info);
		if (error)
			error_destroy(error);
		else if ((uint32_t)info.tid == tid)
			return i;
	}
	return EVENT_NO_VCPU;
}

static int on_record(void *ctx, void *data, size_t len)
{
	struct kernel_source *k = ctx;
	uint32_t cpu, tid, tgid, number;
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} u = { 0 };

	if (len < HEAD_LEN)
		return 0;
	memcpy(&u.event.time_ns, data, 8);
	memcpy(&cpu, (uint8_t *)data + 8, 4);
	memcpy(&tid, (uint8_t *)data + 12, 4);
	memcpy(&tgid, (uint8_t *)data + 16, 4);
	memcpy(&number, (uint8_t *)data + 20, 4);
	if (number >= k->programs.len)
		return 0;
	const struct schema *schema = &k->programs.data[number].schema->schema;
	if (len - HEAD_LEN < schema->size || schema->size > sizeof(u) - sizeof(u.event))
		return 0;
	u.event.schema = schema->id;
	u.event.size = align_up(sizeof(u.event) + schema->size, 8);
	u.event.cpu = cpu;
	u.event.tid = tid;
	u.event.vm = k->scope ? k->scope == k->self : tgid == (uint32_t)k->self;
	u.event.vcpu = u.event.vm ? vcpu_of(k, tid) : EVENT_NO_VCPU;
	u.event.payload_len = schema->size;
	memcpy(u.event.payload, (uint8_t *)data + HEAD_LEN, schema->size);
	event_store_put(k->session->events, &u.event);
	return 0;
}

static void source_drain(void *ctx)
{
	struct kernel_source *k = ctx;
	uint64_t lost;

	if (!k->ring)
		return;
	ring_buffer__consume(k->ring);
	lost = source_lost(&k->source);
	if (lost == k->lost_told)
		return;
	union {
		struct event event;
		uint8_t bytes[sizeof(struct event) + sizeof(struct vmm_drop)];
	} u = { .event = { .time_ns = clock_now_ns(), .schema = VMM_DROP, .size = sizeof(u), .cpu = UINT32_MAX,
			   .vcpu = EVENT_NO_VCPU, .payload_len = sizeof(struct vmm_drop) } };
	struct vmm_drop drop = { .count = lost - k->lost_told, .where = VMM_DROP_RING };
	memcpy(u.event.payload, &drop, sizeof(drop));
	k->lost_told = lost;
	event_store_put(k->session->events, &u.event);
}

/* ---- life ----------------------------------------------------------------------------------------- */

static void drop_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void source_close(struct probe_source *src)
{
	struct kernel_source *k = container_of(src, struct kernel_source, source);

	for (size_t i = 0; i < k->attached.list.len; i++)
		drop_fd(k->attached.list.data[i]);
	vec_free(&k->attached.list);
	for (size_t i = 0; i < k->programs.len; i++) {
		struct program_fd *p = &k->programs.data[i];
		drop_fd(p->fd);
		free(p->code);
		lang_event_destroy(p->event);
	}
	lang_store_forget(k->session, k);
	ring_buffer__free(k->ring);
	for (unsigned i = 0; i < k->nmaps; i++) {
		drop_fd(k->maps[i].fd);
		drop_fd(k->maps[i].zero_fd);
	}
	drop_fd(k->ring_fd);
	drop_fd(k->lost_fd);
	probe_binding_destroy(k->binding);
	vec_free(&k->programs);
	vec_free(&src->schemas);
	free(src->plan);
	free(k);
}

static void source_dump(struct probe_source *src, struct out *out)
{
	struct kernel_source *k = container_of(src, struct kernel_source, source);

	for (size_t i = 0; i < k->programs.len; i++) {
		out_message(out, ROLE_HEADING, "    %s: %u instructions", k->programs.data[i].event->place,
			    k->programs.data[i].ncode);
		asm_list(k->programs.data[i].code, k->programs.data[i].ncode, out);
	}
}

static struct error *bind(const struct probe_request *req, const struct program_fd *p, struct probe_binding **ret)
{
	return probe_bind(req->program, req->clause, &p->schema->schema, p->event->scope, req->vars, NULL, false, ret);
}

/* The best plan that all events take. */
static struct error *make_programs(struct kernel_source *k, const struct probe_request *req, enum plan *ret_plan,
				   char *why, size_t why_size)
{
	struct error *error = NULL;

	*ret_plan = req->whole ? PLAN_ALL : PLAN_STREAM;
	for (size_t i = 0; i < k->programs.len && !error; i++) {
		struct program_fd *p = &k->programs.data[i];
		struct names names = { p->event, &p->schema->schema };
		struct gen_source source = {
			.ctx = &names, .field = source_field, .text = source_text, .reg = source_reg,
		};
		struct probe_binding *binding = NULL;
		error = bind(req, p, &binding);
		bool fits = false;
		while (!error && !fits) {
			struct gen g = { .source = &source, .binding = binding, .lost_fd = k->lost_fd };
			fits = generate(&g, k, p, i, *ret_plan);
			if (fits && *ret_plan == PLAN_ALL && !g.uses_context && p->event->ops->without_fields)
				p->event->ops = p->event->ops->without_fields(p->event);
			if (fits)
				error = load(p, &g.code);
			else if (*ret_plan != PLAN_STREAM)
				snprintf(why, why_size, "%s", g.why);
			asm_deinit(&g.code);
			/* The plan is one for all: those made for a better one are made again. */
			if (!fits && *ret_plan == PLAN_STREAM)
				error = error_create(ERROR_FAILED, "%s: %s", p->event->place, g.why);
			else if (!fits) {
				++*ret_plan;
				if (i) {
					probe_binding_destroy(binding);
					return error;
				}
			}
		}
		probe_binding_destroy(binding);
	}
	return error;
}

static void unload(struct kernel_source *k)
{
	for (size_t i = 0; i < k->programs.len; i++) {
		drop_fd(k->programs.data[i].fd);
		k->programs.data[i].fd = -1;
		free(k->programs.data[i].code);
		k->programs.data[i].code = NULL;
	}
}

static struct error *start(struct kernel_source *k, struct session *s, const struct probe_request *req)
{
	char why[160] = "";
	enum plan plan = PLAN_ALL;
	struct error *error = bind(req, &k->programs.data[0], &k->binding);

	if (!error && req->whole) {
		program_each_stmt(k->clause, collect_map, k);
		error = make_maps(k, k->programs.data[0].event->ops->preallocate);
	}

	k->lost_fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "vmscope_lost", 4, 8, 1, NULL);
	k->ring_fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "vmscope_ring", 0, 0, RING_BYTES, NULL);
	if (!error && (k->lost_fd < 0 || k->ring_fd < 0))
		error = caps_hint(error_errno(errno, "cannot create the kernel's maps"), errno);
	if (!error)
		error = make_programs(k, req, &plan, why, sizeof(why));
	/* A later event needed less to be done in the kernel: all once more, by what it can. */
	if (!error && plan != PLAN_ALL && k->programs.len > 1 && k->programs.data[k->programs.len - 1].fd < 0) {
		struct probe_request less = *req;
		less.whole = false;
		unload(k);
		error = make_programs(k, &less, &plan, why, sizeof(why));
	}
	if (!error && plan != PLAN_ALL) {
		k->ring = ring_buffer__new(k->ring_fd, on_record, k, NULL);
		if (!k->ring)
			error = error_errno(errno, "cannot map the ring of events");
		else
			lang_store_poll(s, source_drain, k);
	}
	for (size_t i = 0; i < k->programs.len && !error; i++) {
		struct program_fd *p = &k->programs.data[i];
		error = p->event->ops->attach(p->event, p->fd, &k->attached);
		if (plan != PLAN_ALL)
			vec_push(&k->source.schemas, &p->schema->schema);
	}
	k->source.filtered = plan != PLAN_STREAM && k->clause->pred.text;
	k->source.done = plan == PLAN_ALL;
	k->source.read = plan == PLAN_ALL ? source_read : NULL;
	k->source.plan = xasprintf("%s %s%s%s%s", k->programs.data[0].event->ops->rung, k->programs.data[0].event->place,
				   k->programs.len > 1 ? " and more" : "", *why ? "; in the main loop because " : "", why);
	return error;
}

struct error *lang_source_create(struct session *s, const struct probe_request *req, struct lang_event **events,
				 unsigned n, struct probe_source **ret)
{
	struct kernel_source *k = xcalloc(1, sizeof(*k));
	struct error *error = NULL;

	k->session = s;
	k->clause = req->clause;
	k->lost_fd = k->ring_fd = -1;
	k->self = getpid();
	k->scope = probe_set_get_scope(probe_set_of(s));
	k->source.close = source_close;
	k->source.dump = source_dump;
	k->source.lost = source_lost;
	for (unsigned i = 0; i < n; i++) {
		struct program_fd p = { .event = events[i], .fd = -1 };
		if (!error)
			error = lang_store_schema(s, events[i], &p.schema);
		vec_push(&k->programs, p);
	}
	if (!error)
		error = start(k, s, req);
	if (error) {
		source_close(&k->source);
		return error;
	}
	*ret = &k->source;
	return NULL;
}

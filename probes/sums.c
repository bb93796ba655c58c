/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/sums.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/loop.h"
#include "core/base/vec.h"
#include "probes/hist_read.h"
#include "probes/show.h"
#include "probes/vcpus.h"

struct row {
	struct sum_key key;
	struct hist hist;
};

typedef VEC(struct row) row_list;

/* Rows are the same but for the CPU that wrote. */
static int same_order(const void *a, const void *b)
{
	struct sum_key x = ((const struct row *)a)->key, y = ((const struct row *)b)->key;

	x.cpu = y.cpu = 0;
	return memcmp(&x, &y, sizeof(x));
}

static int by_total(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->hist.total != y->hist.total)
		return x->hist.total < y->hist.total ? 1 : -1;
	if (x->hist.count != y->hist.count)
		return x->hist.count < y->hist.count ? 1 : -1;
	return same_order(a, b);
}

static void read_rows(const struct probe_run *run, row_list *rows)
{
	int fd = bpf_object__find_map_fd_by_name(run->obj, "sums");
	struct sum_key key, *prev = NULL;
	size_t kept = 0;

	/* The map may grow under the walk; its size bounds it. */
	for (unsigned n = 0; n < SUM_ENTRIES && bpf_map_get_next_key(fd, prev, &key) == 0; n++, prev = &key) {
		struct row row = { .key = key };

		if (bpf_map_lookup_elem(fd, &key, &row.hist) == 0 && row.hist.count)
			vec_push(rows, row);
	}
	if (!rows->len)
		return;
	qsort(rows->data, rows->len, sizeof(*rows->data), same_order);
	for (size_t i = 1; i < rows->len; i++) {
		if (!same_order(&rows->data[kept], &rows->data[i]))
			hist_add(&rows->data[kept].hist, &rows->data[i].hist);
		else
			rows->data[++kept] = rows->data[i];
	}
	rows->len = kept + 1;
	qsort(rows->data, rows->len, sizeof(*rows->data), by_total);
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

static bool is_ns(const char *unit)
{
	return unit && !strcmp(unit, "ns");
}

static void out_amount(struct out *out, const char *unit, const char *name, uint64_t v)
{
	_free_ char *ns = xasprintf("%s_ns", name);

	if (is_ns(unit))
		probe_out_time(out, ns, v);
	else
		out_dec(out, ROLE_NUMBER, name, 12, v);
}

static void show_row(struct probe_run *run, struct out *out, const struct sums_spec *spec, const struct row *row,
		     uint64_t elapsed_ns)
{
	const struct sum_what *what = &spec->what[row->key.what];
	const struct hist *h = &row->hist;
	bool is_time = !what->unit || is_ns(what->unit);
	_free_ char *type = is_time ? xstrdup(spec->type) : xasprintf("%s_%s", spec->type, what->unit);
	_free_ char *from = what->unit ? xasprintf("from_%s", what->unit) : NULL;
	struct vcpu_thread thread = thread_of(run, row->key.tid);
	char detail[160] = "";

	out_begin(out, type);
	if (row->key.tid)
		vcpus_out(run, out, &thread);
	else
		out_str(out, ROLE_DIM, "vcpu", 11, "-");
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_MNEMONIC, "what", (int)spec->what_width, what->name);
	out_text(out, ROLE_TEXT, " ");
	if (spec->detail) {
		spec->detail(run, &row->key, detail, sizeof(detail));
		out_str(out, ROLE_TEXT, "detail", (int)spec->detail_width, detail);
	}
	out_dec(out, ROLE_NUMBER, "count", 10, h->count);
	out_text(out, ROLE_NUMBER, " %9.0f", elapsed_ns ? (double)h->count * 1e9 / (double)elapsed_ns : 0.0);
	if (what->unit) {
		out_amount(out, what->unit, "total", h->total);
		out_amount(out, what->unit, "p50", hist_quantile(h, 500));
		out_amount(out, what->unit, "p99", hist_quantile(h, 990));
		out_amount(out, what->unit, "max", h->max);
		out_hidden_dec(out, is_time ? "min_ns" : "min", h->min);
		out_hidden_str(out, "unit", what->unit);
		probe_out_hist(out, from, h);
	}
	out_end(out);
}

static void show_heading(struct out *out, const struct sums_spec *spec, const char *unit)
{
	if (out->is_json)
		return;
	out_text(out, ROLE_HEADING, "%-11s %-*s %-*s%10s %9s %11s %11s %11s %11s%s%s", "vcpu", (int)spec->what_width, "what",
		 (int)spec->detail_width, spec->detail ? "detail" : "", "count", "rate/s", "total", "p50", "p99", "max",
		 unit && !is_ns(unit) ? "  in " : "", unit && !is_ns(unit) ? unit : "");
	out_nl(out);
}

static bool same_unit(const char *a, const char *b)
{
	a = a ? a : "ns";
	return !strcmp(a, b ? b : "ns");
}

static void show_rows(struct probe_run *run, struct out *out, const struct sums_spec *spec, const row_list *rows)
{
	uint64_t elapsed = clock_now_ns() - run->since_ns;

	/* A table for each unit, in the order of the list of what there is. */
	for (unsigned w = 0; w < spec->nwhat; w++) {
		bool told = false, before = false;

		for (unsigned k = 0; k < w; k++)
			before |= same_unit(spec->what[k].unit, spec->what[w].unit);
		for (size_t i = 0; i < rows->len && !before; i++) {
			const struct row *row = &rows->data[i];

			if (row->key.what >= spec->nwhat ||
			    !same_unit(spec->what[row->key.what].unit, spec->what[w].unit))
				continue;
			if (!told)
				show_heading(out, spec, spec->what[w].unit);
			told = true;
			show_row(run, out, spec, row, elapsed);
		}
	}
}

struct error *sums_show(struct probe_run *run, struct out *out, const struct sums_spec *spec)
{
	uint64_t unkept = probe_run_hits(run, SUM_HIT_UNKEPT);
	row_list rows = { 0 };

	read_rows(run, &rows);
	if (!rows.len)
		out_message(out, ROLE_TEXT, "%s", spec->empty);
	show_rows(run, out, spec, &rows);
	if (unkept)
		out_message(out, ROLE_WARN, "%" PRIu64 " values had no place in the table of %d: not in these sums",
			    unkept, SUM_ENTRIES);
	vec_free(&rows);
	return NULL;
}

struct hist sums_of(const struct probe_run *run, uint32_t what)
{
	row_list rows = { 0 };
	struct hist sum = { 0 };

	read_rows(run, &rows);
	for (size_t i = 0; i < rows.len; i++)
		if (rows.data[i].key.what == what)
			hist_add(&sum, &rows.data[i].hist);
	vec_free(&rows);
	return sum;
}

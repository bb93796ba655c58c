/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs the benchmarks, prints a table and writes bench.tsv: name, value, unit, goal, ok|short|skipped,
 * measured against. Exit status 0 also when a goal is missed: a benchmark is not a test. */
#include "tests/bench/bench.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const uint8_t bench_loop_code[] = { 0x40, 0xeb, 0xfd };
const size_t bench_loop_len = sizeof(bench_loop_code);
const uint8_t bench_io_code[] = { 0xe6, 0x80, 0xeb, 0xfc };
const size_t bench_io_len = sizeof(bench_io_code);

static const struct bench_row rows[] = {
	{ "step", "steps/s", "bare KVM_RUN single-step loop", BENCH_AT_LEAST, 0.90,
	  engine_step_rate, bare_step_rate, 7 },
	{ "port-exit", "exits/s", "bare KVM_RUN loop over port exits", BENCH_AT_LEAST, 0.90,
	  engine_io_rate, bare_io_rate, 7 },
	{ "false-condition", "hits/s", "the same KVM_RUN and KVM_SET_GUEST_DEBUG calls bare",
	  BENCH_AT_LEAST, 0.80, engine_false_break_rate, bare_false_break_rate, 7 },
	{ "memory-search", "bytes/s", "memcpy of the same memory", BENCH_AT_LEAST, 0.50,
	  engine_search_rate, bare_memcpy_rate, 7 },
	{ "probe-count", "ns", "an empty tp_btf program", BENCH_AT_MOST, 1.15, probes_count_ns, probes_empty_ns, 5 },
	{ "probe-histogram", "ns", "an empty tp_btf program", BENCH_AT_MOST, 1.3, probes_hist_ns, probes_empty_ns, 5 },
	{ "probe-stream", "ns", "an empty tp_btf program", BENCH_AT_MOST, 1.45, probes_stream_ns, probes_empty_ns, 5 },
	{ "exits-summed", "exits/s", "the same loop without a probe", BENCH_AT_LEAST, 0.96, probes_exits_summed,
	  engine_io_rate, 7 },
	{ "exits-streamed", "exits/s", "the same loop without a probe", BENCH_AT_LEAST, 0.92,
	  probes_exits_streamed, engine_io_rate, 7 },
	{ "probe-first-event", "ms", "-", BENCH_AT_MOST, 50, probes_first_event_ms, NULL, 5 },
	{ "probe-attach-all", "ms", "-", BENCH_AT_MOST, 100, probes_attach_all_ms, NULL, 5 },
	{ "probe-attach-perf", "ms", "perf stat -e kvm:*", BENCH_AT_MOST, 0.02, probes_attach_all_ms,
	  probes_perf_all_ms, 3 },
	{ "start", "ms", "bare program that creates the same VM and steps once", BENCH_AT_MOST, 2.0,
	  process_start_ms, bare_start_ms, 15 },
	{ "key-to-paint", "ms", "-", BENCH_AT_MOST, 16, process_key_to_paint_ms, NULL, 5 },
	{ "idle-output", "bytes", "-", BENCH_AT_MOST, 0, process_idle_bytes, NULL, 1 },
	{ "idle-cpu", "%", "-", BENCH_AT_MOST, 1, process_idle_cpu_percent, NULL, 1 },
};

uint64_t bench_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, unsigned n)
{
	qsort(v, n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

struct result {
	double ours, control, verdict, noise;
	const char *why;
};

static bool measure(const struct bench_row *row, struct result *r)
{
	double ours[32], control[32], ratio[32];

	memset(r, 0, sizeof(*r));
	for (unsigned i = 0; i < row->samples; i++) {
		/* The order alternates, so that drift of the machine hits both sides alike. */
		if (i % 2 == 0 && row->control && !row->control(&control[i], &r->why))
			return false;
		if (!row->ours(&ours[i], &r->why))
			return false;
		if (i % 2 == 1 && row->control && !row->control(&control[i], &r->why))
			return false;
		ratio[i] = row->control ? ours[i] / control[i] : ours[i];
	}
	r->verdict = median(ratio, row->samples);
	if (r->verdict > 0)
		r->noise = (ratio[row->samples - 1] - ratio[0]) / r->verdict * 50;
	r->ours = median(ours, row->samples);
	r->control = row->control ? median(control, row->samples) : 0;
	return true;
}

static void report(FILE *tsv, const struct bench_row *row, const struct result *r, bool possible)
{
	bool ok = row->sense == BENCH_AT_LEAST ? r->verdict >= row->goal : r->verdict <= row->goal;
	const char *word = !possible ? "skipped" : ok ? "ok" : "short";
	const char *sign = row->sense == BENCH_AT_LEAST ? ">=" : "<=";

	if (!possible) {
		printf("%-16s %-7s %s\n", row->name, word, r->why);
		fprintf(tsv, "%s\t\t%s\t%s%g\t%s\t%s\n", row->name, row->unit, sign, row->goal, word,
			r->why);
		return;
	}
	if (row->control)
		printf("%-16s %-7s ratio %.3f (goal %s %.2f, noise +-%.0f%%)  ours %.4g, control %.4g %s, %s\n",
		       row->name, word, r->verdict, sign, row->goal, r->noise, r->ours, r->control,
		       row->unit, row->against);
	else
		printf("%-16s %-7s %.3f %s (goal %s %g)\n", row->name, word, r->verdict, row->unit, sign,
		       row->goal);
	fprintf(tsv, "%s\t%.4f\t%s\t%s%g\t%s\t%s\n", row->name, r->verdict,
		row->control ? "ratio" : row->unit, sign, row->goal, word, row->against);
}

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : "build/bench.tsv";
	FILE *tsv = fopen(path, "w");

	if (!tsv) {
		fprintf(stderr, "bench: cannot write %s: %s\n", path, strerror(errno));
		return 1;
	}
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct result r;
		bool possible;

		if (argc > 2 && strcmp(argv[2], rows[i].name) != 0)
			continue;
		possible = measure(&rows[i], &r);
		report(tsv, &rows[i], &r, possible);
		fflush(stdout);
	}
	return fclose(tsv) ? 1 : 0;
}

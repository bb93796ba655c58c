/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Benchmarks measure ratios against a control in the same run: each pair (ours, control) is sampled
 * alternately, the median of each side is compared, and the spread of the pairs is the noise.
 *
 * To add one: a function here, in the file of its kind, and a line in main.c's list.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum bench_sense { BENCH_AT_LEAST, BENCH_AT_MOST };

struct bench_row {
	const char *name;
	const char *unit;
	const char *against;	/* what the control is */
	enum bench_sense sense;
	double goal;
	/* One sample of each side, in the same unit; false: not possible here, *why says it. */
	bool (*ours)(double *ret, const char **why);
	bool (*control)(double *ret, const char **why);	/* NULL: the value itself is judged */
	unsigned samples;
};

uint64_t bench_now_ns(void);

/* bare.c: the controls, raw KVM and nothing else. */
bool bare_step_rate(double *ret, const char **why);
bool bare_io_rate(double *ret, const char **why);
bool bare_false_break_rate(double *ret, const char **why);
bool bare_memcpy_rate(double *ret, const char **why);
bool bare_start_ms(double *ret, const char **why);

/* engine.c: the same work by vmscope's own engine. */
bool engine_step_rate(double *ret, const char **why);
bool engine_io_rate(double *ret, const char **why);
bool engine_false_break_rate(double *ret, const char **why);
bool engine_search_rate(double *ret, const char **why);

/* process.c: the program as a user starts it. */
bool process_start_ms(double *ret, const char **why);
bool process_key_to_paint_ms(double *ret, const char **why);
bool process_idle_bytes(double *ret, const char **why);
bool process_idle_cpu_percent(double *ret, const char **why);

/* probes.c: hits of kernel probes, and attaching them. */
bool probes_empty_ns(double *ret, const char **why);
bool probes_count_ns(double *ret, const char **why);
bool probes_hist_ns(double *ret, const char **why);
bool probes_stream_ns(double *ret, const char **why);
bool probes_exits_summed(double *ret, const char **why);
bool probes_exits_streamed(double *ret, const char **why);
bool probes_first_event_ms(double *ret, const char **why);
bool probes_attach_all_ms(double *ret, const char **why);
bool probes_perf_all_ms(double *ret, const char **why);

/* The guests both sides run, flat real mode at BENCH_ADDR. */
#define BENCH_ADDR 0x1000
extern const uint8_t bench_loop_code[];	/* inc ax; jmp back */
extern const size_t bench_loop_len;
extern const uint8_t bench_io_code[];	/* out 0x80, al; jmp back */
extern const size_t bench_io_len;

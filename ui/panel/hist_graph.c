/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values go to the right on a logarithmic scale, counts upwards:
 *
 *	 412 |      ##
 *	     |     ####      #		one or several cells for each bucket; a value that lies
 *	     |  #  ######## ###		between buckets is an empty cell
 *	     +------------------
 *	      512 ns    |2.0 us   33 us
 */
#include "ui/panel/hist_graph.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/base/text.h"

#define AXIS_W 9
#define CELLS_MAX 256
#define STEPS 4		/* cells of a power of two: the buckets of probes/hist.h */

struct graph {
	uint64_t cell[CELLS_MAX];
	unsigned n;
	unsigned first;		/* position of cell 0 */
	unsigned merge;		/* positions in a cell */
	const char *unit;	/* "ns", "ticks", "" */
};

/* Position of a value on the scale: its power of two in STEPS parts. */
static unsigned position(uint64_t v)
{
	unsigned e;

	if (v < STEPS)
		return (unsigned)v;
	e = 63 - (unsigned)__builtin_clzll(v);
	return (e - 2) * STEPS + STEPS + (unsigned)(v >> (e - 2) & (STEPS - 1));
}

static uint64_t value_at(unsigned pos)
{
	unsigned e = pos / STEPS + 1;

	return pos < STEPS ? pos : e > 63 ? UINT64_MAX : (1ULL << e) + ((uint64_t)(pos % STEPS) << (e - 2));
}

static const struct record_value *from_of(const struct record *bucket)
{
	for (size_t i = 0; i < bucket->values.len; i++)
		if (!strncmp(bucket->values.data[i].name, "from", 4) && bucket->values.data[i].is_number)
			return &bucket->values.data[i];
	return NULL;
}

static bool build(struct graph *g, const struct record_list *buckets, const struct record_list *marks, int w)
{
	unsigned lo = ~0u, hi = 0;

	for (size_t i = 0; i < buckets->len; i++) {
		const struct record_value *from = from_of(&buckets->data[i]);
		unsigned pos = from ? position(from->number) : 0;

		if (!from)
			continue;
		g->unit = from->name[4] == '_' ? from->name + 5 : "";
		lo = pos < lo ? pos : lo;
		hi = pos > hi ? pos : hi;
	}
	/* Thresholds are seen when they are not far away. */
	for (size_t i = 0; marks && lo <= hi && i < marks->len; i++) {
		unsigned pos = position(record_number(&marks->data[i], "at", 0));

		if (pos < lo && lo - pos < 6 * STEPS)
			lo = pos;
		if (pos > hi && pos - hi < 6 * STEPS)
			hi = pos;
	}
	if (lo > hi || w < 4)
		return false;
	w = w < CELLS_MAX ? w : CELLS_MAX;
	g->first = lo;
	g->merge = (hi - lo + (unsigned)w) / (unsigned)w;
	g->n = (hi - lo) / g->merge + 1;
	for (size_t i = 0; i < buckets->len; i++) {
		const struct record_value *from = from_of(&buckets->data[i]);

		if (from)
			g->cell[(position(from->number) - lo) / g->merge] += record_number(&buckets->data[i], "count", 0);
	}
	return true;
}

static const char *label(const struct graph *g, uint64_t v, char *buf, size_t size)
{
	if (!strcmp(g->unit, "ns"))
		return format_time_ns(buf, size, v);
	snprintf(buf, size, "%" PRIu64 "%s%s", v, *g->unit ? " " : "", g->unit);
	return buf;
}

/* Cells that one column of the graph takes: wide rectangles are used. */
static int stretch(const struct graph *g, int w)
{
	int k = w / (int)g->n;

	return k > 5 ? 5 : k < 1 ? 1 : k;
}

static void draw_axis(const struct area *a, const struct graph *g, int k, const struct record_list *marks)
{
	char buf[48];
	int end = 0;

	area_hline(a, a->h - 2, AXIS_W, (int)g->n * k, UI_BORDER);
	/* Labels where they fit: the first cell, then every some. */
	for (unsigned i = 0; i < g->n; i++) {
		int x = AXIS_W + (int)i * k;
		const char *text = label(g, value_at(g->first + i * g->merge), buf, sizeof(buf));

		if (x < end || (i && (g->first + i * g->merge) % STEPS >= g->merge) ||
		    x + text_cells(text, strlen(text)) > a->w)
			continue;
		end = area_puts(a, a->h - 1, x, ROLE_DIM, text) + 2;
	}
	for (size_t i = 0; marks && i < marks->len; i++) {
		unsigned pos = position(record_number(&marks->data[i], "at", 0));
		int x;

		if (pos < g->first || (pos - g->first) / g->merge >= g->n)
			continue;
		x = AXIS_W + (int)((pos - g->first) / g->merge) * k;
		for (int y = 0; y < a->h - 1; y++)
			area_puts(a, y, x, ROLE_WARN, theme_glyph(a->theme, GLYPH_VLINE));
		area_puts(a, 0, x + 1, ROLE_WARN, record_text(&marks->data[i], "label"));
	}
}

void hist_graph_draw(const struct area *a, const struct record_list *buckets, const struct record_list *marks)
{
	static const char *const part[] = { "", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	struct graph g = { .unit = "" };
	uint64_t max = 0;
	int rows = a->h - 2, k;

	area_clear(a);
	if (rows < 1 || !buckets || !build(&g, buckets, marks, a->w - AXIS_W - 1))
		return;
	for (unsigned i = 0; i < g.n; i++)
		max = g.cell[i] > max ? g.cell[i] : max;
	if (!max)
		return;
	k = stretch(&g, a->w - AXIS_W - 1);
	draw_axis(a, &g, k, marks);
	area_printf(a, 0, 0, ROLE_NUMBER, "%8" PRIu64, max);
	for (unsigned i = 0; i < g.n; i++) {
		/* In eighths of a row; what is not empty is seen. */
		uint64_t full = (uint64_t)rows * 8, eighths = (uint64_t)((double)g.cell[i] / (double)max * (double)full);

		if (g.cell[i] && !eighths)
			eighths = 1;
		for (int y = 0; y < rows; y++) {
			uint64_t below = (uint64_t)(rows - 1 - y) * 8;
			uint64_t here = eighths > below ? eighths - below : 0;
			const char *s = here > 8 ? part[8] : part[here];

			if (!here)
				continue;
			if (!a->theme->utf8)
				s = here >= 4 ? "#" : y == rows - 1 ? "." : "";
			for (int c = 0; c < k; c++)
				area_puts(a, y, AXIS_W + (int)i * k + c, ROLE_GOOD, s);
		}
	}
}

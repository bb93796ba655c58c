/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/layout.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "core/base/vec.h"

#define NODES_MAX 32
#define DEPTH_MAX 8

static const struct layout layouts[] = {
#define LAYOUT(name, help, ...) { name, help, { __VA_ARGS__ } },
#include "ui/layouts.def"
#undef LAYOUT
};

/* A parsed tree, in an array: children of a node are linked by index. */
struct node {
	char op;		/* '|', '/', or 0 for a leaf */
	char name[16];
	int weight, fixed;	/* fixed > 0: cells */
	int first, next;	/* index, -1 none */
};

struct parser {
	const char *start, *p;
	struct node node[NODES_MAX];
	int n;
};

static struct error *fail(const struct parser *ps, const char *what)
{
	return error_create(ERROR_SYNTAX, "layout: %s at column %d of '%s'", what,
			    (int)(ps->p - ps->start) + 1, ps->start);
}

static struct error *parse_size_of(struct parser *ps, struct node *node)
{
	node->weight = 1;
	while (*ps->p == ':' || *ps->p == '=') {
		bool fixed = *ps->p == '=';
		char *end;
		long v = strtol(ps->p + 1, &end, 10);

		if (end == ps->p + 1 || v < 1 || v > 1000)
			return fail(ps, "a size from 1 to 1000 is expected");
		*(fixed ? &node->fixed : &node->weight) = (int)v;
		ps->p = end;
	}
	return NULL;
}

static struct error *parse_tree(struct parser *ps, int depth, int *ret)
{
	struct error *error = NULL;
	int self = ps->n, last = -1, child;
	struct node *node = &ps->node[self];
	size_t len;

	if (ps->n == NODES_MAX || depth == DEPTH_MAX)
		return fail(ps, "too many panels");
	ps->n++;
	*node = (struct node){ .first = -1, .next = -1 };
	*ret = self;
	if (*ps->p != '(') {
		for (len = 0; isalnum((unsigned char)ps->p[len]); len++)
			;
		if (!len || len >= sizeof(node->name))
			return fail(ps, "a panel's name is expected");
		memcpy(node->name, ps->p, len);
		ps->p += len;
		return parse_size_of(ps, node);
	}
	do {
		if (*ps->p != '(' && node->op && *ps->p != node->op)
			return fail(ps, "one kind of split within parentheses");
		if (last >= 0)
			node->op = *ps->p;
		ps->p++;
		error = parse_tree(ps, depth + 1, &child);
		if (error)
			return error;
		*(last < 0 ? &node->first : &ps->node[last].next) = child;
		last = child;
	} while (*ps->p == '|' || *ps->p == '/');
	if (*ps->p != ')')
		return fail(ps, "')' is expected");
	ps->p++;
	return parse_size_of(ps, node);
}

/* Cells each child of @node gets along the split; false when the space is too small. */
static bool share(const struct parser *ps, const struct node *node, int space, int min, int *ret)
{
	int fixed = 0, weights = 0, count = 0, left, last = -1;

	for (int i = node->first; i >= 0; i = ps->node[i].next, count++) {
		fixed += ps->node[i].fixed;
		weights += ps->node[i].fixed ? 0 : ps->node[i].weight;
	}
	space -= node->op == '|' ? count - 1 : 0; /* rules */
	left = space - fixed;
	count = 0;
	for (int i = node->first; i >= 0; i = ps->node[i].next, count++) {
		const struct node *c = &ps->node[i];

		ret[count] = c->fixed ? c->fixed : left * c->weight / (weights ? weights : 1);
		if (!c->fixed)
			last = count;
		space -= ret[count];
	}
	ret[last >= 0 ? last : count - 1] += space; /* what rounding left */
	for (int i = 0; i < count; i++)
		if (ret[i] < min)
			return false;
	return true;
}

static bool place(const struct parser *ps, int index, int y, int x, int h, int w, struct layout_result *ret)
{
	const struct node *node = &ps->node[index];
	bool across = node->op == '|';
	int size[NODES_MAX], n = 0;

	if (!node->op && node->first >= 0) /* parentheses around one */
		return place(ps, node->first, y, x, h, w, ret);
	if (!node->op) {
		struct layout_pane *pane = &ret->pane[ret->npanes];

		if (ret->npanes == LAYOUT_PANES_MAX || h < PANE_MIN_H || w < PANE_MIN_W)
			return false;
		*pane = (struct layout_pane){ .y = y, .x = x, .h = h, .w = w };
		memcpy(pane->name, node->name, sizeof(pane->name));
		ret->npanes++;
		return true;
	}
	if (!share(ps, node, across ? w : h, across ? PANE_MIN_W : PANE_MIN_H, size))
		return false;
	for (int i = node->first; i >= 0; i = ps->node[i].next, n++) {
		if (across && n) {
			if (ret->nrules == LAYOUT_RULES_MAX)
				return false;
			ret->rule[ret->nrules].y = y;
			ret->rule[ret->nrules].x = x++;
			ret->rule[ret->nrules++].h = h;
		}
		if (!place(ps, i, y, x, across ? h : size[n], across ? size[n] : w, ret))
			return false;
		*(across ? &x : &y) += size[n];
	}
	return true;
}

struct error *layout_compute_tree(const char *tree, int h, int w, struct layout_result *ret)
{
	struct parser ps = { .start = tree, .p = tree };
	struct layout_result result = {0};
	int root;
	struct error *error = parse_tree(&ps, 0, &root);

	if (!error && *ps.p)
		error = fail(&ps, "the end is expected");
	if (error)
		return error;
	if (!place(&ps, root, 0, 0, h, w, &result))
		return error_create(ERROR_FAILED, "the layout does not fit %dx%d cells", w, h);
	*ret = result;
	return NULL;
}

const struct layout *layout_at(unsigned i)
{
	return i < ARRAY_SIZE(layouts) ? &layouts[i] : NULL;
}

struct error *layout_find(const char *name, const struct layout **ret)
{
	_cleanup_(text_deinit) struct text list = {0};
	const struct layout *found = NULL;
	size_t len = strlen(name);

	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		text_printf(&list, "%s%s", i ? ", " : "", layouts[i].name);
		if (!strncmp(layouts[i].name, name, len)) {
			if (found)
				found = NULL;
			else
				found = &layouts[i];
		}
	}
	if (!found)
		return error_create(ERROR_NOT_FOUND, "no layout '%s': there are %s", name, text_str(&list));
	*ret = found;
	return NULL;
}

bool layout_compute(const struct layout *layout, int h, int w, struct layout_result *ret)
{
	for (unsigned i = 0; i < LAYOUT_VARIANTS_MAX && layout->variants[i]; i++) {
		const char *variant = layout->variants[i];
		struct error *error;
		int min_w, min_h, used;

		if (sscanf(variant, "%dx%d %n", &min_w, &min_h, &used) != 2 || w < min_w || h < min_h)
			continue;
		error = layout_compute_tree(variant + used, h, w, ret);
		if (!error)
			return true;
		error_destroy(error);
	}
	return false;
}

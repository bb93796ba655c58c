/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/prototype.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/base/vec.h"

/* ---- expected ------------------------------------------------------------------------------------ */

/* The words for integers, as BTF's size and sign would give them. */
static const struct {
	const char *words, *type;
} integers[] = {
	{ "u8", "u8" }, { "u16", "u16" }, { "u32", "u32" }, { "u64", "u64" }, { "s8", "s8" }, { "s16", "s16" },
	{ "s32", "s32" }, { "s64", "s64" }, { "char", "s8" }, { "unsigned char", "u8" }, { "short", "s16" },
	{ "unsigned short", "u16" }, { "int", "s32" }, { "unsigned", "u32" }, { "unsigned int", "u32" },
	{ "long", "s64" }, { "unsigned long", "u64" }, { "long long", "s64" }, { "unsigned long long", "u64" },
	{ "size_t", "u64" }, { "gpa_t", "u64" }, { "gfn_t", "u64" }, { "hpa_t", "u64" }, { "gva_t", "u64" },
	{ "bool", "bool" }, { "pid_t", "s32" },
};

static const char *integer_type(const char *words)
{
	for (size_t i = 0; i < ARRAY_SIZE(integers); i++)
		if (!strcmp(integers[i].words, words))
			return integers[i].type;
	return words;
}

static bool is_qualifier(const char *word, size_t len)
{
	return (len == 5 && !strncmp(word, "const", 5)) || (len == 8 && !strncmp(word, "volatile", 8));
}

/* One parameter, its name last. Stars belong to the type wherever they are. */
static bool parse_param(const char *p, size_t len, struct prototype_param *ret)
{
	char words[40] = "", name[32] = "", stars[8] = "";

	for (size_t i = 0, n; i < len; i += n) {
		n = 1;
		if (p[i] == '*' && strlen(stars) + 1 < sizeof(stars))
			strcat(stars, "*");
		if (!isalpha((unsigned char)p[i]) && p[i] != '_')
			continue;
		while (i + n < len && (isalnum((unsigned char)p[i + n]) || p[i + n] == '_'))
			n++;
		if (is_qualifier(p + i, n))
			continue;
		/* What was last so far is a word of the type. */
		if (*name && strlen(words) + strlen(name) + 2 > sizeof(words))
			return false;
		if (*name) {
			strcat(words, *words ? " " : "");
			strcat(words, name);
		}
		if (n >= sizeof(name))
			return false;
		memcpy(name, p + i, n);
		name[n] = 0;
	}
	if (!*words)
		return false;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	return (size_t)snprintf(ret->type, sizeof(ret->type), "%s%s", integer_type(words), stars) < sizeof(ret->type);
}

bool prototype_parse(const char *text, struct prototype *ret)
{
	const char *open = strchr(text, '('), *p, *name = open;

	*ret = (struct prototype){ 0 };
	if (!open)
		return false;
	while (name > text && (isalnum((unsigned char)name[-1]) || name[-1] == '_'))
		name--;
	if (name == open || (size_t)(open - name) >= sizeof(ret->function))
		return false;
	memcpy(ret->function, name, (size_t)(open - name));
	if (!strcmp(open, "(void)"))
		return true;
	for (p = open + 1; *p != ')';) {
		size_t len = strcspn(p, ",)");

		if (!p[len] || ret->nparams == PROTOTYPE_PARAMS_MAX ||
		    !parse_param(p, len, &ret->params[ret->nparams++]))
			return false;
		p += len + (p[len] == ',');
	}
	return true;
}

/* ---- the kernel's -------------------------------------------------------------------------------- */

static void type_text(const struct btf *btf, uint32_t id, char *buf, size_t size)
{
	const struct btf_type *t;
	char stars[7] = "";
	const char *name;

	while ((t = btf__type_by_id(btf, id)) && id) {
		if (btf_is_ptr(t) && strlen(stars) + 1 < sizeof(stars))
			strcat(stars, "*");
		if (!btf_is_ptr(t) && !btf_is_mod(t) && !btf_is_typedef(t) && !btf_is_type_tag(t))
			break;
		id = t->type;
	}
	if (!id || !t) {
		snprintf(buf, size, "void%s", stars);
		return;
	}
	name = btf__name_by_offset(btf, t->name_off);
	if (btf_is_int(t) && btf_int_encoding(t) & BTF_INT_BOOL)
		snprintf(buf, size, "bool%s", stars);
	else if (btf_is_int(t))
		snprintf(buf, size, "%c%u%s", btf_int_encoding(t) & BTF_INT_SIGNED ? 's' : 'u', t->size * 8, stars);
	else
		snprintf(buf, size, "%s %.44s%s", btf_is_struct(t) || btf_is_fwd(t) ? "struct" : btf_is_union(t) ?
			 "union" : btf_is_any_enum(t) ? "enum" : "function", name, stars);
}

bool prototype_from_btf(const struct btf *btf, uint32_t id, struct prototype *ret)
{
	const struct btf_type *func = btf__type_by_id(btf, id), *proto;
	unsigned first = 0;

	*ret = (struct prototype){ 0 };
	proto = func && btf_is_func(func) ? btf__type_by_id(btf, func->type) : NULL;
	if (func && btf_is_typedef(func)) {
		const struct btf_type *ptr = btf__type_by_id(btf, func->type);

		/* Of a tracepoint: behind the data of whoever listens. */
		proto = ptr && btf_is_ptr(ptr) ? btf__type_by_id(btf, ptr->type) : NULL;
		first = 1;
	}
	if (!proto || !btf_is_func_proto(proto))
		return false;
	snprintf(ret->function, sizeof(ret->function), "%.63s", btf__name_by_offset(btf, func->name_off));
	for (unsigned i = first; i < btf_vlen(proto) && ret->nparams < PROTOTYPE_PARAMS_MAX; i++) {
		const struct btf_param *p = &btf_params(proto)[i];
		struct prototype_param *to = &ret->params[ret->nparams++];

		type_text(btf, p->type, to->type, sizeof(to->type));
		snprintf(to->name, sizeof(to->name), "%.31s", btf__name_by_offset(btf, p->name_off));
	}
	return true;
}

/* ---- matching ------------------------------------------------------------------------------------ */

static bool same_type(const struct prototype_param *a, const struct prototype_param *b)
{
	return !strcmp(a->type, b->type);
}

static bool same_name(const struct prototype_param *a, const struct prototype_param *b)
{
	return !strcmp(a->name, b->name);
}

static bool is_pointer(const struct prototype_param *p)
{
	return strchr(p->type, '*');
}

/* By name and type, then by name among plain values, then by type where only one has it. */
static uint8_t find_param(const struct prototype *kernel, const struct prototype_param *want)
{
	uint8_t found = PROTOTYPE_GONE;
	unsigned n = 0;

	for (unsigned i = 0; i < kernel->nparams; i++)
		if (same_name(&kernel->params[i], want) && same_type(&kernel->params[i], want))
			return (uint8_t)i;
	for (unsigned i = 0; i < kernel->nparams; i++)
		if (same_name(&kernel->params[i], want) && !is_pointer(want) && !is_pointer(&kernel->params[i]))
			return (uint8_t)i;
	for (unsigned i = 0; i < kernel->nparams; i++) {
		if (!same_type(&kernel->params[i], want))
			continue;
		found = (uint8_t)i;
		n++;
	}
	return n == 1 && is_pointer(want) ? found : PROTOTYPE_GONE;
}

void prototype_match(const struct prototype *expected, const struct prototype *kernel, struct prototype_match *ret)
{
	*ret = (struct prototype_match){ .drift = expected->nparams != kernel->nparams };
	for (unsigned i = 0; i < expected->nparams && i < kernel->nparams; i++)
		ret->drift |= !same_type(&expected->params[i], &kernel->params[i]);
	for (unsigned i = 0; i < expected->nparams; i++) {
		ret->at[i] = ret->drift ? find_param(kernel, &expected->params[i]) : (uint8_t)i;
		/* Renamed at its place, with its type: still it. */
		if (ret->at[i] == PROTOTYPE_GONE && i < kernel->nparams &&
		    same_type(&expected->params[i], &kernel->params[i]) &&
		    (expected->nparams <= kernel->nparams || is_pointer(&expected->params[i])))
			ret->at[i] = (uint8_t)i;
	}
}

/* ---- words --------------------------------------------------------------------------------------- */

void prototype_text(struct text *t, const struct prototype *p)
{
	text_puts(t, "(");
	for (unsigned i = 0; i < p->nparams; i++)
		text_printf(t, "%s%s %s", i ? ", " : "", p->params[i].type, p->params[i].name);
	text_puts(t, p->nparams ? ")" : "void)");
}

void prototype_sentence(struct text *t, const struct prototype *expected, const struct prototype *kernel,
			const struct prototype_match *match)
{
	const char *sep = ":";

	text_printf(t, "%s: expected ", expected->function);
	prototype_text(t, expected);
	text_puts(t, ", this kernel has ");
	prototype_text(t, kernel);
	for (unsigned i = 0; i < expected->nparams; i++) {
		if (match->at[i] == i)
			continue;
		if (match->at[i] == PROTOTYPE_GONE)
			text_printf(t, "%s %s is gone", sep, expected->params[i].name);
		else
			text_printf(t, "%s %s is parameter %u", sep, expected->params[i].name, match->at[i] + 1u);
		sep = ",";
	}
}

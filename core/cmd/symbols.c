/* SPDX-License-Identifier: GPL-3.0-or-later */
/* info symbol, info address, info symbols, add-symbol-file. */
#include <inttypes.h>

#include "core/base/cleanup.h"
#include "core/command/command.h"
#include "core/session/run.h"

#define SYMBOLS_SHOWN 1000

static struct error *info_symbol_run(struct session *s, const struct args *args, struct out *out)
{
	struct expr_value addr;
	struct error *error;
	struct symbol sym;
	uint64_t off;

	error = session_eval_prog(s, args->value[0].prog, &addr);
	if (error)
		return error;
	if (!symbols_by_addr(s->symbols, addr.bits, &sym, &off))
		return error_create(ERROR_NOT_FOUND, "no symbol is at 0x%" PRIx64, addr.bits);
	out_begin(out, "symbol");
	out_hex(out, ROLE_ADDR, "addr", 0, addr.bits);
	out_text(out, ROLE_TEXT, " is ");
	out_str(out, ROLE_SYMBOL, "name", 0, sym.name);
	out_text(out, ROLE_TEXT, " + ");
	out_dec(out, ROLE_NUMBER, "offset", 0, off);
	if (sym.size) {
		out_text(out, ROLE_TEXT, " of ");
		out_dec(out, ROLE_NUMBER, "size", 0, sym.size);
		out_text(out, ROLE_TEXT, " bytes");
	}
	if (sym.object && *sym.object) {
		out_text(out, ROLE_TEXT, " in ");
		out_str(out, ROLE_TEXT, "object", 0, sym.object);
	}
	out_end(out);
	return NULL;
}

const struct command cmd_info_symbol = {
	.name = "info symbol",
	.group = "source and code",
	.summary = "say which symbol is at an address",
	.examples = (const char *const[]){ "info symbol $pc", NULL },
	.args = { { .type = ARG_EXPR, .name = "ADDRESS" } },
	.needs = NEED_SYMBOLS,
	.run = info_symbol_run,
};

static const char *type_word(enum symbol_type type)
{
	return type == SYMBOL_FUNC ? "function" : type == SYMBOL_OBJECT ? "object" : "label";
}

static void print_symbol(struct out *out, const struct symbol *sym)
{
	out_begin(out, "symbol");
	out_hex(out, ROLE_ADDR, "addr", 16, sym->addr);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_TEXT, "kind", 8, type_word(sym->type));
	out_text(out, ROLE_TEXT, " ");
	out_dec(out, ROLE_NUMBER, "size", 6, sym->size);
	out_text(out, ROLE_TEXT, " ");
	out_str(out, ROLE_SYMBOL, "name", 0, sym->name);
	out_hidden_str(out, "object", sym->object ? sym->object : "");
	out_end(out);
}

static struct error *info_address_run(struct session *s, const struct args *args, struct out *out)
{
	struct symbol sym;

	if (!symbols_by_name(s->symbols, args->value[0].text, &sym))
		return error_hint(error_create(ERROR_NOT_FOUND, "there is no symbol '%s'", args->value[0].text),
				  "`info symbols PREFIX` lists them");
	print_symbol(out, &sym);
	return NULL;
}

static bool give(void *ctx, const struct symbol *sym);

struct give_ctx {
	completion_fn fn;
	void *ctx;
	unsigned left;
};

static bool give(void *ctx, const struct symbol *sym)
{
	struct give_ctx *g = ctx;
	struct completion c = { .text = sym->name };

	g->fn(g->ctx, &c);
	return --g->left > 0;
}

static void complete_symbol(struct session *s, const char *prefix, completion_fn fn, void *ctx)
{
	struct give_ctx g = { fn, ctx, SYMBOLS_SHOWN };

	symbols_each_prefix(s->symbols, prefix, give, &g);
}

const struct command cmd_info_address = {
	.name = "info address",
	.group = "source and code",
	.summary = "say where a symbol is",
	.examples = (const char *const[]){ "info address main", NULL },
	.args = { { .type = ARG_WORD, .name = "SYMBOL", .complete = complete_symbol } },
	.needs = NEED_SYMBOLS,
	.run = info_address_run,
};

struct list_ctx {
	struct out *out;
	unsigned count;
};

static bool list_one(void *ctx, const struct symbol *sym)
{
	struct list_ctx *l = ctx;

	if (l->count == SYMBOLS_SHOWN) {
		out_message(l->out, ROLE_WARN, "cut after %u symbols: give a longer prefix", SYMBOLS_SHOWN);
		return false;
	}
	l->count++;
	print_symbol(l->out, sym);
	return true;
}

static struct error *info_symbols_run(struct session *s, const struct args *args, struct out *out)
{
	const char *prefix = args->value[0].given ? args->value[0].text : "";
	struct list_ctx l = { .out = out };

	symbols_each_prefix(s->symbols, prefix, list_one, &l);
	return l.count ? NULL : error_create(ERROR_NOT_FOUND, "no symbol starts with '%s'", prefix);
}

const struct command cmd_info_symbols = {
	.name = "info symbols",
	.aliases = (const char *const[]){ "info functions", NULL },
	.group = "source and code",
	.summary = "list symbols whose names start with PREFIX",
	.examples = (const char *const[]){ "info symbols ma", NULL },
	.args = { { .type = ARG_WORD, .name = "PREFIX", .optional = true, .complete = complete_symbol } },
	.needs = NEED_SYMBOLS,
	.run = info_symbols_run,
};

/* ---- add-symbol-file ----------------------------------------------------------------------------- */

static struct error *add_run(struct session *s, const struct args *args, struct out *out)
{
	struct expr_value offset = { 0 };
	struct error *error = NULL;
	size_t count;

	if (args->value[1].given)
		error = session_eval_prog(s, args->value[1].prog, &offset);
	if (!error)
		error = symbols_load_elf(s->symbols, args->value[0].text, (int64_t)offset.bits, &count);
	if (error)
		return error;
	out_message(out, ROLE_TEXT, "%zu symbols from %s", count, args->value[0].text);
	session_resolve_stops(s);
	stop_list_arm(&s->stops, s->target);
	session_changed(s);
	return NULL;
}

const struct command cmd_add_symbol_file = {
	.name = "add-symbol-file",
	.aliases = (const char *const[]){ "symbol-file", NULL },
	.group = "source and code",
	.summary = "load symbols and lines of an ELF file, each address plus OFFSET",
	.help = "Breakpoints that waited for their symbols are armed.",
	.args = { { .type = ARG_FILE, .name = "FILE" },
		  { .type = ARG_EXPR, .name = "OFFSET", .optional = true } },
	.run = add_run,
};

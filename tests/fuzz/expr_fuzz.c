/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Expressions, assignments and prefixes from any bytes: no crash, no read outside, bounded. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool reg(void *ctx, const char *name, unsigned *id, unsigned *size)
{
	*id = name[1];
	*size = (unsigned char)name[0] % 17;
	return name[0] == 'r' || name[0] == 'e';
}

static bool symbol(void *ctx, const char *name, uint64_t *addr)
{
	*addr = (uint64_t)name[1] << 4;
	return name[0] == 's';
}

static bool field(void *ctx, const char *name, unsigned *index, bool *is_signed)
{
	*index = name[1];
	*is_signed = name[1] & 1;
	return name[0] == 'f';
}

static bool variable(void *ctx, const char *name, struct expr_value *ret)
{
	*ret = (struct expr_value){ name[0], name[0] % 9, name[0] & 1, name[0] & 2 };
	return name[0] == 'v' || name[0] == '\0' || name[0] == '1';
}

static void shape(const char *name, struct expr_shape *ret)
{
	unsigned char a = name[0], b = a ? name[1] : 0;

	*ret = (struct expr_shape){ .size = b % 9, .is_signed = b & 16, .depth = b % 5, .is_aggregate = b & 32,
				    .target = b & 64 ? b : 0, .span = b, .bytes = b * 3, .self = a };
}

static bool local(void *ctx, const char *name, struct expr_local *ret)
{
	shape(name, &ret->shape);
	ret->place = (unsigned char)name[0] % 4;
	ret->reg = (name[1] & 15) - 1;
	ret->offset = name[1];
	return name[0] == 'l' || name[0] == 'm' || name[0] == 'n' || name[0] == 'o';
}

static bool member(void *ctx, uint64_t target, const char *name, struct expr_member *ret)
{
	shape(name, &ret->shape);
	ret->offset = target * 8;
	ret->bit_size = name[1] & 128 ? name[1] & 63 : 0;
	ret->bit_shift = name[1] & 7;
	return name[0] != 'x';
}

static bool object(void *ctx, uint64_t addr, struct expr_shape *ret)
{
	char name[2] = { 's', (char)(addr >> 4) };

	shape(name, ret);
	return addr & 16;
}

static bool type(void *ctx, const char *name, struct expr_shape *ret)
{
	shape(name[0] == 's' ? name + 7 : name, ret);
	return name[0] == 't' || name[0] == 's';
}

static bool get(void *ctx, unsigned id, uint64_t *ret)
{
	*ret = id * 0x123456789abcdefULL;
	return id != 'x';
}

static bool mem(void *ctx, uint64_t addr, void *buf, size_t len)
{
	memset(buf, (int)addr, len);
	return addr % 16 != 15;
}

static const struct expr_scope scope = { .field = field, .reg = reg, .symbol = symbol,
					 .variable = variable, .local = local, .member = member,
					 .object = object, .type = type };
static const struct expr_env env = { .reg = get, .mem = mem, .phys = mem, .field = get };

static void run(struct expr_prog *prog)
{
	struct expr_value value;
	struct expr_fault fault;

	if (!expr_eval(prog, &env, &value, &fault))
		error_destroy(expr_fault_error(&fault, prog, NULL));
	else if (value.size != 1 && value.size != 2 && value.size != 4 && value.size != 8)
		abort();
	free(expr_dump(prog));
	expr_unref(prog);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct expr_lvalue lvalue;
	struct expr_prog *prog;
	struct error *err;
	const char *end;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	err = expr_compile(text, &scope, &prog);
	if (!err)
		run(prog);
	error_destroy(err);
	err = expr_compile_prefix(text, &scope, &prog, &end);
	if (!err) {
		if (end < text || end > text + strlen(text))
			abort();
		run(prog);
	}
	error_destroy(err);
	err = expr_compile_assign(text, &scope, &lvalue, &prog);
	if (!err) {
		run(prog);
		if (lvalue.addr)
			run(expr_ref(lvalue.addr));
		expr_lvalue_deinit(&lvalue);
	}
	error_destroy(err);
	free(text);
	return 0;
}

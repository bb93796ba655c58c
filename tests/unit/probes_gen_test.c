/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Expressions as BPF against the interpreter: the same text, compiled once, run by the kernel
 * (BPF_PROG_TEST_RUN of a raw tracepoint program, whose context is the fields) and by expr_eval().
 * What the generator refuses is counted: most must not be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cmocka.h>

#include "core/base/text.h"
#include "core/event/store.h"
#include "probes/lang/gen.h"

#define NFIELDS 4

static const struct field fields[NFIELDS] = {
	{ "a", FIELD_U64, 0, 8, UNIT_NONE, NULL }, { "b", FIELD_S64, 8, 8, UNIT_NONE, NULL },
	{ "c", FIELD_U32, 16, 4, UNIT_NONE, NULL }, { "d", FIELD_U64, 24, 8, UNIT_NONE, NULL },
};
static const struct schema schema = { .name = "test.ev", .fields = fields, .nfields = NFIELDS, .size = 32 };

static bool from_field(void *ctx, unsigned index, struct gen_field *ret)
{
	if (index >= NFIELDS)
		return false;
	*ret = (struct gen_field){
		.place = GEN_FIELD_CTX, .offset = 8 * index, .size = fields[index].size,
		.is_signed = fields[index].type == FIELD_S64,
	};
	return true;
}

static bool from_text(void *ctx, unsigned index, struct gen_text *ret)
{
	return false;
}

struct state {
	int result_fd;		/* array of two u64: done, value */
	int lost_fd;
};

/* r0 to the result map; failing leaves done 0. */
static int load(struct state *s, struct gen *g, const struct program_expr *e)
{
	struct asm_code *a = &g->code;
	unsigned out = asm_label(a);

	asm_mov(a, GEN_CTX, BPF_REG_1);
	if (!gen_expr(g, e, out)) {
		asm_deinit(a);
		return -1;
	}
	asm_store(a, 8, BPF_REG_10, GEN_VALUE_AT, BPF_REG_0);
	asm_store_imm(a, 4, BPF_REG_10, GEN_ZERO_AT, 0);
	asm_map(a, BPF_REG_1, s->result_fd);
	asm_mov(a, BPF_REG_2, BPF_REG_10);
	asm_alu_imm(a, BPF_ADD, BPF_REG_2, GEN_ZERO_AT);
	asm_call(a, BPF_FUNC_map_lookup_elem);
	asm_jump_if_imm(a, BPF_JEQ, BPF_REG_0, 0, out);
	asm_store_imm(a, 8, BPF_REG_0, 0, 1);
	asm_load(a, 8, BPF_REG_1, BPF_REG_10, GEN_VALUE_AT);
	asm_store(a, 8, BPF_REG_0, 8, BPF_REG_1);
	asm_place(a, out);
	asm_imm(a, BPF_REG_0, 0);
	asm_exit(a);

	int fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "gen_test", "GPL", a->code.data, a->code.len, NULL);
	if (fd < 0) {
		static char log[1 << 20];
		LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = sizeof(log), .log_level = 1);
		fd = bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "gen_test", "GPL", a->code.data, a->code.len, &opts);
		print_error("%s\n", log);
		fail_msg("the verifier refuses `%s`", e->text);
	}
	asm_deinit(a);
	return fd;
}

static void compare(struct state *s, int fd, const struct probe_binding *b, const struct program_expr *e,
		    const uint64_t *values)
{
	union {
		struct event event;
		uint8_t bytes[EVENT_SIZE_MAX];
	} u = { .event = { .size = 64, .payload_len = 32 } };
	struct probe_vars vars = { 0 };
	struct probe_context ctx = { .schema = &schema, .event = &u.event, .vars = &vars };
	uint64_t args[NFIELDS], result[2] = { 0 };
	struct probe_value want;
	uint32_t zero = 0;
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	memcpy(args, values, sizeof(args));
	for (unsigned i = 0; i < NFIELDS; i++)
		memcpy(u.event.payload + fields[i].offset, &args[i], fields[i].size);
	bool ok = probe_eval(b, e, &ctx, &want, NULL);
	assert_int_equal(bpf_map_update_elem(s->result_fd, &zero, result, BPF_ANY), 0);
	assert_int_equal(bpf_prog_test_run_opts(fd, &opts), 0);
	assert_int_equal(bpf_map_lookup_elem(s->result_fd, &zero, result), 0);
	if (ok == (result[0] == 1) && (!ok || result[1] == want.num))
		return;
	fail_msg("`%s` with a=%#lx b=%#lx c=%#lx d=%#lx: BPF %ld %#lx, here %d %#lx", e->text, args[0], args[1],
		 args[2], args[3], result[0], result[1], ok, want.num);
}

static uint64_t random_value(void)
{
	static const uint64_t edges[] = { 0, 1, 2, 63, 64, 65, 0x7f, 0x80, 0xffffffff, 0x80000000, INT64_MAX,
					  (uint64_t)INT64_MIN, UINT64_MAX, 0x123456789abcdef };
	unsigned r = rand();

	return r % 3 ? edges[r / 3 % ARRAY_SIZE(edges)] : ((uint64_t)rand() << 33 ^ rand());
}

static void random_expr(struct text *t, unsigned depth)
{
	static const char *const binary[] = { "+", "-", "*", "/", "%", "&", "|", "^", "<<", ">>", "==", "!=", "<",
					      "<=", ">", ">=", "&&", "||" };
	static const char *const unary[] = { "-", "~", "!", "(u8)", "(s16)", "(u32)", "(s32)" };
	static const char names[] = "abcd";
	unsigned r = rand();

	if (depth == 0 || r % 7 == 0) {
		if (r & 1)
			text_printf(t, "%c", names[r / 7 % NFIELDS]);
		else
			text_printf(t, "%lu", (unsigned long)(random_value() >> 1));
	} else if (r % 7 == 1) {
		text_printf(t, "%s(", unary[r / 7 % ARRAY_SIZE(unary)]);
		random_expr(t, depth - 1);
		text_puts(t, ")");
	} else if (r % 7 == 2) {
		text_puts(t, "(");
		random_expr(t, depth - 1);
		text_puts(t, " ? ");
		random_expr(t, depth - 1);
		text_puts(t, " : ");
		random_expr(t, depth - 1);
		text_puts(t, ")");
	} else {
		text_puts(t, "(");
		random_expr(t, depth - 1);
		text_printf(t, " %s ", binary[r / 7 % ARRAY_SIZE(binary)]);
		random_expr(t, depth - 1);
		text_puts(t, ")");
	}
}

/* False: the generator does not say this one. */
static bool try_one(struct state *s, const char *text)
{
	char *source = xasprintf("x:y / %s / { exit }", text);
	struct gen_source from = { .field = from_field, .text = from_text };
	struct probe_vars vars = { 0 };
	struct probe_binding *b;
	struct program *program;
	struct error *error = program_parse("test", source, &program);

	assert_null(error);
	error = probe_bind(program, program->clauses.data[0], &schema, NULL, &vars, NULL, false, &b);
	/* A constant division by zero is refused when it is compiled. */
	int fd = -1;
	if (error) {
		error_destroy(error);
	} else {
		const struct program_expr *e = &program->clauses.data[0]->pred;
		struct gen g = { .source = &from, .binding = b, .lost_fd = s->lost_fd };
		fd = load(s, &g, e);
		for (unsigned i = 0; fd >= 0 && i < 12; i++) {
			uint64_t values[NFIELDS] = { random_value(), random_value(), random_value(), random_value() };
			compare(s, fd, b, e, values);
		}
		probe_binding_destroy(b);
	}
	if (fd >= 0)
		close(fd);
	program_destroy(program);
	free(source);
	return fd >= 0;
}

static void test_random(void **state)
{
	unsigned done = 0, total = 1500;

	srand(20261122);
	for (unsigned i = 0; i < total; i++) {
		struct text t = { 0 };
		random_expr(&t, 1 + i % 5);
		done += try_one(*state, text_str(&t));
		text_deinit(&t);
	}
	print_message("%u of %u expressions ran in the kernel\n", done, total);
	assert_in_range(done, total / 2, total);
}

static void test_edges(void **state)
{
	static const char *const texts[] = {
		"a / b", "a / d", "a % d", "a << b", "b >> d", "a >> 64", "a << 64", "b >> 63", "a == b", "b < -1",
		"c == 0xffffffff", "(s32)c < 0", "a && b || !c", "a ? b : c", "-b", "~a", "a - d > 0", "b * b",
	};

	for (unsigned i = 0; i < ARRAY_SIZE(texts); i++)
		for (unsigned n = 0; n < 8; n++)
			try_one(*state, texts[i]);
}

static int setup(void **state)
{
	static struct state s;

	s.result_fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "gen_result", 4, 16, 1, NULL);
	s.lost_fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "gen_lost", 4, 8, 1, NULL);
	*state = &s;
	if (s.result_fd >= 0 && s.lost_fd >= 0)
		return 0;
	printf("no BPF here (root, or CAP_BPF and CAP_PERFMON)\n");
	exit(77);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_edges), cmocka_unit_test(test_random) };

	return cmocka_run_group_tests(tests, setup, NULL);
}

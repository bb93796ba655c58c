/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The probe `pmu` on a real guest: RDPMC on a KVM without a vPMU is #GP, and says by what version. */
#include "tests/lib/live.h"

#include "probes/bpf/pmu.h"
#include "probes/probe.h"
#include "probes/sums.h"

#define HANDLER (LIVE_CODE + 25)
#define END (HANDLER + 1)

/* 16-bit: the vector of #GP (13) to HANDLER; RDPMC of counter 5; the handler: nop; hlt */
static const uint8_t code[] = {
	0x31, 0xc0, 0x8e, 0xd8,					/* xor ax, ax; mov ds, ax */
	0xc7, 0x06, 0x34, 0x00, HANDLER & 0xff, HANDLER >> 8,	/* mov word [0x34], HANDLER */
	0xc7, 0x06, 0x36, 0x00, 0x00, 0x00,			/* mov word [0x36], 0 */
	0x66, 0xb9, 0x05, 0x00, 0x00, 0x00,			/* mov ecx, 5 */
	0x0f, 0x33,						/* rdpmc */
	0xf4,							/* hlt, where it gives a value */
	0x90, 0x90, 0xf4,
};

static void test_rdpmc(void **state)
{
	const struct probe *probe = probe_find("pmu");
	struct probe_options options = { .events = true, .tgid = getpid() };
	struct probe_schemas schemas;
	struct event_store *store;
	struct probe_run *run;
	struct stop_report r;
	struct error *error;
	struct hist gp, ok;
	struct out *out;
	struct live g;
	char *text;

	assert_ok(event_store_create(1 << 20, &store));
	assert_ok(probe_schemas_load(&schemas, "pmu"));
	for (size_t i = 0; i < schemas.list.len; i++)
		assert_ok(event_store_add_schema(store, &schemas.list.data[i]->schema));
	error = probe_run_create(probe, &options, &schemas, store, &run);
	if (error) {
		printf("skipped: %s\n", error_message(error));
		fflush(stdout);
		_exit(77);
	}
	live_start(&g, FLAT_REAL, code, sizeof(code));
	assert_ok(target_stop_arm(g.target, &(struct stop_spec){ .id = 1, .kind = STOP_KIND_BREAK, .addr = HANDLER,
								 .vcpu = -1 }));
	assert_ok(target_stop_arm(g.target, &(struct stop_spec){ .id = 2, .kind = STOP_KIND_BREAK, .addr = HANDLER - 1,
								 .vcpu = -1 }));
	r = live_continue(&g);
	assert_int_equal(r.reason, STOP_BREAK);
	gp = sums_of(run, PMU_RDPMC_GP);
	ok = sums_of(run, PMU_RDPMC);
	/* One of both, and the handler was reached when it is #GP. */
	assert_int_equal(gp.count + ok.count, 1);
	assert_int_equal(live_reg(&g, 0, X86_RIP), gp.count ? HANDLER : HANDLER - 1);
	reader_drain(run->reader);
	assert_int_equal(event_store_end(store), 1);
	out = out_create_capture();
	assert_ok(probe->show(run, out));
	text = out_capture_string(out);
	assert_non_null(strstr(text, "index 0x5"));
	if (gp.count)
		assert_non_null(strstr(text, "RDPMC took #GP"));
	free(text);
	out_destroy(out);
	live_end(&g);
	probe_run_destroy(run);
	event_store_destroy(store);
	probe_schemas_deinit(&schemas);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rdpmc) };

	live_need_kvm();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

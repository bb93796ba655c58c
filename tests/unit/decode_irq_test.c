/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Views of interrupt controllers and timers on the fake's blobs, and on broken ones. */
#include "core/decode/lapic_regs.h"

#include "tests/lib/view_test.h"

static void get(struct view_test *t, enum state_kind kind, unsigned index, void *buf, size_t size)
{
	size_t len;

	assert_ok(target_state_get(t->target, kind, index, buf, size, &len));
	assert_int_equal(len, size);
}

static void lapic(void **state)
{
	struct view_test *t = *state;

	assert_view(t, "lapic", NULL,
		    "LAPIC of vCPU 0: xAPIC id 0, version 0x14, enabled, base 0xfee00000 BSP\n"
		    "  SVR   0x000001ff  enabled, spurious vector 0xff\n"
		    "  TPR   0x00  PPR 0x20  LDR 0x01000000  DFR 0xffffffff flat\n"
		    "  ISR   0x20  in service\n"
		    "  TMR   -  level-triggered\n"
		    "  IRR   0x21 0x24  pending\n"
		    "  next  0x24  held back: its class is not above PPR's\n"
		    "  LVT timer   0x00020020  vector 0x20  periodic     unmasked\n"
		    "  LVT thermal 0x00010000  vector 0x00  fixed        masked\n"
		    "  LVT perf    0x00010000  vector 0x00  fixed        masked\n"
		    "  LVT lint0   0x00000700  vector 0x00  extint       unmasked edge\n"
		    "  LVT lint1   0x00000400  vector 0x00  nmi          unmasked edge\n"
		    "  LVT error   0x000000fe  vector 0xfe  fixed        unmasked\n"
		    "  timer initial 1000000, current 250000, divided by 16\n"
		    "  ICR   0x0100000000004608  sipi vector 0x08 edge assert to APIC 0x1\n"
		    "  ESR   0x00");
	t->vcpu = 1;
	assert_view_has(t, "lapic", NULL, "LAPIC of vCPU 1: xAPIC id 1, version 0x14, enabled, base 0xfee00000\n");
	assert_view_has(t, "lapic", NULL, "IRR   -  pending\n  LVT timer");
}

static void lapic_broken(void **state)
{
	struct view_test *t = *state;
	struct state_x86_lapic l, good;

	get(t, STATE_X86_LAPIC, 0, &good, sizeof(good));
	l = good;
	le32_write(l.regs + LAPIC_SVR, 0xff);
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, &l, sizeof(l));
	assert_view_has(t, "lapic", NULL, "\n! LAPIC-1: vector 0x24 is pending but the LAPIC is disabled (SVR bit 8 clear)");
	l = good;
	le32_write(l.regs + LAPIC_LVT_TIMER, 0x20008);
	le32_write(l.regs + LAPIC_ESR, 0x60);
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, &l, sizeof(l));
	assert_view_has(t, "lapic", NULL, "! LAPIC-2: LVT timer is unmasked with vector 0x08");
	assert_view_has(t, "lapic", NULL, "! LAPIC-3: errors were recorded: send-illegal-vector receive-illegal-vector");
	l = good;
	l.apic_base = 0xfee00400;
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, &l, sizeof(l));
	assert_view_has(t, "lapic", NULL, "! LAPIC-4: APIC base 0xfee00400 has x2APIC set without enable");
	/* x2APIC: the whole id, destination in the high word, no DFR; seven LVTs; PPR low enough. */
	l = good;
	l.apic_base |= LAPIC_BASE_X2;
	l.flags = 1;
	le32_write(l.regs + LAPIC_ID, 0x1234);
	le32_write(l.regs + LAPIC_VERSION, 0x60015);
	le32_write(l.regs + LAPIC_PPR, 0x10);
	le32_write(l.regs + LAPIC_ICR, 0x000c4000 | 0xfb);
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, &l, sizeof(l));
	assert_view_has(t, "lapic", NULL, "x2APIC id 4660, version 0x15");
	assert_view_has(t, "lapic", NULL, "LDR 0x01000000\n");
	assert_view_has(t, "lapic", NULL, "LVT cmci");
	assert_view_has(t, "lapic", NULL, "next  0x24  deliverable when interrupts are enabled");
	assert_view_has(t, "lapic", NULL, "fixed vector 0xfb edge assert to all-but-self");
	/* All ones: nothing out of range. */
	memset(&l, 0xff, sizeof(l));
	l.version = STATE_VERSION;
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, &l, sizeof(l));
	assert_view_has(t, "lapic", NULL, "IRR   0x00-0xff  pending");
	/* Versions and sizes that are not ours. */
	l.version = 99;
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, &l, sizeof(l));
	assert_error(view_test_show(t, "lapic", NULL), ERROR_UNSUPPORTED, "version 99");
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, &good, 100);
	assert_error(view_test_show(t, "lapic", NULL), ERROR_FAILED, "100 bytes");
	fake_target_set_state(t->target, STATE_X86_LAPIC, 0, NULL, 0);
	assert_error(view_test_show(t, "lapic", NULL), ERROR_UNSUPPORTED, "no such device");
}

static void ioapic(void **state)
{
	struct view_test *t = *state;
	struct state_x86_ioapic io;

	assert_view(t, "ioapic", NULL,
		    "IOAPIC: id 0, base 0xfec00000, select 0x00, lines raised -\n"
		    "  pin  2  vector 0x22  fixed   to APIC 0x00  edge  high  unmasked\n"
		    "  pin  4  vector 0x24  fixed   to APIC 0x00  edge  high  unmasked\n"
		    "  pin 10  vector 0x2a  fixed   to APIC 0x01  level low   unmasked\n"
		    "  not set up: 0-1 3 5-9 11-23");
	get(t, STATE_X86_IOAPIC, 0, &io, sizeof(io));
	io.irr = 0xff000410; /* bits past the pins are dropped */
	io.redir[4] = 5;
	io.redir[5] = 0x7ULL << 56 | 0x31;
	io.redir[10] |= BIT(14);
	io.redir[11] = 0x20 | BIT(14) | BIT(15); /* in service on vCPU 0: fine */
	io.redir[12] = 0x24 | BIT(14) | BIT(15); /* still pending there */
	fake_target_set_state(t->target, STATE_X86_IOAPIC, 0, &io, sizeof(io));
	assert_view(t, "ioapic", NULL,
		    "IOAPIC: id 0, base 0xfec00000, select 0x00, lines raised 4 10\n"
		    "  pin  2  vector 0x22  fixed   to APIC 0x00  edge  high  unmasked\n"
		    "  pin  4  vector 0x05  fixed   to APIC 0x00  edge  high  unmasked\n"
		    "  pin  5  vector 0x31  fixed   to APIC 0x07  edge  high  unmasked\n"
		    "  pin 10  vector 0x2a  fixed   to APIC 0x01  level low   unmasked remote-irr\n"
		    "  pin 11  vector 0x20  fixed   to APIC 0x00  level high  unmasked remote-irr\n"
		    "  pin 12  vector 0x24  fixed   to APIC 0x00  level high  unmasked remote-irr\n"
		    "  not set up: 0-1 3 6-9 13-23\n"
		    "! IOAPIC-1: pin 4 is unmasked with vector 0x05: vectors below 16 are illegal\n"
		    "! IOAPIC-3: pin 5 goes to APIC id 0x07, which no vCPU has\n"
		    "! IOAPIC-2: pin 10 waits for the EOI of vector 0x2a, which no vCPU has pending or in service: the "
		    "EOI was lost");
}

static void pic(void **state)
{
	struct view_test *t = *state;
	struct state_x86_pic p;

	assert_view(t, "pic", NULL,
		    "PIC master: IRQ 0-7 at vectors 0x30-0x37\n"
		    "  IRR  0  requested\n"
		    "  ISR  -  in service\n"
		    "  IMR  0-1 3-7  masked\n"
		    "  ELCR -  level-triggered\n"
		    "PIC slave: IRQ 8-15 at vectors 0x38-0x3f\n"
		    "  IRR  -  requested\n"
		    "  ISR  -  in service\n"
		    "  IMR  8-15  masked\n"
		    "  ELCR 10-11  level-triggered");
	get(t, STATE_X86_PIC, 0, &p, sizeof(p));
	p.irq_base = 8;
	p.imr = 0xfe;
	p.auto_eoi = 1;
	fake_target_set_state(t->target, STATE_X86_PIC, 0, &p, sizeof(p));
	p.irq_base = 0x70;
	fake_target_set_state(t->target, STATE_X86_PIC, 1, &p, sizeof(p));
	assert_view_has(t, "pic", NULL, "at vectors 0x08-0x0f, auto EOI");
	assert_view_has(t, "pic", NULL, "! PIC-1: the master delivers IRQ 0 at vector 0x08, among the CPU's exceptions");
	assert_view_has(t, "pic", NULL, "! PIC-2: slave lines are unmasked but the master masks the cascade");
	memset(&p, 0, sizeof(p));
	p.version = STATE_VERSION;
	fake_target_set_state(t->target, STATE_X86_PIC, 1, &p, sizeof(p));
	assert_view_has(t, "pic", NULL, "PIC slave: IRQ 8-15 at vectors 0x00-0x07, not programmed\n");
	regs_set(&t->regs, X86_CR0, 0); /* as a BIOS has it */
	assert_ok(view_test_show(t, "pic", NULL));
	_free_ char *text = out_capture_string(t->out);
	assert_null(strstr(text, "PIC-1"));
}

static void pit(void **state)
{
	struct view_test *t = *state;
	struct state_x86_pit p;

	assert_view(t, "pit", NULL,
		    "PIT: speaker off\n"
		    "  channel 0 (IRQ 0): rate, count 11932, 99.998 Hz, gate open\n"
		    "  channel 1 (refresh): not programmed, gate open\n"
		    "  channel 2 (speaker): square wave, count 65536, 18.207 Hz, gate closed");
	memset(&p, 0, sizeof(p));
	p.version = STATE_VERSION;
	fake_target_set_state(t->target, STATE_X86_PIT, 0, &p, sizeof(p));
	assert_view_has(t, "pit", NULL, "channel 0 (IRQ 0): interrupt on count, count 65536, gate closed");
}

static void routes(void **state)
{
	struct view_test *t = *state;
	struct { struct state_irq_routes head; struct state_irq_route r[2]; } blob = {
		{ STATE_VERSION, 1000000 }, { { .gsi = 1, .type = 1, .chip = 77 }, { .gsi = 2, .type = 9 } },
	};

	assert_view(t, "routes", NULL,
		    "interrupt routes: 3\n"
		    "  GSI   4  PIC master pin 4\n"
		    "  GSI   4  IOAPIC pin 4\n"
		    "  GSI  24  MSI 0xfee01000 data 0x4041: vector 0x41 fixed to APIC 0x01 edge");
	fake_target_set_state(t->target, STATE_IRQ_ROUTES, 0, &blob, sizeof(blob));
	assert_view(t, "routes", NULL,
		    "interrupt routes: 1000000\n"
		    "  GSI   1  chip 77 pin 0\n"
		    "  GSI   2  unknown type 9\n"
		    "! ROUTES-1: the table says 1000000 routes but holds 2: the rest is missing");
	fake_target_set_state(t->target, STATE_IRQ_ROUTES, 0, &blob, 4);
	assert_error(view_test_show(t, "routes", NULL), ERROR_UNSUPPORTED, "layout");
}

static void pending(void **state)
{
	struct view_test *t = *state;
	struct state_vcpu_events e = { .version = STATE_VERSION, .mp_state = 3, .exc_injected = 1, .exc_nr = 14,
				       .exc_has_error = 1, .exc_error = 2, .exc_payload = 0xdead000, .irq_injected = 1,
				       .irq_nr = 0x80, .irq_soft = 1, .nmi_masked = 1, .smm = 1, .shadow = 3 };

	assert_view(t, "pending", NULL,
		    "pending events of vCPU 0: runnable\n"
		    "  exception none\n"
		    "  interrupt none\n"
		    "  NMI       none pending\n"
		    "  shadow    none");
	t->vcpu = 1;
	assert_view_has(t, "pending", NULL, "  NMI       pending\n  shadow    STI: interrupts wait for one more instruction");
	fake_target_set_state(t->target, STATE_VCPU_EVENTS, 1, &e, sizeof(e));
	assert_view(t, "pending", NULL,
		    "pending events of vCPU 1: halted\n"
		    "  exception injected: 14 #PF page fault, error code 0x2, payload 0xdead000\n"
		    "  interrupt injected: vector 0x80 by an INT instruction\n"
		    "  NMI       none pending, masked (an NMI handler runs)\n"
		    "  shadow    MOV SS: interrupts wait for one more instruction, in system management mode\n"
		    "! PENDING-2: both interrupt shadows (STI and MOV SS) are set: VM entry refuses that");
	e.exc_nr = 200;
	e.mp_state = 1000;
	fake_target_set_state(t->target, STATE_VCPU_EVENTS, 1, &e, sizeof(e));
	assert_view_has(t, "pending", NULL, "! PENDING-1: vector 200 is queued as an exception");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lapic, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(lapic_broken, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(ioapic, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(pic, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(pit, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(routes, view_test_setup, view_test_teardown),
		cmocka_unit_test_setup_teardown(pending, view_test_setup, view_test_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

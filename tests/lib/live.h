/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tiny guests from bytes on real KVM, for tests/unit/guest_*_test.c. */
#pragma once

#include "tests/lib/test.h"

#include <unistd.h>

#include "core/arch/x86_64.h"
#include "core/event/store.h"
#include "guest/guest.h"

#define LIVE_CODE 0x1000ull
#define LIVE_TIMEOUT_MS 10000

/* Exits with 77 and a reason when this host cannot run a guest. */
void live_need_kvm(void);

struct live {
	struct guest_config config;
	struct target *target;
	uint8_t *code;
};

/* A guest of @code at LIVE_CODE in @mode; its STOP_STARTED report is taken. */
void live_start(struct live *g, enum flat_mode mode, const void *code, size_t len);
/* With g->config already filled beyond the image (memset or guest_config_init first). */
void live_start_config(struct live *g, enum flat_mode mode, const void *code, size_t len);
void live_end(struct live *g);

/* The next report, at most LIVE_TIMEOUT_MS away: fails the test otherwise. */
struct stop_report live_wait(struct live *g);
struct stop_report live_continue(struct live *g);
struct stop_report live_step(struct live *g, unsigned vcpu, uint64_t count);
/* resume() without waiting. */
void live_go(struct live *g);
/* Milliseconds from the interrupt to its report. */
struct stop_report live_interrupt(struct live *g, unsigned *ret_ms);

uint64_t live_reg(struct live *g, unsigned vcpu, unsigned reg);
void live_set_reg(struct live *g, unsigned vcpu, unsigned reg, uint64_t value);
uint64_t live_mem(struct live *g, uint64_t gpa, unsigned size);

/* A breakpoint at linear @addr, on any vCPU. */
struct stop_spec live_break(unsigned id, uint64_t addr);
struct stop_spec live_watch(unsigned id, uint64_t addr, unsigned len, unsigned access);
struct stop_spec live_catch(unsigned id, uint64_t events);
/* Compiles a condition over registers, and the fields of @schema when not NULL. */
struct expr_prog *live_cond(const char *text, const struct schema *schema);

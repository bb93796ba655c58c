/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The prototype check: what a probe expects of a kernel function's parameters against the running
 * kernel's BTF. Functions change; then BTF wins: a parameter is found again by its name and type, and
 * what is gone is read as 0 and said.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/text.h"

struct btf;

#define PROTOTYPE_PARAMS_MAX 12
#define PROTOTYPE_GONE 0xff

struct prototype_param {
	char type[64];		/* "u64", "struct kvm_vcpu*": without qualifiers, integers by size and sign */
	char name[32];
};

struct prototype {
	char function[64];
	unsigned nparams;
	struct prototype_param params[PROTOTYPE_PARAMS_MAX];
};

struct prototype_match {
	bool drift;		/* the kernel's differs in more than names */
	uint8_t at[PROTOTYPE_PARAMS_MAX]; /* where each expected parameter is, PROTOTYPE_GONE: nowhere */
};

/* "int kvm_pmu_rdpmc(struct kvm_vcpu *vcpu, unsigned int idx, u64 *data)"; false: no prototype. */
bool prototype_parse(const char *text, struct prototype *ret);
/* Of function (BTF_KIND_FUNC) @id, or of a tracepoint's typedef. */
bool prototype_from_btf(const struct btf *btf, uint32_t id, struct prototype *ret);
void prototype_match(const struct prototype *expected, const struct prototype *kernel, struct prototype_match *ret);
/* "(struct kvm_vcpu* vcpu, u32 idx)" */
void prototype_text(struct text *t, const struct prototype *p);
/* "kvm_pmu_rdpmc: expected (...), this kernel has (...): idx is parameter 3, data is gone". */
void prototype_sentence(struct text *t, const struct prototype *expected, const struct prototype *kernel,
			const struct prototype_match *match);

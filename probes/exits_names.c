/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/exits_names.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/decode/exits.h"

static const char *known_name(const struct exit_key *k)
{
	switch (k->kind) {
	case EXIT_VMX: return vmx_exit_name((uint32_t)k->reason);
	case EXIT_SVM: return svm_exit_name(k->reason);
	case EXIT_HV: return hv_trap_name((uint32_t)k->reason);
	case EXIT_RUN:
	case EXIT_USER: return kvm_exit_name((uint32_t)k->reason);
	default: return NULL;
	}
}

const char *exit_reason_name(const struct exit_key *k, char *buf, size_t size)
{
	const char *name;

	if (k->kind == EXIT_GUEST)
		return "-";
	if ((k->kind == EXIT_RUN || k->kind == EXIT_USER) && k->reason >= EXIT_REASON_ERRNO) {
		name = strerrorname_np((int)(k->reason - EXIT_REASON_ERRNO));
		snprintf(buf, size, "%s", name ? name : "errno");
		return buf;
	}
	name = known_name(k);
	if (k->kind == EXIT_VMX && k->reason >> 31)
		snprintf(buf, size, "%s (entry failed)", name ? name : "?");
	else if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "0x%" PRIx64, k->reason);
	return buf;
}

static bool is_port_access(const struct exit_key *k)
{
	switch (k->kind) {
	case EXIT_VMX: return k->reason == 30;
	case EXIT_SVM: return k->reason == 0x7b;
	case EXIT_RUN:
	case EXIT_USER: return k->reason == REASON_IO;
	default: return false;
	}
}

static bool is_msr_access(const struct exit_key *k)
{
	switch (k->kind) {
	case EXIT_VMX: return k->reason == 31 || k->reason == 32;
	case EXIT_SVM: return k->reason == 0x7c;
	case EXIT_RUN:
	case EXIT_USER: return k->reason == REASON_RDMSR || k->reason == REASON_WRMSR;
	default: return false;
	}
}

void exit_detail_text(const struct exit_key *k, char *buf, size_t size)
{
	*buf = 0;
	if (k->detail == EXIT_DETAIL_NONE)
		return;
	if (is_port_access(k))
		snprintf(buf, size, "%s 0x%" PRIx64 "/%" PRIu64, k->detail >> 24 & 1 ? "out" : "in",
			 k->detail & 0xffff, k->detail >> 16 & 0xff);
	else if (is_msr_access(k))
		snprintf(buf, size, "%s 0x%" PRIx64, k->detail >> 32 & 1 ? "wr" : "rd", k->detail & 0xffffffff);
	else if (k->reason == REASON_MMIO && (k->kind == EXIT_RUN || k->kind == EXIT_USER))
		snprintf(buf, size, "%s 0x%" PRIx64, k->detail & 1 ? "wr" : "rd", k->detail & ~(uint64_t)1);
	else
		snprintf(buf, size, "0x%" PRIx64, k->detail);
}

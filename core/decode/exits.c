/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/exits.h"

#include "core/base/vec.h"

struct exit_name {
	uint64_t code;
	const char *name;
};

static const struct exit_name kvm_exits[] = {
#define KVM_EXIT(number, name) { number, #name },
#include "core/decode/kvm_exits.def"
#undef KVM_EXIT
};

static const struct exit_name vmx_exits[] = {
#define VMX_EXIT(number, name) { number, name },
#include "core/decode/vmx_exits.def"
#undef VMX_EXIT
};

static const struct exit_name svm_exits[] = {
#define SVM_EXIT(number, name) { number, name },
#include "core/decode/svm_exits.def"
#undef SVM_EXIT
};

static const struct exit_name hv_traps[] = {
#define HV_TRAP(number, name) { number, name },
#include "core/decode/hv_traps.def"
#undef HV_TRAP
};

static const char *find(const struct exit_name *names, size_t n, uint64_t code)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].code == code)
			return names[i].name;
	return NULL;
}

const char *kvm_exit_name(uint32_t reason)
{
	return find(kvm_exits, ARRAY_SIZE(kvm_exits), reason);
}

const char *vmx_exit_name(uint32_t reason)
{
	return find(vmx_exits, ARRAY_SIZE(vmx_exits), reason & 0xffff);
}

const char *svm_exit_name(uint64_t code)
{
	return find(svm_exits, ARRAY_SIZE(svm_exits), code);
}

const char *hv_trap_name(uint32_t trap)
{
	return find(hv_traps, ARRAY_SIZE(hv_traps), trap & ~1u);
}

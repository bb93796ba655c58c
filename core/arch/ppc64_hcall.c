/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of PAPR hypercalls and their results (LoPAR 14; linux arch/powerpc/include/asm/hvcall.h). */
#include "core/arch/ppc64.h"

#include "core/base/vec.h"

static const struct {
	uint32_t nr;
	const char *name;
} hcalls[] = {
#define HCALL(nr, name) { nr, #name },
#include "core/arch/ppc64_hcalls.def"
#undef HCALL
};

const char *ppc64_hcall_name(uint64_t nr)
{
	for (unsigned i = 0; i < ARRAY_SIZE(hcalls); i++)
		if (hcalls[i].nr == nr)
			return hcalls[i].name;
	return NULL;
}

const char *ppc64_hcall_result_name(int64_t ret)
{
	static const struct {
		int value;
		const char *name;
	} names[] = {
#define HCALL_RESULT(value, name) { value, #name },
#include "core/arch/ppc64_hcall_results.def"
#undef HCALL_RESULT
	};

	for (unsigned i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].value == ret)
			return names[i].name;
	return NULL;
}

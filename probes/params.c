/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "probes/params.h"

#include <stdlib.h>

#include "core/base/cleanup.h"
#include "core/base/text.h"
#include "probes/host.h"
#include "probes/prototype.h"

/* False: BTF has no such function, and what is expected must do. */
static bool compare(const struct probe_run *run, const char *text, struct prototype *expected,
		    struct prototype *kernel, struct prototype_match *match)
{
	const struct btf *btf;
	uint32_t id;

	if (!prototype_parse(text, expected) ||
	    !kernel_types_function(probe_host_types(run->host), expected->function, &btf, &id) ||
	    !prototype_from_btf(btf, id, kernel))
		return false;
	prototype_match(expected, kernel, match);
	return true;
}

void params_check(struct probe_run *run)
{
	const char *const *text = run->probe->prototypes;

	for (; text && *text; text++) {
		struct prototype expected, kernel;
		struct prototype_match match;
		struct text t = { 0 };

		if (!compare(run, *text, &expected, &kernel, &match) || !match.drift)
			continue;
		prototype_sentence(&t, &expected, &kernel, &match);
		vec_push(&run->drift, text_take(&t));
	}
}

void params_set(const struct probe_run *run, struct bpf_object *obj)
{
	const char *const *text = run->probe->prototypes;

	for (; text && *text; text++) {
		struct prototype expected, kernel;
		struct prototype_match match;
		_free_ char *count = NULL;
		uint8_t n;

		if (!compare(run, *text, &expected, &kernel, &match) || !match.drift)
			continue;
		n = (uint8_t)kernel.nparams;
		count = xasprintf("params_%s", expected.function);
		probe_run_set(obj, count, &n, sizeof(n));
		for (unsigned i = 0; i < expected.nparams; i++) {
			_free_ char *name = xasprintf("param_%s_%s", expected.function, expected.params[i].name);

			probe_run_set(obj, name, &match.at[i], sizeof(match.at[i]));
		}
	}
}

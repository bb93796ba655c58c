/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/decode/virtio/ring.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	unsigned number;
	const char *text, *consequence;
} rules[] = {
#define RULE(number_, text_, section_, consequence_) { number_, text_ " (virtio " section_ ")", consequence_ },
#include "core/decode/virtio/rules.def"
#undef RULE
};

const char *virtq_rule_text(unsigned rule, const char **ret_consequence)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++) {
		if (rules[i].number != rule)
			continue;
		if (ret_consequence)
			*ret_consequence = rules[i].consequence;
		return rules[i].text;
	}
	return NULL;
}

struct virtq_finding *virtq_find(struct virtq_findings *f, unsigned rule, const char *fmt, ...)
{
	struct virtq_finding finding = { .rule = rule, .head = -1, .entry = -1 };
	va_list ap;

	if (!f)
		return NULL;
	if (f->list.len >= VIRTQ_FINDINGS_MAX) {
		f->dropped++;
		return NULL;
	}
	va_start(ap, fmt);
	vsnprintf(finding.text, sizeof(finding.text), fmt, ap);
	va_end(ap);
	vec_push(&f->list, finding);
	return &f->list.data[f->list.len - 1];
}

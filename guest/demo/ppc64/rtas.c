/* SPDX-License-Identifier: GPL-3.0-or-later */
/* RTAS by its hypercall: arguments in memory, big-endian. */
#include "guest/demo/ppc64/demo.h"

static const void *tree;

struct args {
	uint32_t token, nargs, nret, word[8];
};

void rtas_init(const void *fdt)
{
	tree = fdt;
}

int rtas_call(const char *name, unsigned nargs, unsigned nret, uint32_t a, uint32_t b, uint32_t c)
{
	static struct spinlock lock;
	static struct args args;
	const uint32_t *token = fdt_find(tree, "rtas", name, NULL);
	int status;

	if (!token)
		return -1;
	spin_lock(&lock);
	args = (struct args){ *token, be32(nargs), be32(nret), { be32(a), be32(b), be32(c) } };
	status = hcall(H_RTAS, (uint64_t)&args, 0, 0, 0, 0, NULL) ? -1 : (int)be32(args.word[nargs]);
	spin_unlock(&lock);
	return status;
}

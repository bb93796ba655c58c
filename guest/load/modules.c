/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/load/modules.h"

#include <inttypes.h>
#include <string.h>

#include "core/base/cleanup.h"

#define MIB 0x100000ULL
#define FOUR_GIB (1ULL << 32)

/* Modules come after the image where guests expect free memory last; strings are "FILE ARGS" as the
 * user typed them, without the directories. */
static struct error *module_place(struct place *p, const char *spec, struct modules *mods, uint64_t *args)
{
	if (mods->n == MODULES_MAX)
		return error_create(ERROR_FAILED, "module %s: at most %d modules are accepted", spec,
				    MODULES_MAX);
	size_t path_len = strcspn(spec, " ");
	_free_ char *path = xstrndup(spec, path_len);
	const char *slash = strrchr(path, '/');
	const char *text = slash ? spec + (slash + 1 - path) : spec;
	size_t text_len = strlen(text) + 1;
	if (*args + text_len > BOOT_MODULE_ARGS + BOOT_MODULE_ARGS_LEN)
		return error_create(ERROR_FAILED, "module %s: the modules' strings have more than %d bytes",
				    path, BOOT_MODULE_ARGS_LEN);

	uint64_t lo = MIB;
	for (size_t i = 0; i < p->claims.len; i++) {
		uint64_t end = p->claims.data[i].start + p->claims.data[i].len;
		if (!p->claims.data[i].boot && end > lo && end < FOUR_GIB)
			lo = end;
	}
	unsigned i = mods->n;
	struct error *e = place_file(p, path, lo, FOUR_GIB, false, "a module", &mods->mod[i].gpa,
				     &mods->mod[i].len);
	uint8_t *host = NULL;
	if (!e)
		e = place_claim(p, *args, text_len, true, "the modules' strings", &host);
	if (e)
		return e;
	memcpy(host, text, text_len);
	mods->mod[i].args_gpa = *args;
	*args += text_len;
	mods->n++;
	return NULL;
}

struct error *modules_place(struct place *p, const struct guest_config *config, struct modules *ret)
{
	uint64_t args = BOOT_MODULE_ARGS;
	struct error *e = NULL;
	ret->n = 0;
	if (config->initrd)
		e = module_place(p, config->initrd, ret, &args);
	for (size_t i = 0; !e && i < config->modules.len; i++)
		e = module_place(p, config->modules.data[i], ret, &args);
	return e;
}

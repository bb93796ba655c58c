/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * vmscope with the fake target as its guest: the same options, session and screen, deterministic and
 * without KVM. Any GUEST gives the fake one; its symbols come with it.
 */
#include <stdlib.h>
#include <string.h>

#include "core/session/session.h"
#include "guest/guest.h"
#include "ui/app.h"

#include "tests/lib/fake_probes.h"
#include "tests/lib/fake_target.h"

static struct error *create(const struct guest_config *config, struct target **ret)
{
	const char *name = config->image ? config->image : "";

	if (!strcmp(name, "absent"))
		return error_hint(error_create(ERROR_UNSUPPORTED, "guests can not run here: no /dev/kvm"),
				  "`vmscope doctor` says more");
	return fake_target_create(ret);
}

static bool no_demo(const void **ret_data, size_t *ret_len, unsigned *ret_vcpus)
{
	return false;
}

static void register_commands(struct session *session)
{
	fake_target_symbols(session->symbols);
	fake_probes_register(session);
	/* How a stop is worded is the commands' business: screens are quiet unless they are about it. */
	session->quiet_stop = !getenv("FAKE_TALK");
	session->start_ns = FAKE_TIME0; /* times on the screen are the fake's own */
}

/* readline forgets undo lists that it would otherwise free twice (ui/editor.c); curses keeps some of its
 * tables for ever. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libreadline\nleak:libncursesw\nleak:libtinfo\n";
}

int main(int argc, char **argv)
{
	static const struct ui_backend backend = {
		.create = create, .demo_image = no_demo, .register_commands = register_commands,
	};

	return app_main(&backend, argc, argv);
}

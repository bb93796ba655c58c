/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "ui/signals.h"

#include <signal.h>

#include "core/base/vec.h"

static const int handled[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGWINCH, SIGTSTP, SIGCONT };

_Static_assert(ARRAY_SIZE(handled) <= SIGNALS_MAX, "one source each");

static void set_mask(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (unsigned i = 0; i < ARRAY_SIZE(handled); i++)
		sigaddset(&set, handled[i]);
	sigprocmask(how, &set, NULL);
}

void signals_block(void)
{
	signal(SIGPIPE, SIG_IGN); /* write() says EPIPE: the error names what could not be written */
	set_mask(SIG_BLOCK);
}

void signals_unblock(void)
{
	set_mask(SIG_UNBLOCK);
}

struct error *signals_attach(struct signals *signals, struct loop *loop, loop_fn fn, void *ctx)
{
	struct error *error = NULL;

	signals->n = 0;
	for (unsigned i = 0; i < ARRAY_SIZE(handled) && !error; i++) {
		error = loop_add_signal(loop, handled[i], fn, ctx, &signals->source[signals->n]);
		if (!error)
			signals->n++;
	}
	if (error)
		signals_detach(signals);
	return error;
}

void signals_detach(struct signals *signals)
{
	while (signals->n)
		loop_remove(signals->source[--signals->n]);
}

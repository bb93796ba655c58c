/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Public face of the probes: watch the host's kernel from a session. Only ui/main.c includes this. */
#pragma once

struct session;

/* Commands (`probe ...`) and doctor checks; probes live and die with @session. */
void probes_register(struct session *session);

/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

struct session;

/* `doctor`: each rung a probe may be served by, tried by loading and attaching. */
void probes_doctor_register(struct session *session);

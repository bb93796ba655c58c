/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the session remembers of virtqueues: their history by events, and the last look at each. */
#pragma once

#include "core/decode/virtio/show.h"
#include "core/session/session.h"

/* Brought up to date with the event store; borrowed. */
const struct virtio_history *session_virtio_history(struct session *s);
/* The past of one queue for virtq_show(); valid until the next call. */
struct virtq_past session_virtio_past(struct session *s, unsigned device, unsigned queue);

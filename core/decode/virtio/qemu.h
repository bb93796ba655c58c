/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A VM that QEMU runs, looked at through its monitor: guest memory and virtio devices, nothing else. The
 * VM is not stopped. What QEMU does not tell is marked so in the blobs: configuration space, counters,
 * which buffers are out; devices whose rings vhost serves have no indices.
 */
#pragma once

#include "core/target/target.h"

/* @socket: path of its QMP socket. Needs QEMU 7.2 or later (x-query-virtio). */
struct error *qemu_target_create(const char *socket, struct target **ret);

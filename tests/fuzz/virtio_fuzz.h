/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The body of the virtio fuzz targets: a guest that writes anything into its rings and buffers, and
 * anything to the device's registers, at any width. The input: a byte that chooses the ring format, then
 * operations, each an opcode with its operands. Memory is set up so that valid chains are easy to hit.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct device_model;

/* @option, @text: the device; @ways: --virtio-opt for each value of the first byte, ended by NULL. */
int virtio_fuzz(const struct device_model *model, const char *option, const char *text,
		const char *const *ways, const uint8_t *data, size_t len);
/* A file of @bytes that is gone when the process ends; its path. */
const char *virtio_fuzz_file(size_t bytes);

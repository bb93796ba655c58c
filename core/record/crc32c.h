/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CRC32C (Castagnoli, RFC 3720 appendix B.4): finds each error of up to 32 bits in a row. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *data, size_t len); /* start with @crc 0 */

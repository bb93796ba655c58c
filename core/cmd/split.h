/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The next piece of "A, B, C" up to a comma outside quotes and brackets, trimmed; NULL at the end. Moves *p
 * behind the comma. Caller frees. */
char *split_comma(const char **p);

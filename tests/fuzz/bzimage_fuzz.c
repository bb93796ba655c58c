/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Linux bzImages. See image_fuzz.h for the input's form. */
#include "tests/fuzz/image_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	return image_fuzz(data, len, bzimage_build);
}

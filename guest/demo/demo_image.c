/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The demo guest as bytes inside the program (demo_blob.S), where the host can run it. */
#include "guest/guest.h"

#if defined(__x86_64__) || defined(__powerpc64__)
extern const uint8_t demo_blob_start[], demo_blob_end[];
#define DEMO_VCPUS 2

bool guest_demo_image(const void **ret_data, size_t *ret_len, unsigned *ret_vcpus)
{
	*ret_data = demo_blob_start;
	*ret_len = demo_blob_end - demo_blob_start;
	*ret_vcpus = DEMO_VCPUS;
	return true;
}
#else
bool guest_demo_image(const void **ret_data, size_t *ret_len, unsigned *ret_vcpus)
{
	return false;
}
#endif

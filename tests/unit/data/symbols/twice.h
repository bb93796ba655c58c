/* SPDX-License-Identifier: GPL-3.0-or-later */
static inline int twice(int x)
{
	int y = x;

	y += x;
	return y;
}

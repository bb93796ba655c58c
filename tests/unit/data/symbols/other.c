/* SPDX-License-Identifier: GPL-3.0-or-later */
static int hidden;

int other(int a);
int other(int a)
{
	hidden += a;
	return hidden;
}

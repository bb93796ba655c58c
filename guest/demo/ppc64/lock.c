/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A lock by load-and-reserve and store-conditional. */
#include "guest/demo/ppc64/demo.h"

void spin_lock(struct spinlock *lock)
{
	uint32_t seen;

	do
		__asm__ volatile("1:	lwarx %0, 0, %1\n"
				 "	cmpwi %0, 0\n"
				 "	bne 2f\n"
				 "	stwcx. %2, 0, %1\n"
				 "	bne- 1b\n"
				 "	isync\n"
				 "2:" : "=&r"(seen) : "r"(&lock->locked), "r"(1) : "cr0", "memory");
	while (seen);
}

void spin_unlock(struct spinlock *lock)
{
	__asm__ volatile("lwsync" : : : "memory");
	lock->locked = 0;
}

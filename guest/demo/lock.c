/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/demo/demo.h"

void spin_lock(struct spinlock *lock)
{
	for (;;) {
		uint32_t expected = 0;
		__asm__ volatile("lock cmpxchgl %2, %1"
				 : "+a"(expected), "+m"(lock->locked) : "r"(1) : "memory", "cc");
		if (expected == 0)
			return;
		while (lock->locked)
			pause();
	}
}

void spin_unlock(struct spinlock *lock)
{
	__asm__ volatile("movl $0, %0" : "=m"(lock->locked) : : "memory");
}

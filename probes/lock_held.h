/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The programs of probes/bpf/lock_held.bpf.h, for the rungs of probes that use them. */
#pragma once

#define HELD_SLEEPING(entry, exit) \
	entry "mutex_lock", entry "mutex_unlock", "?" entry "mutex_lock_io", "?" entry "mutex_lock_nested", \
	"?" entry "mutex_lock_interruptible", "?" exit "mutex_lock_interruptible", "?" entry "mutex_lock_killable", \
	"?" exit "mutex_lock_killable", "?" entry "mutex_trylock", "?" exit "mutex_trylock", "?" entry "down_write", \
	"?" entry "down_read", "?" entry "down_write_killable", "?" exit "down_write_killable", \
	"?" entry "down_read_killable", "?" exit "down_read_killable", "?" entry "down_write_trylock", \
	"?" exit "down_write_trylock", "?" entry "down_read_trylock", "?" exit "down_read_trylock", \
	"?" entry "up_write", "?" entry "up_read", "raw_held_gone"
#define HELD_SRCU(entry) entry "__srcu_read_lock", entry "__srcu_read_unlock"

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.12
# Symbols, types, tasks, modules, interrupts and backtraces of a kernel without debug files, with one and
# two CPUs; and a second start, in which the kernel is elsewhere.
tests/lab/x86/linux_debug 6.12 1 again
tests/lab/x86/linux_debug 6.12 2

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# With two CPUs, which the MADT names; a reset is seen as one.
tests/lab/x86/linux_guest 6.1 2 end=reboot

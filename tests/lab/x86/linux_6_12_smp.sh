#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.12
tests/lab/x86/linux_guest 6.12 2 end=poweroff

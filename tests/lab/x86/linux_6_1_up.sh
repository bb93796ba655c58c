#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# Debian 12's kernel as a guest with one CPU: it comes up and powers itself off.
tests/lab/x86/linux_guest 6.1 1 end=poweroff

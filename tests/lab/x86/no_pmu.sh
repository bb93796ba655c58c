#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# lab: --module kvm.enable_pmu=0
# A module's parameter reaches it, also of a module that is only a dependency.
cat /sys/module/kvm/parameters/enable_pmu
tests/lab/x86/tiny 3

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What doctor says on this host.
vmscope doctor
status=$?
echo "exit status $status"

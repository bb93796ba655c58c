#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What doctor says on this host. The ways probes can attach are those of the kernel: probes.sh's matter.
vmscope doctor >/tmp/doctor
status=$?
awk '/^[a-z]/ { probes = $2 ~ /^(bpf\.|tracefs)/ } !probes' /tmp/doctor | sed -E 's/[0-9]+ at most/N at most/'
echo "exit status $status"

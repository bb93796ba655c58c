#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What doctor says on this host (which queues KVM takes depends on the kernel's page size). The ways probes can attach are those of the kernel: probes.sh's matter.
vmscope doctor >/tmp/doctor
status=$?
awk '/^[a-z]/ { probes = $2 ~ /^(bpf\.|tracefs|kvm.xive_queues)/ } !probes' /tmp/doctor
echo "exit status $status"

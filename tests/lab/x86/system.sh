#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What every test inside relies on: CPUs, memory, mounts, a writable /tmp, both outputs, no console
# noise in them.
grep -c ^processor /proc/cpuinfo
for m in /proc /sys /dev /dev/pts /dev/shm /tmp /sys/kernel/debug /sys/kernel/tracing /sys/fs/bpf; do
	grep -q " $m " /proc/mounts || echo "not mounted: $m"
done
[ -c /dev/kvm ] && [ -d /sys/module/kvm_amd ] && echo "kvm_amd"
cat /sys/module/kvm_amd/parameters/nested
echo x >/tmp/x && echo "hello to stderr" >&2
echo "noise: $(dmesg | grep -c -e 'cut here' -e 'Oops:' -e 'BUG: ')"

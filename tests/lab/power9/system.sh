#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What every test inside relies on; and the program starts and says what it can do here.
grep -c ^processor /proc/cpuinfo
for m in /proc /sys /dev /dev/pts /dev/shm /tmp /sys/kernel/debug /sys/kernel/tracing; do
	grep -q " $m " /proc/mounts || echo "not mounted: $m"
done
echo "noise: $(dmesg | grep -c -e 'cut here' -e 'Oops:' -e 'BUG: ')"
vmscope version | sed 's/Linux .*/Linux/; /^built/d'
vmscope doctor >/dev/null
echo "doctor $?"
vmscope run demo </dev/null >/dev/null
echo "run $?"

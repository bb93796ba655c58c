#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# The balloon takes memory from a running Linux guest and gives it back; the guest reports free pages, which
# go to the host; random numbers come from the host; hvc0 is a console.
guest=$(tr '\n' ';' <<'GUEST'
t() { awk '/MemFree/ { print int($2 / 1024) }' /proc/meminfo; }
near() { [ $2 -gt $(($1 - 8)) ] && [ $2 -lt $(($1 + 8)) ] && echo about $1 MB || echo $2 MB; }
sleep 3
a=$(t)
echo @
sleep 3
b=$(t)
echo @
sleep 3
c=$(t)
echo taken: $(near 64 $((a - b)))
echo back: $(near 64 $((c - b)))
cat /sys/class/misc/hw_random/rng_current
head -c 4096 /dev/hwrng | wc -c
echo on-hvc0 >/dev/hvc0
GUEST
)
tests/lab/x86/linux_guest 6.1 1 "modules=virtio_pci,virtio_balloon,virtio_rng,virtio_console end=poweroff \"run=$guest\"" \
	--balloon --rng --virtio-console -x 'catch io if port == 0x3f8 && value == 0x40' -x continue \
	-x 'balloon 64M' -x continue -x 'balloon 0' -x delete -x continue -x 'info device balloon0' >/tmp/run 2>&1
grep -E '^taken|^back|virtio_rng|^4096|hvc0|asked to|exit status|RI[01]' /tmp/run
awk '/ reported / { print ($2 > 1000000 ? "free pages were reported" : "reported only " $2) }
	/ total / { print ($2 > 1000000 ? "statistics are there" : "no statistics") }' /tmp/run
grep -q '^taken' /tmp/run || cat /tmp/run

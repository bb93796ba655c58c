#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# lab: --mem 3G
# guest: 6.12-64k
# Debian's own ppc64le kernel as our guest, without firmware: to a shell on hvc0 with two vCPUs, console
# input by XIVE interrupts; stopped, broken into, stepped; powered off by RTAS.
vmscope doctor | grep -q 'xive_queues *pages of 64 KiB' || { echo "this kernel's pages are too small for XIVE's queues"; exit 77; }
cat >/tmp/script <<'END'
break vfs_read
continue &
wait 150s
print/x $pc - vfs_read
stepi 200
vtop $r1
delete
continue &
type echo R:$(uname -s):$(nproc):$(grep -c XIVE /proc/interrupts) && poweroff -f
wait 150s
END
timeout -s KILL 300 vmscope run --plain --kernel guest/vmlinuz-6.12-64k --initrd guest/initrd --smp 2 --mem 512M \
	--append 'console=hvc0 panic=-1 quiet' --batch /tmp/script >/tmp/out 2>&1
echo "ended with $?"
grep -o 'guest: Linux.*up' /tmp/out
grep -o '^\[console\] R:Linux:2:[1-9]' /tmp/out | sed 's/[1-9]$/some XIVE interrupts/'
grep -e '^\$' -e 'made 200 steps' /tmp/out | sed 's/ at 0x.*//; s/^vCPU [01]/a vCPU/'
grep -o 'page walk of vCPU [0-9], paging radix' /tmp/out | sed 's/vCPU ./a vCPU/'
grep -o 'reboot: Power down' /tmp/out
tail -n 1 /tmp/out

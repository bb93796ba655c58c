#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# lab: --mem 3G
# guest: 6.12-64k
# Debian's own ppc64le kernel as our guest, without firmware: to a shell on hvc0 with two vCPUs, console
# input by XIVE interrupts; stopped, broken into, stepped; powered off by RTAS.
cat >/tmp/script <<'END'
continue &
wait 10s
type uname -s; nproc; grep -c XIVE /proc/interrupts
wait 2s
interrupt
print $_vcpus
break vfs_read
continue &
type cat /proc/interrupts
wait 5s
print/x $pc - vfs_read
stepi 200
vtop $r1
delete
continue &
wait 2s
type poweroff -f
wait 8s
END
sed -i 's/^type \(.*;.*\)$/type "\1\\n"/; /_vcpus/d' /tmp/script
timeout 120 vmscope run --plain --kernel guest/vmlinuz-6.12-64k --initrd guest/initrd --smp 2 --mem 512M \
	--append 'console=hvc0 panic=-1 quiet' --batch /tmp/script >/tmp/out 2>&1
echo "ended with $?"
grep -o 'guest: Linux.*up' /tmp/out
awk '/uname -s; nproc/ { seen = 1; next } seen && n < 3 { sub(/^\[console\] /, ""); sub(/\r$/, ""); print; n++ }' /tmp/out |
	sed '3s/[1-9][0-9]*/some XIVE interrupts/'
grep -e '^\$' -e 'made 200 steps' /tmp/out | sed 's/ at 0x.*//'
grep -o 'page walk of vCPU [0-9], paging radix' /tmp/out | sed 's/vCPU ./a vCPU/'
grep -o 'reboot: Power down' /tmp/out
tail -n 1 /tmp/out

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# A used ring corrupted on purpose (S22): the guest is stopped where the device gives a buffer back, before
# the driver is told; the entry gets an id that no table has. Linux's driver marks its queue broken, its
# I/O ends, and the inspector says where and why. Before that: doorbells per request of a batched load.
mkfifo /tmp/in
dd if=/dev/zero of=/tmp/disk.img bs=1M count=16 2>/dev/null
# One read of 4 MiB is many requests that are queued before the driver rings, however fast the device is.
run="echo 64 >/sys/block/vda/queue/max_sectors_kb; dd if=/dev/vda of=/dev/null bs=4M iflag=direct; dd if=/dev/vda of=/dev/null bs=4k iflag=direct; echo over"
vmscope run --norc --kernel guest/vmlinuz-6.1 --initrd guest/initrd --smp 1 --mem 512M --console stdio --append \
	"console=ttyS0 quiet no_timer_check lpj=1000000 panic=-1 modules=virtio_pci,virtio_blk \"run=$run\"" \
	--disk /tmp/disk.img --batch /tmp/in >/tmp/out 2>&1 &
exec 3>/tmp/in
say() { echo "$*" >&3; }
# Waits for line $1 (a pattern) in what vmscope printed.
until_seen() {
	i=0
	until grep -q "$1" /tmp/out; do
		i=$((i + 1))
		[ $i -gt 600 ] && { echo "never seen: $1"; tail -n 20 /tmp/out; exit 1; }
		sleep 0.1
	done
}

say 'catch virtq blk0 0 used if seq == 800'
say continue
say virtq blk0 0
say virtq blk0 0 history 0
until_seen 'given back per interrupt'
# The ring's size, the used ring's address, its index.
set -- $(sed -n -e 's/.*: split, \([0-9]*\) entries.*/\1/p' -e 's/^  used  \(0x[0-9a-f]*\) .*, idx \([0-9]*\) .*/\1 \2/p' /tmp/out)
grep -o 'doorbells [0-9]* = [0-9.]* each' /tmp/out | tail -n 1 | awk '{ print "doorbells per request below 1:", ($4 < 1) ? "yes" : $4 }'
grep -o 'requests per doorbell: [0-9]*, mean [0-9.]*' /tmp/out | awk '{ print "requests per doorbell above 1:", ($NF > 1) ? "yes" : $NF }'
slot=$((($3 - 1) % $1))
say "set phys($(($2 + 4 + 8 * slot)), 4) = 511"
say delete
say 'continue &'
say 'wait 6s'
say interrupt
say 'wait 1s'
say 'echo after'
say virtq blk0 0
say quit
exec 3>&-
wait
sed -n '/^after/,$p' /tmp/out | tr -d '\r' >/tmp/after
echo "== the driver"
grep -o 'req.*id 511 out of range' /tmp/out
grep -q '^over' /tmp/out && echo "the load went on"
echo "== the inspector"
sed -n -E -e 's/ring\[[0-9]+\] \(index [0-9]+\)/ring[S] (index I)/' -e 's/ \[.*//' -e 's/wrote [0-9]+ there/wrote H there/' \
	-e '/^! RI0[34]/p' -e '/so: Linux/p' /tmp/after

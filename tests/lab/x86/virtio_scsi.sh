#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# lab: --file /usr/sbin/e2fsck:/usr/bin/e2fsck
# Two LUNs behind virtio-scsi with Linux's own drivers: a file system made, filled and read back, discards,
# a LUN that may only be read; and what a batch of requests costs in doorbells.
# (Linux names its disks in the order its threads find them.)
guest='sleep 1; w=sda; r=sdb; [ $(cat /sys/block/sda/ro) = 0 ] || { w=sdb; r=sda; }
mke2fs /dev/$w >/dev/null 2>&1; mount -t ext4 /dev/$w /tmp && dd if=/dev/urandom of=/tmp/a bs=64k count=96 2>/dev/null
cp /tmp/a /tmp/b; rm /tmp/a; cp /tmp/b /tmp/a; sync; echo 3 >/proc/sys/vm/drop_caches; cmp /tmp/a /tmp/b && echo same
fstrim /tmp && echo trimmed; umount /tmp; cat /sys/block/$w/device/model /sys/block/$r/ro
dd if=/dev/zero of=/dev/$r bs=512 count=1 2>/dev/null || echo refused'
guest=$(echo "$guest" | tr '\n' ';')
dd if=/dev/zero of=/tmp/disk.img bs=1M count=32 2>/dev/null
cp /tmp/disk.img /tmp/second.img
tests/lab/x86/linux_guest 6.1 2 "modules=virtio_pci,virtio_scsi,sd_mod,crc32c_generic,ext4 end=poweroff \"run=$guest\"" \
	--disk /tmp/disk.img,if=scsi,mq=2 --disk /tmp/second.img,if=scsi,ro -x continue -x 'info device scsi0' >/tmp/run 2>&1
grep -E '^same|^trimmed|^DISK|^[01]$|^refused|exit status|LUN|RI[01]' /tmp/run || cat /tmp/run
awk '/queue [23]: split/ { requests += $6; kicks += $8 }
	END { print (requests > 100 && kicks < requests ? "fewer doorbells than requests" : requests " requests, " kicks " doorbells") }' /tmp/run
e2fsck -fn /tmp/disk.img >/tmp/fsck 2>&1 && echo "fsck: in order" || cat /tmp/fsck

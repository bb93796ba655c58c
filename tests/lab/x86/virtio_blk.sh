#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# lab: --file /usr/sbin/e2fsck:/usr/bin/e2fsck
# Linux's own driver makes a file system on a disk of ours, fills it, reads it back, and the host finds it
# in order: by PCI and both versions of virtio-mmio, with split and packed rings.
load='mke2fs /dev/vda >/dev/null 2>&1; mount -t ext4 /dev/vda /tmp && dd if=/dev/urandom of=/tmp/a bs=64k count=96
cp /tmp/a /tmp/b; rm /tmp/a; cp /tmp/b /tmp/a; sync; echo 3 >/proc/sys/vm/drop_caches; cmp /tmp/a /tmp/b && echo same
umount /tmp; cat /sys/block/vda/serial; echo; cat /sys/block/vda/queue/write_cache /sys/block/vda/mq/*/nr_tags'
load=$(echo "$load" | tr '\n' ';')

try() {
	smp=$1 modules=$2
	shift 2
	echo "== $*"
	dd if=/dev/zero of=/tmp/disk.img bs=1M count=32 2>/dev/null
	tests/lab/x86/linux_guest 6.1 "$smp" "modules=$modules,virtio_blk,crc32c_generic,ext4 end=poweroff \"run=$load\"" \
		--disk "/tmp/disk.img,serial=lab,mq=2" "$@" -x continue -x 'info device blk0' 2>&1 |
		grep -E 'same|lab|write|^[0-9]+$|differ|accepted|transport|00:01|broken|RI|status'
	e2fsck -fn /tmp/disk.img >/tmp/fsck 2>&1 && echo "fsck: in order" || cat /tmp/fsck
}

try 2 virtio_pci
try 1 virtio_pci --virtio-opt packed=on,indirect=off
try 1 virtio_pci --virtio-opt msix=off,event_idx=off --irqchip split
try 1 virtio_mmio --virtio-opt transport=mmio,packed=on
try 1 virtio_mmio --virtio-opt transport=mmio-legacy

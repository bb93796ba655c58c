#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# lab: --vfio
# A PCI device sits in an IOMMU group of its own, bound to vfio-pci, ready to be given to a guest.
device=
for d in /sys/bus/pci/devices/*; do
	[ "$(cat "$d/vendor"):$(cat "$d/device")" = 0x1234:0x11e8 ] && device=$d
done
[ -n "$device" ] || { echo "no edu device"; exit 1; }
echo "driver $(basename "$(readlink "$device/driver")")"
group=$(basename "$(readlink "$device/iommu_group")")
echo "devices in its group: $(find "/sys/kernel/iommu_groups/$group/devices/" -type l | wc -l)"
[ -c /dev/vfio/vfio ] && [ -c "/dev/vfio/$group" ] && echo "group and container can be opened"
exit 0

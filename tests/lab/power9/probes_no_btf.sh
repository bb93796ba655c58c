#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A kernel that does not describe its types: exits by what tracefs says of the tracepoints, locks by
# contention and by kprobes, without names.
[ -r /sys/kernel/btf/vmlinux ] && { echo "this kernel has BTF"; exit 77; }
vmscope probes >/tmp/probes
awk '/^[a-z]/ { ours = $1 ~ /^(exits|locks|lockorder)$/ } ours && !/attached in/' /tmp/probes
tests/lab/power9/hv hcall 100000000 >/dev/null 2>&1 &
hv=$!
vmscope attach -x 'probe on exits' -x 'wait 2s' -x 'info probe exits' $hv >/tmp/out 2>&1 || cat /tmp/out
kill $hv
for row in 'guest *-' 'host *HCALL' 'run *PAPR_HCALL' 'user *PAPR_HCALL'; do
	grep -q "^$hv/0  *$row" /tmp/out && echo "seen: $row" || { echo "missing: $row"; cat /tmp/out; }
done

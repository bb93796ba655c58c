#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The built-in probes on KVM HV, from outside of the process that runs the guest.
[ -r /sys/kernel/btf/vmlinux ] || { echo "this kernel has no BTF, which these programs are relocated by"; exit 77; }
vmscope probes >/tmp/probes || echo "status $?"
awk '/^[a-z]/ { ours = $1 ~ /^(exits|locks|lockorder)$/ } ours && !/attached in/' /tmp/probes
tests/lab/power9/hv hcall 100000000 >/dev/null 2>&1 &
hv=$!
vmscope attach -x 'probe on exits' -x 'wait 2s' -x 'info probe exits' $hv >/tmp/out 2>&1 || cat /tmp/out
kill $hv
for row in 'guest *-' 'host *HCALL' 'run *PAPR_HCALL *0x' 'user *PAPR_HCALL *0x'; do
	grep -q "^$hv/0  *$row" /tmp/out && echo "seen: $row" || { echo "missing: $row"; cat /tmp/out; }
done

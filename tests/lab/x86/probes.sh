#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A stock kernel serves every part of the built-in probes, and hardware exits are told apart.
vmscope probes >/tmp/probes || echo "status $?"
awk '/^[a-z]/ { ours = $1 ~ /^(exits|locks|lockorder)$/ } ours && !/attached in/' /tmp/probes
awk '$2 ~ /^bpf\.(raw_tp|tp_btf|tp|kprobe|fentry|ringbuf)$/ { print $1, $2 }' <<EOF
$(vmscope doctor)
EOF
vmscope run -x 'probe on exits' -x 'tbreak paging_init' -x continue -x 'info probe exits' demo >/tmp/out || cat /tmp/out
# The demo's greeting goes through its serial port: one exit by the hardware's reason for each byte.
for row in 'guest *-' 'host *IOIO *out 0x3f8/1' 'run *IO *out 0x3f8/1' 'user *IO *out 0x3f8/1'; do
	grep -q "^0  *$row " /tmp/out && echo "seen: $row" || { echo "missing: $row"; cat /tmp/out; }
done
count() {
	awk -v of="$1" '$1 == 0 && $2 == of && $4 == "out" && $5 == "0x3f8/1" { print $6 }' /tmp/out
}
[ "$(count host)" = "$(count run)" ] && echo "as many by hardware as by KVM_RUN" || cat /tmp/out

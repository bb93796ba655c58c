#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Margins of the hypervisor decrementer: a guest that loops is left by trap 980 only, at the host's tick.
vmscope probes >/tmp/probes
sed -n '/^hdec /,/^    actual/p' /tmp/probes | sed 's/raw_tp .*/served/; s/tp  .*/served/; /refused:/d'
tests/lab/power9/hv spin >/dev/null 2>&1 &
hv=$!
vmscope attach --json -x 'probe on hdec events' -x 'wait 2s' -x 'info probe hdec' -x 'info events 20' $hv >/tmp/out 2>&1 || cat /tmp/out
kill -9 $hv
row() {
	sed -n "s/.*\"type\":\"hdec_ticks\".*\"what\":\"$1\".*\"count\":\([0-9]*\).*\"p50\":\([0-9]*\).*/\1 \2/p" /tmp/out
}
if ! grep -qw decrementers_next_tb /proc/kallsyms; then
	grep -q '"what":"exit 980".*"count":[1-9]' /tmp/out || { cat /tmp/out; exit 1; }
	echo "exits by trap 980 are counted; this kernel's next timers can not be read"
	exit 77
fi
# 250 ticks a second, or 100: no more than 5,120,000 timebase ticks lie before an entry.
row "margin at entry" | awk '$1 > 20 && $2 > 512 && $2 <= 5120000 { print "margins as of a host with a tick"; ok = 1 } END { exit !ok }' || cat /tmp/out
row "exit 980 late" | awk '$1 > 20 { print "exits by trap 980"; ok = 1 } END { exit !ok }' || cat /tmp/out
grep -q '"at":512,"label"' /tmp/out && grep -q '"at":2048,"label"' /tmp/out && echo "thresholds"
grep -q '"hdec.exit".*"0x980"' /tmp/out && echo "events" || grep hdec.exit /tmp/out | head -3

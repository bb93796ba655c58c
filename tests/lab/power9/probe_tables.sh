#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What each probe sees of guests under KVM HV, from outside of the processes that run them.
[ -r /sys/kernel/btf/vmlinux ] || { echo "this kernel has no BTF, which most of these programs are relocated by"; exit 77; }
vmscope probes >/tmp/probes || echo "status $?"
for p in halt pmu profile irqs mmu regs; do
	sed -n "/^$p /,/attached in/p" /tmp/probes
done | awk '/^[a-z]/ { name = $1 } /^    [a-z]/ && !/refused:|left out|prototype/ { print name, $1, $2 == "none" ? "none" : "served" }' | grep -v attached
tests/lab/power9/hv spin >/dev/null 2>&1 &
hv=$!
set --
for p in pmu profile:997 irqs mmu regs; do set -- "$@" -x "probe on $p events"; done
set -- "$@" -x 'wait 3s'
for p in pmu profile irqs mmu regs; do set -- "$@" -x "info probe $p"; done
vmscope attach --json "$@" $hv >/tmp/out 2>&1 || cat /tmp/out
kill $hv
has() {
	grep -qE "\"type\":\"$1\".*\"$2\":\"$3\".*\"count\":[1-9]" /tmp/out && echo "seen: $1 $3" || { echo "MISSING: $1 $3"; grep "\"type\":\"$1" /tmp/out; }
}
has pmu_cycles what 'guest cycles'
has pmu_cycles what 'host cycles'
has pmu_instructions what 'guest instructions'
has profile side guest
grep -q 'tracing off around the' /tmp/out && echo "pushes to the XIVE are said not to be seen" ||
	grep '"what":"pushed to XIVE"' /tmp/out
grep -q '"type":"profile".*"side":"guest".*"addr":"0x10c"' /tmp/out && echo "the guest's loop is found" ||
	grep '"side":"guest"' /tmp/out
grep -q '"type":"regs".*"SPRG3".*"verdict":"good"' /tmp/out && echo "SPRG3 is the host's" || grep '"type":"regs"' /tmp/out
grep -o '"type":"probe_state","name":"[a-z]*".*"lost":[0-9]*' /tmp/out | sed 's/.*"name":"\([a-z]*\)".*"lost":\([0-9]*\).*/\1 \2/' |
	awk '{ print $1, $2 ? "lost " $2 : "none lost" }'
# Hypercalls about interrupts, by name and time: H_EOI without an interrupt controller.
tests/lab/power9/hv hcall 100000000 0x64 >/dev/null 2>&1 &
hv=$!
vmscope attach --json -x 'probe on irqs events' -x 'wait 2s' -x 'info probe irqs' $hv >/tmp/out 2>&1 || cat /tmp/out
kill $hv
has irqs detail H_EOI

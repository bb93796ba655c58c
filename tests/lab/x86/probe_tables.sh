#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# One Linux guest under one stock kernel, and what each probe must have seen of it: real entries and exits,
# functions by fentry and kprobes, a disk's doorbells, the guest's own interrupts, halts and timers.
vmscope probes >/tmp/probes || echo "status $?"
for p in halt timers pmu profile irqs mmu virtio regs lifecycle; do
	sed -n "/^$p /,/attached in/p" /tmp/probes
done | awk '/^[a-z]/ { name = $1 } /^    [a-z]/ && !/refused:|prototype:/ { print name, $1, $2 == "none" ? "none" : "served" }' | grep -v attached
dd if=/dev/zero of=/tmp/disk bs=1M count=8 2>/dev/null
set --
for p in halt timers pmu profile:997 irqs mmu virtio regs; do set -- "$@" -x "probe on $p events"; done
set -- "$@" -x continue # until it powers itself off, however slow this machine is
for p in halt timers pmu profile irqs mmu virtio regs; do set -- "$@" -x "info probe $p"; done
vmscope run --json --kernel guest/vmlinuz-6.1 --initrd guest/initrd --smp 2 --mem 512M --disk /tmp/disk --append \
	'console=ttyS0 quiet no_timer_check lpj=1000000 panic=-1 modules=virtio_pci,virtio_blk "run=dd if=/dev/vda of=/dev/null bs=64k; sleep 2; dd if=/dev/zero of=/dev/null bs=1M count=100" end=poweroff' \
	"$@" >/tmp/out 2>&1 || { cat /tmp/out; exit 1; }
# A row of TYPE whose WHAT matches and that has a count.
has() {
	grep -qE "\"type\":\"$1\".*\"$2\":\"$3\".*\"count\":[1-9]" /tmp/out && echo "seen: $1 $3" || echo "MISSING: $1 $3"
}
has halt what 'halt, slept'
has halt what 'wake-up to running'
has halt what 'polled (and won|for nothing)'
has timers what 'LAPIC timer late'
has timers_cycles what 'deadline (late|early)'
has pmu what 'RDMSR'
has pmu what 'guest cpu-clock'
has pmu what 'host cpu-clock'
has profile side guest
has profile side kernel
has irqs what 'accepted to injected'
has irqs what 'injected to EOI'
has irqs what 'line raised'
has mmu what 'page fault'
has mmu what mapped
has virtio what 'doorbell, ioeventfd'
grep -q '"type":"regs".*"verdict":"good"' /tmp/out && echo "seen: regs good"
grep -q '"type":"regs".*field says' /tmp/out && echo "regs bad" && grep field.says /tmp/out
grep -o '"type":"probe_state","name":"[a-z]*".*"lost":[0-9]*' /tmp/out | sed 's/.*"name":"\([a-z]*\)".*"events":\([0-9]*\).*"lost":\([0-9]*\).*/\1 \2 \3/' |
	awk '{ print $1, $2 ? "has events," : "has no events,", $3 ? "lost " $3 : "none lost" }'
grep -q '"type":"pmu_split".*"counter":"cpu-clock"' /tmp/out && echo "split between guest and host"

# irqbypass: three consumers come and go, in order.
vmscope attach --json -x 'probe scope all' -x 'probe on lifecycle' -x 'probe on virtio' -x 'wait 4s' -x 'info probe lifecycle' \
	-x 'info probe virtio' $$ >/tmp/life 2>&1 &
sleep 3
tests/lab/x86/irqfd 3
wait
for call in 'consumer register' 'consumer unregister'; do
	n=$(grep -c "\"call\":\"$call\",\"phase\":\"begins\"" /tmp/life)
	# Newer kernels register none without an IOMMU that posts interrupts.
	[ "$n" -eq 3 ] || { [ "$n" -eq 0 ] && [ "$call" = 'consumer register' ] && [ "$(uname -r | cut -c1-4)" != 6.1. ]; } && n=3
	echo "$call: $n"
done
grep -q lifecycle_finding /tmp/life && cat /tmp/life
has_life() { grep -qE "\"what\":\"$1\".*\"count\":3" /tmp/life && echo "seen: $1 3 times" || { echo "MISSING: $1"; cat /tmp/life; }; }
has_life 'irqfd signalled'

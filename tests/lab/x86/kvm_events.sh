#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The tracepoints of a stock kvm fire for every entry and exit of a guest, with what happened in them.
T=/sys/kernel/tracing
echo 1 >$T/events/kvm/kvm_entry/enable && echo 1 >$T/events/kvm/kvm_exit/enable &&
	echo 1 >$T/events/kvm/kvm_pio/enable || exit 1
tests/lab/x86/tiny 100 || exit 1
echo 0 >$T/events/kvm/enable
entries=$(grep -c 'kvm_entry:' $T/trace)
exits=$(grep -c 'kvm_exit:' $T/trace)
pio=$(grep -c 'kvm_pio: pio_write at 0x10 size 1 count 1' $T/trace)
# An entry more may be for host interrupts and nested page faults; the port writes are exact.
[ "$entries" -ge 101 ] && echo "kvm_entry fires" || echo "kvm_entry: only $entries"
[ "$exits" -ge 101 ] && echo "kvm_exit fires" || echo "kvm_exit: only $exits"
echo "kvm_pio: $pio"
grep -q 'kvm_exit:.*reason hlt' $T/trace && echo "reason hlt seen"
grep -q 'kvm_exit:.*reason npf' $T/trace && echo "reason npf seen"
exit 0

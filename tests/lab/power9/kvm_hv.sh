#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# KVM HV runs a PAPR guest; its tracepoints and hypercalls are seen.
T=/sys/kernel/tracing
[ -c /dev/kvm ] && [ -d /sys/module/kvm_hv ] && echo "kvm_hv"
for event in kvm_guest_enter kvm_guest_exit kvm_hcall_enter; do
	echo 1 >$T/events/kvm_hv/$event/enable || exit 1
done
tests/lab/power9/hv hcall 50 || exit 1
echo 0 >$T/events/kvm_hv/enable
[ "$(grep -c 'kvm_guest_enter:' $T/trace)" -ge 50 ] && echo "kvm_guest_enter fires"
[ "$(grep -c 'kvm_guest_exit:' $T/trace)" -ge 50 ] && echo "kvm_guest_exit fires"
exit 0

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Kernel probes on a function of kvm_amd and on one of kvm, entry and return; the kernel and the
# modules carry BTF, which is what typed probes are made from.
T=/sys/kernel/tracing
echo 'p:lab/vmrun svm_vcpu_run' >$T/kprobe_events || exit 1
# shellcheck disable=SC2016
echo 'r:lab/ioctl kvm_vcpu_ioctl ret=$retval' >>$T/kprobe_events || exit 1
echo 1 >$T/events/lab/enable
tests/lab/x86/tiny 10 >/dev/null || exit 1
echo 0 >$T/events/lab/enable
[ "$(grep -c 'vmrun:' $T/trace)" -ge 11 ] && echo "kprobe svm_vcpu_run fires"
grep -qE 'ioctl:.*ret=(0x)?0$' $T/trace && echo "kretprobe kvm_vcpu_ioctl fires"
: >$T/kprobe_events
for object in vmlinux kvm kvm_amd; do
	[ -s /sys/kernel/btf/$object ] && echo "BTF of $object"
done
exit 0

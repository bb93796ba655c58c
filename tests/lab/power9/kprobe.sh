#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A kernel probe on a function of kvm_hv; which parts of the kernel carry BTF depends on the package:
# 6.1 has none.
T=/sys/kernel/tracing
echo 'p:lab/vcpu_run kvmhv_run_single_vcpu' >$T/kprobe_events || exit 1
echo 1 >$T/events/lab/enable
tests/lab/power9/hv hcall 10 >/dev/null || exit 1
echo 0 >$T/events/lab/enable
[ "$(grep -c 'vcpu_run:' $T/trace)" -ge 10 ] && echo "kprobe kvmhv_run_single_vcpu fires"
: >$T/kprobe_events
case $(uname -r) in
6.1.*) [ -e /sys/kernel/btf/vmlinux ] && echo "6.1 with BTF?" ;;
*)
	for object in vmlinux kvm kvm_hv; do
		[ -s /sys/kernel/btf/$object ] || echo "no BTF of $object"
	done
	;;
esac
exit 0

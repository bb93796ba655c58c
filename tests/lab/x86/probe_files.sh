#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Probe files on a kernel that allows everything: the same exits counted by tracepoint, typed tracepoint, kprobe
# and fentry, with conditions and sums in the kernel, against the kernel's own count (tracefs).
T=/sys/kernel/tracing
echo 'hist:keys=common_pid' >$T/events/kvm/kvm_exit/trigger || exit 1
vmscope probe --duration 6s -e '
tracepoint:kvm:kvm_exit / comm == "tiny" / { @tp = count() }
tp_btf:kvm_exit / comm == "tiny" / { @typed = count(); @vcpu[args.vcpu->vcpu_id] = count() }
kprobe:svm_vcpu_run / comm == "tiny" / { @kprobe = count() }
fentry:svm_vcpu_run / comm == "tiny" && args.vcpu->vcpu_id == 0 / { @fentry = count() }
kretprobe:kvm_vcpu_ioctl / comm == "tiny" && retval == 0 / { @ioctl = count() }
tracepoint:kvm:kvm_exit / comm == "tiny" / { @streamed = count(); $n = $n + 1 }
END { print "seen by the main loop:", $n }
' >out &
pid=$!
sleep 3
tests/lab/x86/tiny 400 >/dev/null || exit 1
wait $pid || { cat out; exit 1; }
want=$(sed -n 's/.*hitcount: *\([0-9]*\)$/\1/p' $T/events/kvm/kvm_exit/hist | awk '{ n += $1 } END { print n }')
echo '!hist:keys=common_pid' >$T/events/kvm/kvm_exit/trigger
for name in tp typed 'vcpu\[0\]' streamed kprobe fentry; do
	got=$(sed -n "s/^@$name: //p" out)
	[ "$got" = "$want" ] && echo "$name agrees" || echo "$name: $got of $want"
done
[ "$want" -ge 400 ] && echo "400 rounds or more"
grep -q '^@ioctl: [1-9]' out && echo "kretprobe fires"
[ "$(sed -n 's/^seen by the main loop: //p' out)" = "$want" ] && echo "nothing lost on the way"
grep -i 'lost' out
vmscope probe --explain -e 'fentry:svm_vcpu_run / args.vcpu->vcpu_id == 0 / { @ = count() }' | sed -n '2,$p'
exit 0

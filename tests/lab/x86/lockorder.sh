#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Lock order on a stock kernel: every take and release of the guest's process is followed by fentry, KVM's
# locks have names, nothing seems held for ever, and KVM does not break its own rules.
vmscope run -x 'probe on lockorder' -x 'continue &' -x 'wait 2s' -x 'info probe lockorder' -x quit demo >/tmp/out 2>&1 || cat /tmp/out
grep -q '^lockorder for .*sleeping fentry, srcu fentry, names iter' /tmp/out && echo "by fentry" || cat /tmp/out
grep -q '^no lock was taken against the order: [1-9][0-9]* taken' /tmp/out && echo "nothing against the order" || cat /tmp/out
for edge in 'vcpu->mutex *-> kvm->srcu' 'kvm->srcu *-> kvm->arch.apic_map_lock'; do
	grep -q "^$edge *ok" /tmp/out && echo "seen: $edge" || { echo "missing: $edge"; cat /tmp/out; }
done
grep 'not followed' /tmp/out
grep -Eq '^holds: [01] +vcpu\[[01]\]->mutex in mutex_lock_killable < kvm_vcpu_ioctl' /tmp/out && echo "a running vCPU holds its mutex" || cat /tmp/out
exit 0

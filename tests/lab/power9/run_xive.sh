#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# XIVE live: what the views show of the demo guest's sources, queues and contexts; actions on the real ESB
# pages; the guest's own triggers and EOIs, caught with its pages taken away, and given back.
vmscope doctor | grep -q 'xive_queues *pages of 64 KiB' || { echo "this kernel's pages are too small for XIVE's queues"; exit 77; }
cat >/tmp/script <<'END'
continue &
wait 1s
interrupt
info xive
xive irq 1
xive set-pq 1 00
xive trigger 1
xive trigger 1
xive eoi 1
xive set-pq 1 00
xive set-pq 0 00
xive mask 0
xive trigger 0
xive unmask 0
catch xive eoi if lisn == 1
continue
info breakpoints
delete
catch xive trigger
continue
delete
continue &
wait 1s
interrupt
info xive log
print cpus[0].ipis > 20 && cpus[1].ipis > 20
delete
catch xive hcall
run
continue
quit
END
timeout 60 vmscope run --plain --append quiet --batch /tmp/script demo >/tmp/out 2>&1
echo "ended with $?"
grep -o '^XIVE, .* queues, ESB pages of 64 KiB' /tmp/out
grep -o '^  0x0[01]00[01] MSI [01][01] .*' /tmp/out | sed 's/MSI [01][01] [a-z]* */MSI /' | sort -u
grep -o 'next [0-9]* gen 1' /tmp/out | sed 's/[0-9][0-9]*/N/'
grep '^\(trigger\|eoi\|set\|mask\|unmask\).*PQ was' /tmp/out | sed '/^set PQ/d'
grep -o 'hit catchpoint [0-9] ([^)]*)' /tmp/out
grep -o 'vm.exit.xive.* origin=[a-z]*' /tmp/out | sed 's/lisn.*origin/origin/' | sort -u
grep -o 'nr=H_INT_[A-Z_]* ret=H_[A-Z]*' /tmp/out
grep '^! XIVE-E2' /tmp/out
grep '^\$' /tmp/out

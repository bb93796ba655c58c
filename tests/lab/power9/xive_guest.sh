#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# A guest on KVM HV, looked at through the arch tables and the XIVE views: registers, a trigger on the real ESB
# page that lands in the guest's queue and is pending in its thread context, the radix walk, the frames,
# the instructions.
cat >"${TMPDIR:-/tmp}/xive_guest.cmd" <<'E'
break work_round vcpu 0
continue
info registers msr cr pvr
x/2i $pc
backtrace
vtop $pc
xive trigger 0x0
xive irq 0
info xive log
xive eoi 0x0
xive set-pq 0x0 01
xive trigger 0x0
info xive log
quit
E
vmscope run --batch "${TMPDIR:-/tmp}/xive_guest.cmd" demo </dev/null 2>&1 | sed -e '/^\[console\]/d' \
	-e 's/0x0*\(10[0-9a-f]\{4\}\)\b/CODE/g' -e 's/^\(+[0-9.]*\)/+TIME/' -e 's/+0x[0-9a-f]*>/+OFF>/g'

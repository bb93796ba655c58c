#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Run control on POWER with more than one vCPU: conditions, watchpoints by stepping, finish, two threads a
# core, what the guest asks for by RTAS, and every branch form stepped to where it leads.
run() {
	timeout -s KILL 60 vmscope run --plain --append quiet "$@" >/tmp/out 2>&1
	echo "ended with $?"
}
echo "== condition, finish, watch"
run -x 'break checksum_block if $r3 == blocks + 0x80' -x continue -x 'info breakpoints' -x finish -x delete \
	-x 'watch shared.rounds' -x continue -x continue -x delete -x 'stepi 1000' -x quit demo
grep -e 'hit [bw]' -e 'checked' -e '8 bytes at' -e '^returned' -e '^vCPU . made' /tmp/out |
	sed 's/vCPU [01] hit w/a vCPU hit w/; s/vCPU [01] made/a vCPU made/; s/ at 0x[0-9a-f]* <.*//; s/returned.*/returned/; s/: 0x[0-9a-f]* -> 0x.*/: one more/; s/checked [0-9]* times*/checked a few times/'
echo "== 4 vCPUs, two a core"
run --smp 4 --smt 2 -x 'continue &' -x 'wait 1s' -x interrupt -x quit demo
grep -o 'hello from vcpu .' /tmp/out | sort
echo "== reboot and power off by RTAS"
run -x 'continue &' -x 'wait 1s' -x 'type r' -x 'wait 1s' -x 'continue &' -x 'wait 1s' -x 'type p' -x 'wait 1s' demo
grep -c 'hello from vcpu 0' /tmp/out
grep '^the guest' /tmp/out
echo "== steps"
run -x 'break first' -x continue -x 'stepi 60' -x 'print $pc == last' -x 'print $r10' -x 'print $r11' -x 'print $r12' \
	-x 'stepi 3' -x 'print $ctr' -x 'print $pc == landed' -x delete -x continue \
	tests/lab/power9/steps-le.elf
grep -e '^\$' -e '^the guest' /tmp/out

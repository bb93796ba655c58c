#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Guests of both byte orders on KVM HV: console, exit status, breakpoints in the guest's byte order, steps,
# registers and memory.
d=tests/lab/power9
for e in le be; do
	echo "== $e"
	timeout 60 vmscope run --plain --exit-from-guest -x 'break *0x10000c' -x continue -x 'print/x $pc' \
		-x 'x/2xw $pc' -x 'x/2i $pc' -x 'stepi 3' -x 'print $r5' -x 'set $r5 = 3' -x continue -x delete \
		-x continue $d/hello-$e.elf
	echo "status $?"
done
echo "== no interrupt controller, flat"
timeout 60 vmscope run --plain --irqchip off --exit-from-guest -x continue $d/hello-le.elf | tail -n 1
echo "== a mode of another machine"
timeout 60 vmscope run --plain --flat 0x8000 --mode real -x continue $d/hello-le.elf 2>&1 | head -n 1

#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# The embedded demo guest and its big-endian twin: two vCPUs started by RTAS, radix, decrementer, XIVE.
vmscope doctor | grep -q 'xive_queues *pages of 64 KiB' || { echo "this kernel's pages are too small for XIVE's queues"; exit 77; }
for image in demo tests/lab/power9/demo-be.elf; do
	timeout 60 vmscope run --plain --smp 2 -x 'continue &' -x 'wait 2s' -x interrupt -x 'info vcpus' \
		-x 'print shared.handovers > 10 && cpus[0].ipis > 10 && cpus[1].ipis > 10' \
		-x 'print cpus[0].ticks > 10 && cpus[1].ticks > 10' -x quit $image >/tmp/out 2>&1
	echo "$image: ended with $?"
	grep -c 'hello from vcpu [01]' /tmp/out
	grep '^\$' /tmp/out
done

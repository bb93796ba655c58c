#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# guest: 6.1
# A running kernel with two CPUs is stopped at an event, at an address it executes, and stepped, and
# goes on as if nothing had been: it comes up and powers itself off.
cat >/tmp/session <<'CMD'
catch io if port == 0x3f8 && value == 0xa
continue
print $cs
hbreak *$rip
delete 1
continue
stepi 1000
print $cs
delete
continue
CMD
tests/lab/x86/linux_guest 6.1 2 end=poweroff --batch /tmp/session |
	sed -E -e '/^$/d' -e 's/^\+[0-9.]+ /+T /' -e 's/(vCPU |vcpu)[01]/\1N/g' -e 's/handle_ns=[0-9]+/handle_ns=N/'

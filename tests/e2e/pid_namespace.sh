#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# In a nested pid namespace (a container) the kernel numbers our threads otherwise than we do: the filter of
# probes and the names of vCPUs must hold all the same.
set -u
"$VMSCOPE" probes 2>&1 | grep -q '^exits *off' || { echo "no probe can run here"; exit 77; }
unshare -p -f --mount-proc true 2>/dev/null || { echo "no pid namespace can be made here"; exit 77; }
unshare -p -f --mount-proc timeout 60 "$VMSCOPE" run -x 'probe on exits events' -x 'continue &' -x 'wait 1s' -x 'interrupt' \
	-x 'info probe exits' -x 'info events 5' demo >"$TMPDIR/out" 2>&1
for row in '^0 +run +IO +out 0x3f8/1 +[1-9]' '^1 +run +IO' 'vcpu[01] exits.user reason='; do
	grep -Eq "$row" "$TMPDIR/out" && continue
	echo "missing: $row"
	cat "$TMPDIR/out"
	exit 1
done
exit 0

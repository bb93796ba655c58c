#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A probe file gives the same answer over a recording as it gave live.
set -u
cat >"$TMPDIR/q.probe" <<'TEXT'
vm:io { @[port, write] = count(); @ns = hist(handle_ns); @q[port] = quantiles(handle_ns) }
vm:console / dir == OUT / { @bytes = sum(len) }
vm:io / write == 1 && value == 'v' / { @v[vcpu] = count() }
sequence vcpu / vm:io if port == 0x3fd -> vm:io if port == 0x3f8 within 1s / { @sequence[vcpu] = count() }
invariant "ports are the console's" { vm:io requires port >= 0x3f8 && port < 0x400; }
TEXT
"$VMSCOPE" run --norc -x "record start $TMPDIR/r.vms" -x "probe load $TMPDIR/q.probe" -x 'break work_round' -x continue \
	-x 'record stop' -x 'probe unload' demo </dev/null >"$TMPDIR/all" || exit 1
sed -n '/^@\|^\[[^c]\|^(\.\.\.\|^finding/p' "$TMPDIR/all" >"$TMPDIR/live"
"$VMSCOPE" probe -i "$TMPDIR/r.vms" "$TMPDIR/q.probe" | sed '/^$/d' >"$TMPDIR/replayed" || exit 1
diff "$TMPDIR/live" "$TMPDIR/replayed" || exit 1
[ "$(wc -l <"$TMPDIR/live")" -gt 10 ] || { cat "$TMPDIR/all"; exit 1; }

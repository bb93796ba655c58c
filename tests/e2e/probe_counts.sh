#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A known number of events of the kernel: counted in the kernel, and streamed to the main loop, none is missing.
set -u
"$VMSCOPE" probe --dry-run -e 'tracepoint:syscalls:sys_enter_getppid { @ = count() }' >"$TMPDIR/said" 2>&1
case $? in
0) ;;
3) tail -n 1 "$TMPDIR/said"; exit 77 ;;
*) cat "$TMPDIR/said"; exit 1 ;;
esac
"$VMSCOPE" probe --duration 4s -e '
BEGIN { print "ready" }
tracepoint:syscalls:sys_enter_getppid / comm == "perl" / { @kernel = count() }
tracepoint:syscalls:sys_enter_getppid / comm == "perl" / { $n = $n + 1; @loop = count() }
END { print "seen", $n }' >"$TMPDIR/out" &
pid=$!
until grep -q ready "$TMPDIR/out"; do sleep 0.1; done
perl -e 'for (1 .. 20000) { syscall(110) }'
wait $pid || exit 1
cat "$TMPDIR/out"
grep -qx '@kernel: 20000' "$TMPDIR/out" && grep -qx '@loop: 20000' "$TMPDIR/out" && grep -qx 'seen 20000' "$TMPDIR/out"

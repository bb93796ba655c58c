#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `vmscope attach` sees the exits of a VM in another process, and leaves nothing behind when killed.
set -u

"$VMSCOPE" probes >"$TMPDIR/probes"
if ! grep -q '^exits *off' "$TMPDIR/probes"; then
	echo "no probe can run here: $(grep -m 1 'cannot run' "$TMPDIR/probes")"
	exit 77
fi
"$VMSCOPE" run -x 'break main' -x 'continue' -x 'delete' -x 'continue &' -x 'wait 20s' demo >"$TMPDIR/guest" 2>&1 &
guest=$!
trap 'kill $guest 2>/dev/null' EXIT
for _ in $(seq 100); do
	grep -q 'hit breakpoint' "$TMPDIR/guest" && break
	kill -0 $guest 2>/dev/null || break
	sleep 0.1
done
if ! grep -q 'hit breakpoint' "$TMPDIR/guest"; then
	grep -q 'not possible\|/dev/kvm' "$TMPDIR/guest" && echo "no guest can run here" && exit 77
	cat "$TMPDIR/guest"
	exit 1
fi

fail() {
	echo "$*"
	cat "$TMPDIR/out"
	exit 1
}

"$VMSCOPE" attach -x 'probe on exits' -x 'wait 1s' -x 'info probe exits' $guest >"$TMPDIR/out" 2>&1 ||
	fail "attach failed"
grep -q "^probes see process $guest" "$TMPDIR/out" || fail "it does not say whom it watches"
grep -Eq "^$guest/0 +run +IO +out 0x3f8/1 +[1-9]" "$TMPDIR/out" || fail "no exit of vCPU 0 by its serial port"
grep -Eq "^$guest/1 +run " "$TMPDIR/out" || fail "nothing of vCPU 1"

# One JSON object a line, with the histogram.
"$VMSCOPE" attach --json -x 'probe on exits' -x 'wait 1s' -x 'info probe exits' $guest >"$TMPDIR/out" 2>&1 ||
	fail "attach --json failed"
grep -q '^{"type":"exits".*"histogram":\[{"type":"bucket","from_ns":' "$TMPDIR/out" || fail "no histogram in JSON"
grep -qv '^{.*}$' "$TMPDIR/out" && fail "a line that is no JSON object"

"$VMSCOPE" attach 1>"$TMPDIR/out" 2>&1
[[ $? == 2 ]] || fail "attach without a PID must end with status 2"
"$VMSCOPE" attach 99999999 >"$TMPDIR/out" 2>&1
[[ $? == 1 ]] || fail "attach to nobody must end with status 1"
grep -q 'there is no process 99999999' "$TMPDIR/out" || fail "the wrong reason"
exit 0

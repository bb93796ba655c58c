#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# The built-in probes on the demo guest: what its halts and timers must leave in each of them.
set -u
fail() {
	printf 'FAILED: %s\n' "$*"
	cat "$TMPDIR/out"
	exit 1
}
[[ -r /dev/kvm && -w /dev/kvm ]] || {
	echo "no /dev/kvm"
	exit 77
}
"$VMSCOPE" probes >"$TMPDIR/out" 2>&1 </dev/null
[[ $(grep -c '^[a-z]*  *off ' "$TMPDIR/out") -ge 4 ]] || {
	echo "probes can not attach here: $(grep -m 1 'probe .* cannot run here' "$TMPDIR/out")"
	exit 77
}
probes=(halt timers irqs)
commands=()
for p in "${probes[@]}"; do commands+=(-x "probe on $p events"); done
commands+=(-x 'probe on profile:997 events' -x 'continue &' -x 'wait 3s' -x 'info probe profile')
for p in "${probes[@]}"; do commands+=(-x "info probe $p"); done
timeout 60 "$VMSCOPE" run --json "${commands[@]}" -x 'info events 100' demo >"$TMPDIR/out" 2>&1 </dev/null || fail "exit status $?"

# has TYPE WHAT: a row of it with a count.
has() {
	grep -qE "\"type\":\"$1\".*\"what\":\"$2\".*\"count\":[1-9]" "$TMPDIR/out" || fail "no row '$2' in $1"
}
has halt 'halt, (slept|polling won)'
has halt 'wake-up to running'
has timers 'LAPIC timer late'
has irqs 'accepted to (EOI|injected)'
for p in "${probes[@]}"; do
	grep -q "\"type\":\"probe_state\",\"name\":\"$p\".*\"lost\":0" "$TMPDIR/out" || fail "$p lost events"
	grep -qE "\"type\":\"$p.*\"histogram\":\[\{" "$TMPDIR/out" || fail "$p has no histogram"
done
grep -qE '"type":"profile",.*"side":"kernel","count":[1-9].*"symbol":"[a-z_]' "$TMPDIR/out" || fail "no function of the kernel"
grep -qE '"type":"profile_sides".*"hz":997' "$TMPDIR/out" || fail "no summary of the samples"
grep -q '"halt.halt"' "$TMPDIR/out" || fail "no event of halt"
grep -q '"timers.expire"' "$TMPDIR/out" || fail "no event of timers"
timeout 60 "$VMSCOPE" run -x 'probe on halt' -x 'continue &' -x 'wait 2s' -x 'info probe halt hist' demo >"$TMPDIR/out" 2>&1 </dev/null
grep -qE '^ +[0-9.]+ [mun]?s +[0-9]+ #+$' "$TMPDIR/out" || fail "no histogram in text"
for bad in profile:0 profile:nonsense profile:cycles:x exits:1; do
	timeout 20 "$VMSCOPE" run -x "probe on $bad" demo >"$TMPDIR/out" 2>&1 </dev/null && fail "$bad is accepted"
done
exit 0

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# `on EVENT do ...` on a real guest: a command at a stopped vCPU while the guest goes on, a stop, the rate,
# and a rule over events of a kernel probe.
set -u
fail() {
	echo "$*"
	cat "$TMPDIR/out"
	exit 1
}

if ! "$VMSCOPE" run -x quit demo >"$TMPDIR/out" 2>&1; then
	echo "no guest can run here: $(tail -n 1 "$TMPDIR/out")"
	exit 77
fi
cat >"$TMPDIR/script" <<'END'
set rule-rate 3
on vm.exit.io where port == 0x3f8 do backtrace
continue &
wait 1s
info on
delete on
interrupt
on vm.exit.io where port == 0x3f8 do stop
continue
info vcpus
END
timeout 60 "$VMSCOPE" run --plain --batch "$TMPDIR/script" demo >"$TMPDIR/out" 2>&1 || fail "the script failed"
grep -q '^#1 .*<main+' "$TMPDIR/out" || fail "no backtrace of the guest at the event"
grep -Eq '^1 .* [1-9][0-9]* hits, [1-6] done, [1-9][0-9]* only counted$' "$TMPDIR/out" || fail "the rate is not kept"
grep -q '^vCPU . interrupted at' "$TMPDIR/out" || fail "the rule did not stop the guest"
[[ $(tail -n 8 "$TMPDIR/out" | grep -Ec 'vCPU .* (stopped|halted)') == 2 ]] || fail "both vCPUs must stand after the stop"

"$VMSCOPE" probes 2>&1 | grep -q '^exits *off' || exit 0
cat >"$TMPDIR/script" <<'END'
probe on exits events
on exits.user where reason == 2 do stop
continue
info on
END
timeout 60 "$VMSCOPE" run --plain --batch "$TMPDIR/script" demo >"$TMPDIR/out" 2>&1 || fail "the script with a probe failed"
grep -q 'vcpu. exits.user reason=2' "$TMPDIR/out" || fail "the event of the host's kernel is not shown"
grep -q '^vCPU . interrupted at' "$TMPDIR/out" || fail "an event of the host's kernel did not stop the guest"
exit 0

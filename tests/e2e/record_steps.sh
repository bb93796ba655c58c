#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Recorded steps are undone: registers and all memory are byte for byte what they were; what ends the way
# back is said.
set -u
cd "$TMPDIR" || exit 1

fail() {
	echo "$*"
	cat out
	exit 1
}

cat >script <<'END'
break work_round
continue
record steps on
dump physical m0 0 0x800000
echo ==A
info registers all
echo ==B
stepi 400
reverse-stepi
stepi
reverse-stepi 400
dump physical m1 0 0x800000
echo ==C
info registers all
echo ==D
stepi 100
break *0x200f0d
reverse-continue
info registers rip
reverse-stepi 5
delete
record steps on 4K
stepi 400
record steps
set $rax = 1
reverse-stepi
quit
END
"$VMSCOPE" run --norc --batch script demo >out 2>&1 </dev/null
grep -q '/dev/kvm\|can not run' out && echo "no guest can run here" && exit 77
grep -q '^400 steps undone' out || fail "400 steps were not undone"
cmp m0 m1 || fail "memory is not what it was"
# The time stamp counter goes on.
diff <(sed -n '/^==A/,/^==B/p' out | tr -d '* ' | grep -v '^==\|^tsc') \
	<(sed -n '/^==C/,/^==D/p' out | tr -d '* ' | grep -v '^==\|^tsc') || fail "registers are not what they were"
[[ $(sed -n '/^==A/,/^==B/p' out | wc -l) -gt 40 ]] || fail "too few registers were compared"
grep -q '^99 steps undone at 0x200f0d' out || fail "reverse-continue does not stop at the breakpoint"
grep -q '^1 step undone; no further: no step before is recorded' out || fail "the beginning is not told"
grep -q 'dropped for room: [1-9]' out || fail "what had no room is not counted"
grep -q 'there is no way back: a register was written' out || fail "a write by the user is not told"
exit 0

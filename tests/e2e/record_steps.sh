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
# The MMU's own marks in page tables, accessed and dirty (bits 5 and 6 of an entry), are not a step's writes.
cmp -l m0 m1 | awk '
	function octal(s, n, i) { for (i = 1; i <= length(s); i++) n = n * 8 + substr(s, i, 1); return n }
	{ was = octal($2); is = octal($3); if (($1 - 1) % 8 || int(was / 128) != int(is / 128) || was % 32 != is % 32) bad = 1 }
	END { exit bad }' || fail "memory is not what it was"
# The time stamp counter goes on.
diff <(sed -n '/^==A/,/^==B/p' out | tr -d '* ' | grep -v '^==\|^tsc') \
	<(sed -n '/^==C/,/^==D/p' out | tr -d '* ' | grep -v '^==\|^tsc') || fail "registers are not what they were"
[[ $(sed -n '/^==A/,/^==B/p' out | wc -l) -gt 40 ]] || fail "too few registers were compared"
grep -q '^99 steps undone at 0x200f0d' out || fail "reverse-continue does not stop at the breakpoint"
grep -q '^1 step undone; no further: no step before is recorded' out || fail "the beginning is not told"
grep -q 'dropped for room: [1-9]' out || fail "what had no room is not counted"
grep -q 'there is no way back: a register was written' out || fail "a write by the user is not told"
exit 0

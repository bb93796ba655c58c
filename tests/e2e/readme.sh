# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# README's five minutes as they stand there: every command line of the tour works, in that order.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	echo "no access to /dev/kvm"
	exit 77
fi
# Lines set off by four blanks are commands; three blanks begin what is said about one.
sed -n '/^## Five minutes/,/^In the guest/p' README.md | sed -n '/in this order/,$s/^    //p' |
	sed 's/   .*//' >"$TMPDIR/tour"
lines=$(wc -l <"$TMPDIR/tour")
[[ $lines -ge 15 ]] || {
	echo "only $lines commands found in README.md"
	exit 1
}
"$VMSCOPE" run --norc --batch "$TMPDIR/tour" demo >"$TMPDIR/out" 2>"$TMPDIR/err" </dev/null || {
	echo "the tour of README.md fails:"
	tail -n 20 "$TMPDIR/out" "$TMPDIR/err"
	exit 1
}
for wanted in 'hit breakpoint 1 ' 'made 5 steps' '^rip .*\*' '^page walk' 'hit breakpoint 2 ' '^returned rax' \
	'hit watchpoint 3 ' 'hit catchpoint 4 '; do
	grep -qE "$wanted" "$TMPDIR/out" && continue
	echo "the tour of README.md never shows: $wanted"
	tail -n 40 "$TMPDIR/out"
	exit 1
done
exit 0

# SPDX-License-Identifier: GPL-3.0-or-later
# Signals while a guest loops for ever: Ctrl-C gives control back soon, others end the program as they should.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	echo "no access to /dev/kvm"
	exit 77
fi
guest=$TEST_BUILD/tests/guest/loops.elf

# Runs until the guest loops, sends the signal, and sets $status and $ms: how long the end took.
signalled() { # signal
	"$VMSCOPE" run -x 'echo looping' -x continue -x 'echo not reached' "$guest" >"$TMPDIR/out" 2>&1 </dev/null &
	local pid=$! start
	for _ in {1..100}; do
		grep -q '^looping' "$TMPDIR/out" && break
		sleep 0.05
	done
	sleep 0.2
	start=$EPOCHREALTIME
	kill "-$1" "$pid"
	wait "$pid"
	status=$?
	ms=$(((${EPOCHREALTIME/./} - ${start/./}) / 1000))
}
fail() {
	echo "$1"
	cat "$TMPDIR/out"
	exit 1
}

signalled INT
grep -qE '^vCPU 0 interrupted at 0x[0-9a-f]+ <spin' "$TMPDIR/out" || fail "Ctrl-C does not stop the guest"
grep -q 'not reached' "$TMPDIR/out" && fail "the script goes on after Ctrl-C"
# The promise is 100 ms; here a loaded machine and the end of the process come on top.
[[ $ms -lt 1000 ]] || fail "Ctrl-C took $ms ms"

for pair in TERM:143 HUP:129 QUIT:131; do
	signalled "${pair%:*}"
	[[ $status -eq ${pair#*:} ]] || fail "SIG${pair%:*}: exit status $status, expected ${pair#*:}"
	[[ $ms -lt 2000 ]] || fail "SIG${pair%:*} took $ms ms"
done

# A reader that goes away ends it quietly.
"$VMSCOPE" run -x 'info registers' demo 2>"$TMPDIR/out" | head -n 1 >/dev/null
[[ ! -s $TMPDIR/out ]] || fail "a closed pipe is reported"
exit 0

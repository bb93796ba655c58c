#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A guest is recorded, then played and reported: the same text as live, forwards and backwards; a recording
# that was cut off by SIGKILL reads.
set -u
cd "$TMPDIR" || exit 1

fail() {
	echo "$*"
	exit 1
}

cat >views <<'END'
echo ===
info registers
backtrace
x/8i $pc
x/16xb $rsp
info lapic
info ioapic
info pic
info idt
info gdt
info vcpus
info mem
info mtree
info exits
info events 12
info console
vtop $rsp
info symbol $pc
END
{
	printf '%s\n' 'break work_round' 'continue' 'stepi 5' 'bookmark five' 'delete' 'catch io if value == 0x76' continue
	cat views
	echo quit
} >live
{
	printf '%s\n' continue continue continue
	cat views
	echo quit
} >forth
{
	printf '%s\n' 'goto end' 'goto start' 'goto end' 'reverse-continue'
	cat views
	echo quit
} >back
"$VMSCOPE" record -o a.vms --mem all run --norc --batch live demo >live.out 2>&1 </dev/null || {
	grep -q '/dev/kvm\|can not run' live.out && echo "no guest can run here" && exit 77
	cat live.out
	exit 1
}
"$VMSCOPE" play --batch forth a.vms >forth.out 2>&1 </dev/null || fail "play failed: $(cat forth.out)"
"$VMSCOPE" play --batch back a.vms >back.out 2>&1 </dev/null || fail "play backwards failed: $(cat back.out)"
# A timer runs on in the kernel while the guest stands: its count is of when it was read.
for f in live forth back; do
	sed -n '/^===/,$p' $f.out | grep -v '^\[console\]\|, current ' >$f.views
done
diff live.views forth.views || fail "playback does not show what the live session showed"
# Marks of change say where one came from: not compared on the way back.
diff <(tr -d '* ' <live.views) <(tr -d '* ' <back.views) || fail "nor does it on the way back"
[[ $(wc -l <live.views) -gt 100 ]] || fail "too little was compared"

"$VMSCOPE" report a.vms >report.out || fail "report failed"
grep -q 'vm.stop pc=0x[0-9a-f]* reason=breakpoint' report.out || fail "the report lacks the stop"
"$VMSCOPE" report --json -F 'io if value == 0x76' a.vms >json.out || fail "report --json failed"
[[ $(wc -l <json.out) -ge 1 ]] && grep -qv '^{"type":"event".*"value":"0x76".*}$' json.out && fail "the filter lets others through"
"$VMSCOPE" report --check a.vms | grep -q '^sound: ' || fail "it is not sound"
"$VMSCOPE" report --stats a.vms | grep -q '^vm.exit.io ' || fail "no statistics"
"$VMSCOPE" play -x 'goto bookmark five' -x 'info recording' a.vms | grep -q 'snapshots are over' || fail "no bookmark"
printf '\xff' | dd of=a.vms bs=1 seek=3000 conv=notrunc 2>/dev/null
"$VMSCOPE" report --check a.vms >check.out && fail "damage goes unnoticed"
grep -q '^damaged: ' check.out || fail "damage is not told"

"$VMSCOPE" record -o b.vms run --norc -x 'continue &' -x 'wait 30s' demo >/dev/null 2>&1 </dev/null &
pid=$!
sleep 2
kill -KILL $pid
wait $pid 2>/dev/null
"$VMSCOPE" report b.vms >killed.out || fail "what was killed does not read"
grep -q 'was not closed' killed.out || fail "it does not say that it was cut off"
[[ $(wc -l <killed.out) -gt 50 ]] || fail "little of it is left"

# The flight recorder, saved by a rule.
"$VMSCOPE" record --ring 1M run --norc -x 'catch io if value == 0x76' -x continue -x 'record save c.vms' demo >ring.out 2>&1 ||
	fail "the flight recorder failed: $(cat ring.out)"
"$VMSCOPE" play -x 'goto end' -x 'info registers' -x 'x/i $pc' c.vms >ring.play 2>&1 || fail "its file does not play"
grep -q '^rip ' ring.play || fail "it has no registers"
exit 0

# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# `vmscope inspect` shows of a recording what the guest showed, at its end and at another time, and of an
# ELF file what it says.
set -u
guest=$TEST_BUILD/tests/guest/virtio_blk.elf
if [[ ! -w /dev/kvm || ! -e $guest ]]; then
	echo "no access to /dev/kvm, or no guests for this architecture"
	exit 77
fi
cd "$TMPDIR" || exit 1

fail() {
	echo "$*"
	exit 1
}

cp "$TEST_BUILD/tests/guest/virtio_blk.img" disk.img
"$VMSCOPE" record -o a.vms run -x 'catch virtq blk0 0 pick if seq == 20' -x continue -x 'echo ===' \
	-x 'virtq blk0 0 chains' -x 'info virtio blk0' --disk disk.img --virtio-opt transport=mmio "$guest" \
	</dev/null >live 2>&1 || fail "recording failed: $(tail -n 3 live)"
sed '1,/^===/d' live >wanted
{
	"$VMSCOPE" inspect virtq blk0 0 chains -f a.vms && "$VMSCOPE" inspect virtio blk0 -f a.vms
} >got || fail "inspect failed"
# Ages are of the moment.
strip() { sed -E 's/[0-9.]+ (ns|us|ms|s)\b/T/g; s/ +T/ T/g' "$1"; }
diff <(strip wanted) <(strip got) || fail "a recording shows something else than the guest"
grep -q 'IN sector 10, 512 B' got || fail "the request is not explained"
"$VMSCOPE" inspect virtio -f a.vms --at start | grep -q 'reset, no driver' || fail "--at start is not the start"
"$VMSCOPE" inspect virtq blk0 0 --json -f a.vms | grep -q '^{"type":"virtq","device":"blk0".*"inflight":1' ||
	fail "no JSON"
"$VMSCOPE" inspect virtq blk0 0 history 2 -f a.vms | grep -q '21 requests, 20 given back' || fail "no history"
"$VMSCOPE" inspect address main -f "$guest" | grep -q 'function .*main' || fail "no symbol of an ELF file"
echo no recording >text
"$VMSCOPE" inspect virtio -f text 2>err && fail "text is no recording"
grep -q 'not a recording' err || fail "no reason: $(cat err)"
"$VMSCOPE" inspect virtio 2>err && fail "inspects nothing"
exit 0

# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 240
# `vmscope inspect --qmp` shows the virtio devices of a QEMU that somebody else runs: its firmware's own
# driver has read the disk's first sector by then. No disk, no firmware, no socket: said.
set -u
# The labs' QEMU; the runner's HOME is not the user's.
lab_cache=$(getent passwd "$(id -u)" | cut -d: -f6)/.cache/vmscope
cache=$lab_cache/qemu
# shellcheck source=/dev/null
. "$(dirname "$0")/../../scripts/lab.d/common"
if [[ -e $cache/usr/bin/qemu-system-x86_64 ]]; then
	lab_cache=${cache%/qemu}
	lab_tool_argv usr/bin/qemu-system-x86_64
else
	echo "no QEMU in the cache: \`scripts/lab fetch x86\` puts one there"
	exit 77
fi
cd "$TMPDIR" || exit 1

fail() {
	echo "$*"
	exit 1
}

# A boot sector that loops.
{
	printf '\xeb\xfe'
	head -c 508 /dev/zero
	printf '\x55\xaa'
	head -c 65024 /dev/zero
} >disk.img
"${lab_tool[@]}" -L "$cache/usr/share/seabios" -L "$cache/usr/share/qemu" -accel tcg -m 64 -display none \
	-nodefaults -drive file=disk.img,if=virtio,format=raw -device virtio-rng-pci \
	-qmp unix:qmp,server=on,wait=off >qemu.log 2>&1 &
pid=$!
trap 'kill $pid 2>/dev/null' EXIT
for ((i = 0; i < 300; i++)); do
	"$VMSCOPE" inspect virtq blk0 0 --qmp qmp >got 2>err && grep -q ', idx 1 ' got && break
	kill -0 $pid 2>/dev/null || {
		echo "this QEMU does not start: $(tail -n 1 qemu.log)"
		exit 77
	}
	sleep 0.2
done
grep -q 'blk0 queue 0, requests: split, 256 entries' got || fail "no queue: $(cat got err)"
grep -q '^! ' got && fail "a ring in order is accused: $(cat got)"
"$VMSCOPE" inspect virtio blk0 --qmp qmp >got || fail "no device"
grep -q 'FEATURES_OK DRIVER_OK' got || fail "no status: $(cat got)"
grep -q '32  yes  *VERSION_1' got || fail "no features: $(cat got)"
grep -q 'config   not known' got || fail "an unknown configuration is not said to be"
"$VMSCOPE" inspect virtio --json --qmp qmp | grep -q '"name":"rng0","device":"rng"' || fail "no rng0"
"$VMSCOPE" inspect virtq rng0 0 --qmp qmp 2>err && fail "a queue that is not set up"
grep -q 'not set up by the driver' err || fail "$(cat err)"
"$VMSCOPE" inspect virtio --qmp nowhere 2>err && fail "no socket"
grep -q -- '-qmp unix:nowhere' err || fail "$(cat err)"
exit 0

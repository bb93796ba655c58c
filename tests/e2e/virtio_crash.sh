# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# vmscope is killed at random while a guest writes: what the guest was told is on the disk is there, and
# no block holds anything but what was written to it.
guest=$TEST_BUILD/tests/guest/virtio_crash.elf
if [[ ! -w /dev/kvm || ! -e $guest ]]; then
	echo "no access to /dev/kvm, or no guests for this architecture"
	exit 77
fi
cd "$TMPDIR" || exit 1

# Reads "ROUND BLOCK" acknowledged, last ones first decide: the block holds that round or a later one.
check() {
	od -An -v -t u4 -w4096 -N $((200 * 4096)) disk.img | awk -v acked="$1" '
		BEGIN {
			while ((getline line < acked) > 0)
				if (split(line, a, " ") == 2 && a[1] + 0 > 0) { done[a[2]] = a[1]; n++ }
		}
		{
			block = NR - 1
			round = int($1 / 65536)
			for (w = 1; w <= NF; w += 64)
				if ($w != $1) { print "block " block " is of two rounds"; bad = 1 }
			if ($1 != 0 && $1 % 65536 != block) { print "block " block " holds another: " $1; bad = 1 }
			if (block in done && round < done[block]) {
				print "block " block " was acknowledged in round " done[block] ", is of " round
				bad = 1
			}
		}
		END { print n + 0 " acknowledged"; exit bad || NR != 200 }'
}

total=0
for turn in 1 2 3 4 5 6; do
	rm -f disk.img && truncate -s 1M disk.img
	ways=(transport=mmio transport=mmio,packed=on transport=mmio-legacy)
	"$VMSCOPE" run --console stdio --disk disk.img --virtio-opt "${ways[turn % 3]}" -x continue "$guest" \
		>out 2>&1 </dev/null &
	pid=$!
	sleep "0.$((3 + RANDOM % 6))$((RANDOM % 10))"
	kill -KILL $pid || { cat out; exit 1; }
	wait $pid 2>/dev/null
	# The last line may be cut off.
	grep -E '^[0-9]+ [0-9]+$' out | sed '$d' >acked
	check acked >result || { echo "turn $turn:"; cat result; exit 1; }
	read -r n _ <<<"$(tail -n 1 result)"
	total=$((total + n))
done
echo "$total writes were acknowledged"
[[ $total -gt 0 ]]

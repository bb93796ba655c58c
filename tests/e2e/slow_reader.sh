# SPDX-License-Identifier: GPL-3.0-or-later
# What a guest prints arrives whole and in order, also when its reader is slow for a while.
set -u
cd "$(dirname "$0")/../.." || exit 1
if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	echo "no access to /dev/kvm"
	exit 77
fi

# Real mode: a to z round and round to COM1, 120000 bytes; then exit by port 0xf4.
printf '\xba\xf8\x03\xbe\x02\x00\xb0\x61\xb9\x60\xea\xee\xfe\xc0\x3c\x7b\x75\x02\xb0\x61\xe2\xf5\x4e\x75\xef\x30\xc0\xe6\xf4\xeb\xfe' >"$TMPDIR/guest"
yes abcdefghijklmnopqrstuvwxyz | tr -d '\n' | head -c 120000 >"$TMPDIR/wanted"

"$VMSCOPE" run --norc --console stdio --flat 0x1000 --exit-from-guest -x continue "$TMPDIR/guest" 2>&1 |
	(sleep 1; cat) >"$TMPDIR/out"
# Before it the stop at the start is shown, behind it the end.
[[ $(tr -d '\n' <"$TMPDIR/out") == *"$(<"$TMPDIR/wanted")"* ]] && exit 0
echo "the guest's output is not complete: $(wc -c <"$TMPDIR/out") bytes in all"
exit 1

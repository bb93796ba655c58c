# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# The makefile itself: nothing is made twice, changed flags are noticed, install goes where it is told.
set -u
cd "$(dirname "$0")/../.." || exit 1
fail() {
	echo "$1"
	[[ -f $TMPDIR/said ]] && tail -n 30 "$TMPDIR/said"
	exit 1
}

# Everything in a folder of its own: the build under test may have other flags and is in use.
one=obj/core/base/bits.o
make BUILD="$TMPDIR/b" "$TMPDIR/b/$one" >"$TMPDIR/said" 2>&1 || fail "one object can not be made"
make BUILD="$TMPDIR/b" -q "$TMPDIR/b/$one" || fail "an object is made twice"
make BUILD="$TMPDIR/b" OPT=-O0 -q "$TMPDIR/b/$one" && fail "changed flags are not noticed"
make BUILD="$TMPDIR/b" "$TMPDIR/b/$one" >"$TMPDIR/said" 2>&1
make BUILD="$TMPDIR/b" -W core/base/bits.h -q "$TMPDIR/b/$one" && fail "a changed header is not noticed"

mkdir -p "$TMPDIR/i"
cp "$VMSCOPE" "$TMPDIR/i/vmscope" || fail "there is no $VMSCOPE"
installed() {
	make BUILD="$TMPDIR/i" -o all DESTDIR="$TMPDIR/root" PREFIX=/usr "$1" >"$TMPDIR/said" 2>&1
}
installed install || fail "make install fails"
"$TMPDIR/root/usr/bin/vmscope" version >"$TMPDIR/said" 2>&1 || fail "the installed program does not run"
installed uninstall || fail "make uninstall fails"
[[ -z $(find "$TMPDIR/root" -type f) ]] || fail "make uninstall leaves files"

for target in all demo check asan bench fuzz install clean; do
	make help | grep -q "^  $target " || fail "make help does not tell of $target"
done

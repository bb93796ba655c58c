# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# The command lines that README and the help promise, as a user types them: output, streams, exit status.
set -u
cd "$(dirname "$0")/../.." || exit 1
guests=$TEST_BUILD/tests/guest

fail() {
	echo "$what: $1"
	sed 's/^/out| /' "$TMPDIR/out" | tail -n 30
	sed 's/^/err| /' "$TMPDIR/err" | tail -n 10
	exit 1
}
run() { # status arguments...
	local wanted=$1 status=0
	shift
	what="vmscope $*"
	"$VMSCOPE" "$@" >"$TMPDIR/out" 2>"$TMPDIR/err" </dev/null || status=$?
	[[ $status -eq $wanted ]] || fail "exit status $status, expected $wanted"
}
out() { grep -qE -- "$1" "$TMPDIR/out" || fail "standard output has no: $1"; }
err() { grep -qE -- "$1" "$TMPDIR/err" || fail "standard error has no: $1"; }
silent() { [[ ! -s $TMPDIR/$1 ]] || fail "std$1 should be empty"; }
json() { # expected type
	"$TEST_BUILD/tests/jsonlines" <"$TMPDIR/out" >"$TMPDIR/types" || fail "$(cat "$TMPDIR/types")"
	grep -qx "$1" "$TMPDIR/types" || fail "no object of type $1"
}

# Without a guest: nothing here needs KVM.
run 0 version
out '^vmscope [0-9]+\.[0-9]+\.[0-9]+$'
silent err
run 0 help
out 'vmscope run'
run 0 help stepi
out '^stepi'
run 0 help run
out '^ +--exit-from-guest'
run 2
err 'no subcommand'
run 2 nonsense
err "nonsense"
run 2 run --nonsense demo
err "--nonsense"
run 1 help nonsense
err "nonsense"
run 1 run "$TMPDIR/nosuch.elf"
err "$TMPDIR/nosuch.elf: No such file"
silent out
"$VMSCOPE" version >/dev/full 2>"$TMPDIR/err" && { what=version; fail "a full disk is no success"; }

if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	run 3 run -x quit demo
	err 'KVM'
	echo "no access to /dev/kvm"
	exit 77
fi

run 0 doctor
out '^ok +kvm +'
run 0 doctor --json
json check

run 0 run -x 'break main' -x continue -x 'info registers' -x quit "$guests/hello.elf"
out 'breakpoint 1 at 0x[0-9a-f]+ <main'
out '^rip +0x[0-9a-f]{16}'
printf 'break leaf\ncontinue\nbacktrace\n' >"$TMPDIR/script"
run 0 run --batch "$TMPDIR/script" "$guests/hello.elf"
out '^#1 .*<middle'
what="run --batch -"
"$VMSCOPE" run --batch - "$guests/hello.elf" <"$TMPDIR/script" >"$TMPDIR/out" 2>"$TMPDIR/err" || fail "fails"
out '^#1 .*<middle'
run 0 run --json -x 'stepi 1000' -x 'info registers' demo
json registers
json stop
# shellcheck disable=SC2016 # $pc is for vmscope
printf 'info registers\nstepi\nx/8i $pc\nx/32xb $sp\nbacktrace\nvtop $pc\ninfo vcpus\ninfo mtree\ninfo lapic\ninfo ioapic\ninfo pic
info idt\ninfo gdt\ninfo mode\ninfo events\ninfo exits\ninfo symbols ma\nlist main\nprint 1+1\nbreak main\ninfo breakpoints\nhelp\n' \
	>"$TMPDIR/script"
run 0 run --json --batch "$TMPDIR/script" demo
json event

# What a script prints is the same on every run of the same guest.
run 0 run -x 'stepi 500' -x 'info registers' -x 'info vcpus' demo
cp "$TMPDIR/out" "$TMPDIR/first"
run 0 run -x 'stepi 500' -x 'info registers' -x 'info vcpus' demo
cmp -s "$TMPDIR/first" "$TMPDIR/out" || fail "two runs differ: $(diff "$TMPDIR/first" "$TMPDIR/out")"

# A failing command ends the script, says where, and nothing after it runs.
printf 'info registers rip\nprint nosuch\necho after\n' >"$TMPDIR/script"
run 1 run --batch "$TMPDIR/script" demo
err 'script:2: '
grep -q after "$TMPDIR/out" && fail "the script goes on after an error"

# (value << 1) | 1 of isa-debug-exit, only when asked for.
run 7 run --exit-from-guest -x continue "$guests/hello.elf"
run 0 run -x continue "$guests/hello.elf"
# mov $3,%al; out %al,$0xf4
printf '\260\003\346\364' >"$TMPDIR/flat.bin"
run 7 run --exit-from-guest --flat 0x1000 -x continue "$TMPDIR/flat.bin"
run 7 run --exit-from-guest --flat 0x100000 --mode long -x continue "$TMPDIR/flat.bin"
run 0 run --console stdio -x continue "$guests/hello.elf"
out '^hello from long mode'

# Nothing coloured where nobody asked; colours where somebody did.
run 0 run -x 'info registers' demo
grep -q $'\033' "$TMPDIR/out" && fail "escape sequences in a file"
run 0 run --color=always -x 'info registers' demo
grep -q $'\033\\[' "$TMPDIR/out" || fail "--color=always does not colour"
exit 0

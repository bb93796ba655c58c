# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 60
# shellcheck disable=SC2016 # $1 is the debuggee's value history
# Scripts, pipes and exit statuses of the program, on the fake guest: everywhere the same.
set -u
fake=$TEST_BUILD/tests/vmscope-fake
out=$TMPDIR/out err=$TMPDIR/err
export FAKE_TALK=1

fail() {
	echo "$1"
	echo "-- stdout"
	cat "$out"
	echo "-- stderr"
	cat "$err"
	exit 1
}

# expect STATUS WHAT COMMAND...
expect() {
	local wanted=$1 what=$2 status=0
	shift 2
	"$@" >"$out" 2>"$err" </dev/null || status=$?
	[[ $status -eq $wanted ]] || fail "$what: exit status $status, expected $wanted"
}
has() { grep -qE -- "$1" "$2" || fail "nothing in ${2##*/} matches: $1"; }
hasnt() { grep -qE -- "$1" "$2" && fail "${2##*/} must not have: $1"; }

run() { "$fake" run --norc "$@"; }

# -x and --batch keep their order; what is left of the guest is ended.
printf 'print 2\n# a comment\n\nprint 3\n' >"$TMPDIR/script"
expect 0 order run -x 'print 1' --batch "$TMPDIR/script" -x 'print 4' fake
[[ $(grep -E '^\$' "$out" | tr '\n' ' ') == '$1 = 1 $2 = 2 $3 = 3 $4 = 4 ' ]] || fail "wrong order"

# A line that resumes the guest is over when it stops.
expect 0 wait run -x 'break leaf' -x continue -x 'print $pc == leaf' -x 'delete' -x continue fake
has '^\$1 = 1$' "$out"
has '^\[debug port\] \.\.!$' "$out"

# The first error ends the script and names its place.
printf 'print 1\nprint (\nprint 3\n' >"$TMPDIR/script"
expect 1 'error in a script' run --batch "$TMPDIR/script" fake
has "script:2: " "$err"
hasnt '= 3' "$out"
expect 1 'error in -x' run -x 'print 1' -x nonsense -x 'print 3' fake
has "^vmscope: -x 'nonsense': there is no command" "$err"
# Scripts that run scripts, more often than anybody can wait for: a signal ends them.
for i in {1..13}; do
	for _ in {1..20}; do echo "source $TMPDIR/s$((i + 1))"; done >"$TMPDIR/s$i"
done
echo 'print 1' >"$TMPDIR/s14"
expect 143 'nested scripts' timeout --preserve-status -k 10 -s TERM 1 "$fake" run --norc -x "source $TMPDIR/s1" fake

# What a script or a file calls things reaches the terminal only in readable form.
expect 1 'escape sequences' run -x $'print "\e]0;owned\a' -x 'print 3' fake
hasnt $'[\a\e]' "$err"
has '[\\]e]0;owned' "$err"
expect 1 'no script' run --batch "$TMPDIR/absent" fake
has "cannot open script" "$err"

# Data on standard output, one object a line with a type; talk on standard error.
expect 0 json run --json -x 'stepi 3' -x 'info registers rip' -x continue fake
grep -vqE '^\{"type":"[a-z_]+".*\}$' "$out" && fail "a line is not an object with a type"
has '^\{"type":"console","port":233,"text":"\.\.!"\}$' "$out"
hasnt . "$err"

# Exit statuses: quit N, the guest's own, usage, not possible here, a reader that leaves.
expect 7 'quit 7' run -x 'quit 7' -x 'print 1' fake
hasnt '= 1' "$out"
expect 1 'exit from guest' run --exit-from-guest -x continue fake
expect 0 'guest exit not asked for' run -x continue fake
expect 2 'no guest' run
expect 2 'bad option' run --nonsense fake
expect 2 'no subcommand' "$fake"
expect 2 'wrong subcommand' "$fake" nonsense
expect 3 'not possible here' run -x 'print 1' absent
has 'guests can not run here' "$err"
has 'vmscope doctor' "$err"
run -x 'x/60000xb 0x100000' -x 'set $pc = spin' -x continue fake 2>"$err" | head -n 1 >"$out"
[[ ${PIPESTATUS[0]} -eq 141 ]] || fail "a closed pipe: wrong status"
hasnt . "$err"

# Commands from a pipe: an error does not end them, an empty line repeats.
printf 'stepi\n\n\nprint $pc == main+9\nnonsense\nprint 5' | run --plain fake >"$out" 2>"$err"
has '^\$1 = 1$' "$out"
has '^\$2 = 5$' "$out"
has "^error: there is no command 'nonsense'" "$err"
printf 'nonsense\n' | run --json --plain fake >"$out" 2>"$err"
has '^\{"type":"error","text":"there is no command' "$out"

# Signals: the guest is interrupted, or everything ends with 128+N.
# The program itself, not the function: $! is then the one that must end.
"$fake" run --norc -x 'set $pc = spin' -x continue fake >"$out" 2>"$err" &
pid=$!
for _ in $(seq 100); do grep -q 'started\|first' "$out" && break; sleep 0.05; done
kill -TERM $pid
wait $pid
[[ $? -eq 143 ]] || fail "SIGTERM: wrong status"

# The init file runs first, a mistake in it is told, --norc leaves it out.
mkdir -p "$XDG_CONFIG_HOME/vmscope"
printf 'print 7\nnonsense\nprint 8\n' >"$XDG_CONFIG_HOME/vmscope/init"
expect 0 'init file' "$fake" run -x 'print 2' fake
has '^\$1 = 7$' "$out"
has '^\$2 = 2$' "$out"
has 'init:2: ' "$err"
expect 0 norc run -x 'print 2' fake
hasnt '= 7' "$out"

# Help and version talk to people without a guest.
expect 0 help "$fake" help
has 'run \[OPTION' "$out"
expect 0 'help run' "$fake" help run
has '--exit-from-guest' "$out"
expect 0 'run --help' "$fake" run --help
expect 0 'help of a command' "$fake" help stepi
has 'stepi \[N\]' "$out"
expect 0 version "$fake" --version
has '^vmscope [0-9]' "$out"

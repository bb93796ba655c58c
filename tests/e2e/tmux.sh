# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# The full screen in tmux, a second and independent terminal, with the demo guest on real KVM: what a
# first session does. Waits for text with a deadline, never for time.
set -u
if ! command -v tmux >/dev/null; then
	echo "no tmux"
	exit 77
fi
if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	echo "no access to /dev/kvm"
	exit 77
fi
socket=$XDG_RUNTIME_DIR/tmux
t() { tmux -S "$socket" "$@"; }
trap 't kill-server 2>/dev/null' EXIT
screen() { t capture-pane -p -t demo; }

fail() {
	echo "$1; the screen:"
	screen
	exit 1
}
wait_for() { # extended regular expression
	local deadline=$((SECONDS + 20))
	until screen | grep -qE -- "$1"; do
		[[ $SECONDS -lt $deadline ]] || fail "never seen: $1"
		sleep 0.05
	done
}
keys() { t send-keys -t demo "$@"; }
type_line() {
	t send-keys -t demo -l "$1"
	keys Enter
}

cd "$(dirname "$0")/../.." || exit 1
# readline's undo lists are forgotten on purpose (ui/editor.c); other leaks are looked for elsewhere.
export ASAN_OPTIONS=${ASAN_OPTIONS:-}:detect_leaks=0
# The shell's own modes before and after tell whether the terminal was restored.
t -f /dev/null new-session -d -s demo -x 80 -y 25 \
	"stty -g >'$TMPDIR/before'; '$VMSCOPE' run --norc demo; echo \"status \$?\"; stty -g >'$TMPDIR/after'; sleep 100"
wait_for 'STOPPED started'
wait_for '=> 00200000'

keys F11
wait_for 'STOPPED step'
wait_for '=> 00200001'
# Keys typed faster than steps are made are all made.
keys F11 F11 F11
wait_for 'enter_long:'
wait_for '=> 0020000a'

type_line 'break work'
wait_for 'breakpoint 1 at .*<work>'
type_line 'continue'
wait_for 'STOPPED breakpoint 1'
wait_for '^B?=> .* push +rbp|B=> '
wait_for '#1 .*main\+0x'

# Source, a breakpoint by key, deleted again.
keys Escape
wait_for 'b break'
keys p p
wait_for 'main.c source'
keys p
type_line ':delete'
wait_for 'STOPPED'

# The guest runs: the status says so, and Ctrl-C stops it.
keys F5
wait_for 'RUNNING'
keys F2 F2
wait_for '6 console'
keys Escape
wait_for 'F1 help  Tab panel'
type_line ':layout console'
wait_for 'round 20'
start=$(date +%s%N)
keys C-c
wait_for 'STOPPED interrupt'
took=$((($(date +%s%N) - start) / 1000000))
# 100 ms are the program's; the rest is for this script's own polling on a loaded machine.
[[ $took -lt 2000 ]] || fail "Ctrl-C took $took ms"

# Typing to the guest.
keys Escape
wait_for 'F1 help  Tab panel'
keys 6 Enter
wait_for 'keys go to the guest'
keys F5
wait_for 'RUNNING'
keys h
wait_for 'keys: h help'
keys C-]
keys C-c
wait_for 'STOPPED interrupt'

# Another size, then leaving; it asks first.
t resize-window -t demo -x 130 -y 40
wait_for 'F1 help .*zoom'
keys q
wait_for 'The guest is still there'
keys y
wait_for 'status 0'
cmp -s "$TMPDIR/before" "$TMPDIR/after" || fail "the terminal's modes changed"
screen | grep -q 'registers' && fail "the full screen was left on the terminal"
exit 0

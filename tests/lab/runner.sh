#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# shellcheck disable=SC2013,SC2015,SC2016,SC2317,SC2086
# scripts/lab itself: what it hands through, and each way it fails: one clear message, a status of its
# own, and nothing left behind. Prints lines as tests/lab/run does.
#
#     tests/lab/runner.sh [CASE...]
set -u -o pipefail
cd "$(dirname "$(readlink -f "$0")")/../.." || exit 2
tmp=$(mktemp -d "${TMPDIR:-/tmp}/vmscope-runner.XXXXXX") || exit 2
mounted=
trap '[[ -n $mounted ]] && umount "$mounted" 2>/dev/null; rm -rf "$tmp"' EXIT
# All that the lab makes outside of its cache goes here, so that leftovers are seen.
mkdir "$tmp/run" && export TMPDIR=$tmp/run
lab=x86
[[ $(uname -m) == x86_64 ]] || lab=power9

# expect STATUS TEXT COMMAND...: its exit status and a text on its standard error.
expect() {
	local want=$1 text=$2 status=0
	shift 2
	"$@" >"$tmp/out" 2>"$tmp/err" </dev/null || status=$?
	if [[ $status != "$want" ]]; then
		echo "exit status $status, expected $want: $*"
		cat "$tmp/err"
		return 1
	fi
	if ! grep -qF -- "$text" "$tmp/err"; then
		echo "standard error does not say '$text': $*"
		cat "$tmp/err"
		return 1
	fi
}

nothing_left() {
	[[ -z $(ls -A "$tmp/run") ]] && return 0
	echo "left behind: $(ls "$tmp/run")"
	return 1
}

# The process of a QEMU that was started by process $1.
qemu_of() {
	local tries=100 pid
	while ((tries--)); do
		for pid in $(cat "/proc/$1/task/$1/children" 2>/dev/null); do
			if tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q qemu-system-; then
				echo "$pid"
				return 0
			fi
		done
		sleep 0.1
	done
	return 1
}

gone() {
	local tries=50
	while ((tries--)); do
		# A zombie is dead; whoever inherited it reaps it.
		grep -qs '^State:	[^Z]' "/proc/$1/status" || return 0
		sleep 0.1
	done
	echo "process $1 is still there"
	return 1
}

case_usage() {
	expect 2 "which lab" scripts/lab &&
		expect 2 "no lab 'arm'" scripts/lab arm -- true &&
		expect 2 "no command" scripts/lab x86 &&
		expect 2 "has no kernel '5.10'" scripts/lab x86 --kernel 5.10 -- true &&
		expect 2 "has no kernel '6.12-64k'" scripts/lab x86 --kernel=6.12-64k -- true &&
		expect 2 "--smp wants" scripts/lab x86 --smp 0 -- true &&
		expect 2 "--mem wants" scripts/lab x86 --mem 1M -- true &&
		expect 2 "--module wants" scripts/lab x86 --module 'a b' -- true &&
		expect 2 "--timeout wants" scripts/lab x86 --timeout soon -- true &&
		expect 2 "wants a value" scripts/lab x86 --file &&
		expect 2 "unknown option --fast" scripts/lab x86 --fast -- true &&
		expect 125 "wants a terminal" scripts/lab "$lab" --shell &&
		nothing_left
}

case_files() {
	expect 125 "no file no/such/file" scripts/lab "$lab" --file no/such/file -- true &&
		expect 125 "has no module nosuch" scripts/lab "$lab" --module nosuch -- true || return 1
	if [[ $lab == x86 ]]; then
		expect 125 "which the power9 lab can not run" scripts/lab power9 -- /bin/true || return 1
	fi
	nothing_left
}

# Status, both outputs apart, every byte as it was, words with blanks and quotes.
case_through() {
	local status=0
	head -c 300000 /dev/urandom >"$tmp/bytes"
	# shellcheck disable=SC2016
	scripts/lab "$lab" --file "$tmp/bytes:/work/bytes" -- sh -c \
		'cat bytes; printf "%s|" "$@" >&2; exit 7' sh 'a b' "it's" '' '$HOME' \
		>"$tmp/out" 2>"$tmp/err" || status=$?
	[[ $status == 7 ]] || { echo "exit status $status, expected 7"; cat "$tmp/err"; return 1; }
	cmp "$tmp/bytes" "$tmp/out" || return 1
	[[ $(cat "$tmp/err") == "a b|it's||\$HOME|" ]] || { echo "words:"; cat "$tmp/err"; return 1; }
	nothing_left
}

case_no_program() {
	expect 127 "not found" scripts/lab "$lab" -- nosuchprogram && nothing_left
}

# Output comes while the command runs, not when it is over; the limit ends a command that hangs.
case_time_limit() {
	expect 124 "time limit: the command was not done after 15 s" \
		scripts/lab "$lab" --timeout 15 -- sh -c 'echo begun; sleep 1000' &&
		grep -q begun "$tmp/out" || { echo "its output did not arrive"; return 1; }
	nothing_left
}

# seen SECONDS PATTERN: waits until the shell's screen shows it; a screen that never does is printed.
seen() {
	local tries=$(($1 * 5))
	while ((tries--)); do
		tmux -S "$tmp/tmux" capture-pane -p 2>/dev/null >"$tmp/screen"
		grep -qE -- "$2" "$tmp/screen" && return 0
		sleep 0.2
	done
	echo "not seen within $1 s: $2"
	cat "$tmp/screen"
	return 1
}

# A shell on a real terminal: its size is the terminal's, vmscope is on PATH, full-screen programs work.
case_shell() {
	local status=0 keys="tmux -S $tmp/tmux send-keys"
	tmux -S "$tmp/tmux" -f /dev/null new-session -d -x 100 -y 30 \
		"scripts/lab $lab --shell; echo left with \$?; sleep 100" || return 1
	{
		seen 120 '[#$] *$' && $keys 'stty size; which vmscope' Enter &&
			seen 20 '^30 100' && seen 20 '^/usr/local/bin/vmscope' || status=1
		if [[ $status == 0 && $lab == x86 ]]; then
			$keys 'vmscope run demo' Enter
			seen 60 '2 registers' && seen 60 '^ *\(vmscope\)' && [[ $(wc -l <"$tmp/screen") == 30 ]] &&
				$keys quit Enter && seen 30 '[#$] *$' || status=1
		fi
		[[ $status == 0 ]] && $keys 'exit 5' Enter && seen 60 'left with 5' || status=1
	}
	tmux -S "$tmp/tmux" kill-server 2>/dev/null
	[[ $status == 0 ]] || return 1
	sleep 1
	nothing_left
}

case_panic() {
	expect 125 "kernel panic: Kernel panic - not syncing: sysrq triggered crash" \
		scripts/lab "$lab" -- sh -c 'echo c >/proc/sysrq-trigger; sleep 100' &&
		grep -q '^  | ' "$tmp/err" && nothing_left
}

case_qemu_killed() {
	local pid qemu status=0
	scripts/lab "$lab" -- sleep 1000 >"$tmp/out" 2>"$tmp/err" </dev/null &
	pid=$!
	qemu=$(qemu_of $pid) || { echo "no QEMU was started"; cat "$tmp/err"; return 1; }
	kill -KILL "$qemu"
	wait $pid || status=$?
	[[ $status == 125 ]] && grep -q "QEMU was killed by signal 9" "$tmp/err" || {
		echo "exit status $status"
		cat "$tmp/err"
		return 1
	}
	nothing_left
}

# However the runner ends, its QEMU ends with it; a signal it can catch leaves no folder either.
case_runner_killed() {
	local signal pid qemu status
	for signal in TERM KILL; do
		status=0
		scripts/lab "$lab" -- sleep 1000 >"$tmp/out" 2>"$tmp/err" </dev/null &
		pid=$!
		qemu=$(qemu_of $pid) || { echo "no QEMU was started"; cat "$tmp/err"; return 1; }
		kill -"$signal" $pid
		wait $pid 2>/dev/null || status=$?
		gone "$qemu" || return 1
		if [[ $signal == TERM ]]; then
			[[ $status == 143 ]] || { echo "exit status $status, expected 143"; return 1; }
			nothing_left || return 1
		fi
	done
	rm -rf "$tmp"/run/*
}

# small_disk SIZE: a file system of that size on $tmp/small, or 77.
small_disk() {
	mkdir -p "$tmp/small"
	if ! mount -t tmpfs -o "size=$1" tmpfs "$tmp/small" 2>/dev/null; then
		echo "can not mount a small disk (not root)"
		return 77
	fi
	mounted=$tmp/small
}

case_disk_full_run() {
	small_disk 2M || return
	TMPDIR=$tmp/small expect 125 "is full" scripts/lab "$lab" -- true
	local status=$?
	[[ -z $(ls -A "$tmp/small") ]] || { echo "left behind: $(ls "$tmp/small")"; status=1; }
	return $status
}

case_disk_full_cache() {
	small_disk 4M || return
	XDG_CACHE_HOME=$tmp/small expect 125 "is full" scripts/lab fetch "$lab"
}

# in_fetch BODY: BODY run with the fetching part's functions on a cache of its own.
in_fetch() {
	XDG_CACHE_HOME=$tmp/cache bash -u -o pipefail -c \
		". scripts/lab.d/common; . scripts/lab.d/fetch; $1"
}

case_missing_package() {
	expect 125 "no such packages for ppc64el in Debian bookworm: no-such-package" in_fetch '
		make_it() { fetch_debs ppc64el "$1" alone no-such-package; }
		fetch_component absent 1 20 make_it' || return 1
	[[ ! -e $tmp/cache/vmscope/absent ]] || return 1
	expect 125 "no package linux-image-amd64 at version 9.99" in_fetch '
		fetch_component absent 1 20 fetch_make_kernel amd64 linux-image-amd64 9.99'
}

# A cut download is carried on, a damaged one fetched again, and what is unpacked is what was signed.
case_fetch_repairs() {
	local how
	for how in cut damaged; do
		in_fetch "how=$how"'
			prepare() {
				fetch_debs "$3" "$1" alone busybox-static
				deb=$(ls "$1")
				size=$(stat -c %s "$1/$deb")
				if [[ $how == cut ]]; then
					head -c $((size / 2)) "$1/$deb"
				else
					head -c "$size" /dev/zero
				fi >"$lab_cache/apt/$3/archives/$deb"
				rm "$1/$deb"
				fetch_make_busybox "$@"
			}
			fetch_component "busybox-$how" 1 20 prepare ppc64el' >"$tmp/out" 2>&1 || {
			cat "$tmp/out"
			return 1
		}
		cmp "$tmp/cache/vmscope/busybox-$how/bin/busybox" \
			"${XDG_CACHE_HOME:-$HOME/.cache}/vmscope/busybox/ppc64el/bin/busybox" || return 1
	done
}

# Of two that want the same thing at once, one makes it; a half-made one of a killed run is no hindrance.
case_fetch_lock() {
	local body='
		slowly() { echo made >>"$lab_cache/log"; sleep 1; echo x >"$2/x"; }
		fetch_component thing 1 0 slowly'
	mkdir -p "$tmp/cache/vmscope/tmp.killed/root"
	rm -f "$tmp/cache/vmscope/log"
	in_fetch "$body" >"$tmp/first" 2>&1 &
	in_fetch "$body" >"$tmp/second" 2>&1 || { cat "$tmp/second"; return 1; }
	wait $! || { cat "$tmp/first"; return 1; }
	[[ $(cat "$tmp/cache/vmscope/log") == made ]] || { echo "made twice"; return 1; }
	[[ -e $tmp/cache/vmscope/thing/x && ! -e $tmp/cache/vmscope/tmp.killed ]] &&
		cat "$tmp/first" "$tmp/second" | grep -q "waiting for it"
}

failed=0
for name in $(declare -F | sed -n 's/^declare -f case_//p'); do
	if (($#)); then
		[[ " $* " == *" $name "* ]] || continue
	fi
	status=0
	"case_$name" >"$tmp/said" 2>&1 || status=$?
	[[ -n $mounted ]] && umount "$mounted" && mounted=
	case $status in
	0) echo "PASS lab-runner/$name" ;;
	77) echo "SKIP lab-runner/$name: $(tail -n 1 "$tmp/said")" ;;
	*)
		failed=1
		echo "FAIL lab-runner/$name"
		sed 's/^/    | /' "$tmp/said"
		;;
	esac
done
exit $failed

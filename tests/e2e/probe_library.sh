#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 180
# Every file of scripts/probes parses, finds its events and attaches, or says that this machine can not; each tells
# its purpose, its output and its needs. Those that watch the guest count something on the demo guest.
set -u
fail=0
said=$TMPDIR/said
ran=0 refused=0
for file in scripts/probes/*.probe; do
	for word in '^#!/usr/bin/env -S vmscope probe' '^# Output:' '^# Needs:'; do
		grep -q -- "$word" "$file" || { echo "$file: no line $word"; fail=1; }
	done
	args=()
	grep -q 'of our own' "$file" && args=(-- run demo)
	"$VMSCOPE" probe --dry-run "$file" "${args[@]}" >"$said" 2>&1 </dev/null
	case $? in
	0) ran=$((ran + 1)) ;;
	3) refused=$((refused + 1)) ;;
	*)
		echo "$file:"
		cat "$said"
		fail=1
		;;
	esac
done
echo "$ran attach here, $refused say why not"
((ran + refused >= 25)) || { echo "fewer than 25 files"; fail=1; }
for name in ports console function-calls; do
	"$VMSCOPE" probe --duration 400ms "scripts/probes/$name.probe" -- run demo >"$said" 2>&1 </dev/null || fail=1
	grep -q '^@.*: [1-9]' "$said" || { echo "$name counts nothing:"; cat "$said"; fail=1; }
done
exit $fail

#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# Every example of vmscope-probes(7) is taken by the program (or refused as not possible on this machine), and the
# page itself is well-formed.
set -u
page=scripts/man/vmscope-probes.7.scd
n=0
while read -r line; do
	line=${line#vmscope probe }
	n=$((n + 1))
	eval "set -- $line"
	"$VMSCOPE" probe --dry-run "$@" >"$TMPDIR/said" 2>&1 </dev/null
	case $? in
	0 | 3) ;;
	*)
		echo "$line"
		cat "$TMPDIR/said"
		exit 1
		;;
	esac
done < <(grep '^vmscope probe ' $page)
((n >= 6)) || { echo "only $n examples were found"; exit 1; }
scdoc <$page >"$TMPDIR/page" || exit 1
grep -q 'EXIT STATUS' "$TMPDIR/page"

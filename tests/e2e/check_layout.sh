# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/check-layout notices what it is there for: a small tree that is fine, then one fault at a time.
set -u
cd "$(dirname "$0")/../.." || exit 1
tree=$TMPDIR/tree
spdx='/* SPDX-License-Identifier: GPL-3.0-or-later */'

put() { # path lines...
	local path=$tree/$1
	shift
	mkdir -p "$(dirname "$path")"
	printf '%s\n' "$@" >"$path"
}
fresh() {
	rm -rf "$tree"
	mkdir -p "$tree/scripts"
	cp scripts/check-layout "$tree/scripts/"
	# What the real allow-list names exists, and uses its permission.
	while read -r object symbol _; do
		put "${object%.o}.c" "$spdx" "void *$symbol;"
	done < <(sed -n "/^allowed_globals='/,/^'/{/'/d;p}" scripts/check-layout)
	put ui/x.h "$spdx"
	put guest/guest.h "$spdx"
	put guest/vm.h "$spdx"
	put ui/main.c "$spdx" '#include "guest/guest.h"' '#include "core/session/s.h"'
	put core/session/s.h "$spdx" '#include "core/base/b.h"'
	put core/base/b.h "$spdx"
	put core/base/b.c "$spdx" 'static const char *const names[] = { "a" };' \
		'const char *b(void) { return names[0]; }'
	put core/cmd/commands.def "$spdx" 'COMMAND(print)'
	put core/cmd/print.c "$spdx" 'const struct command cmd_print = { 0 };'
}
look() {
	local source
	for source in core/base/b.c $(cd "$tree" && find ui probes -name '*.c' 2>/dev/null | grep -v main.c); do
		mkdir -p "$tree/build/obj/$(dirname "$source")"
		gcc -I "$tree" -c -o "$tree/build/obj/${source%.c}.o" "$tree/$source" || exit 1
	done
	BUILD=build "$tree/scripts/check-layout" >"$TMPDIR/said" 2>&1
	status=$?
}
complains() { # what it must say
	look
	if [[ $status -ne 1 ]] || ! grep -qE -- "$1" "$TMPDIR/said"; then
		echo "exit status $status, and nothing matches: $1"
		cat "$TMPDIR/said"
		exit 1
	fi
	fresh
}

fresh
look
if [[ $status -ne 0 || -s $TMPDIR/said ]]; then
	echo "complains about a tree that is fine:"
	cat "$TMPDIR/said"
	exit 1
fi
put core/base/b.h "$spdx" '#include "ui/x.h"'
complains 'core/base/b.h:2: includes ui/x.h: core includes only core'
put core/base/b.h "$spdx" '#include "core/session/s.h"'
complains 'b.h:2: includes core/session/s.h: an area includes only those before it'
put core/misc/m.h "$spdx" '#include "core/base/b.h"'
complains 'core/misc has no place'
put core/base/b.h "$spdx" '#include <ncurses.h>'
complains 'knows no terminal'
put core/session/s.h "$spdx" '#include <linux/kvm.h>'
complains 'no KVM'
put guest/vm.h "$spdx" '#include "ui/x.h"'
complains 'guest includes only core and itself'
put ui/x.h "$spdx" '#include "guest/guest.h"'
complains 'only ui/main.c and ui/run'
put ui/main.c "$spdx" '#include "guest/vm.h"'
complains 'guest/guest.h is the public face'
put ui/x.h "$spdx" '#include "x.h"'
complains 'include by path from the root'
put ui/x.h "$spdx" '#include "core/base/gone.h"'
complains 'there is no such file'
put core/base/b.c "$spdx" 'int counter;'
complains "core/base/b.c: writable global 'counter'"
put core/base/b.c "$spdx" 'int b(void);' 'int b(void) { static int calls; return ++calls; }'
complains "writable global 'calls'"
put core/base/b.c "$spdx" 'static __thread int depth;' 'int *b(void);' 'int *b(void) { return &depth; }'
complains "writable global 'depth'"
rm "$(find "$tree/ui" "$tree/probes" -name '*.c' -not -name main.c | head -n 1)"
complains 'allow-list names .*, which is gone'
put core/cmd/commands.def "$spdx" 'COMMAND(print)' 'COMMAND(gone)'
complains 'row COMMAND\(gone\), but nothing'
put core/cmd/commands.def "$spdx"
complains 'no row COMMAND\(print\)'
put core/cmd/commands.def "$spdx" 'COMMAND(print)' 'COMMAND(print)'
complains 'more than one row for print'
mapfile -t lines < <(seq -f '/* %g */' 1300)
put core/base/b.h "$spdx" "${lines[@]}"
complains 'core/base/b.h: 1301 lines'
put core/base/b.h '/* no licence */'
complains 'core/base/b.h: no SPDX'
put core/base/b.h "$spdx" '/* TO''DO: later */'
complains 'core/base/b.h:2:.*a leftover'
put core/base/b.h "$spdx" 'int x; '
complains 'core/base/b.h:2: white space'

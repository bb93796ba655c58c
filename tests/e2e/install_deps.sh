# SPDX-License-Identifier: GPL-3.0-or-later
# scripts/install-deps against stubs of dpkg-query, apt-get, apt-cache and id: what it asks for and says.
# The stubs keep state in $TMPDIR: `known` lists fetched, `have` installed packages, `fail` failures left.
# shellcheck disable=SC2016,SC2034 # checks are evaluated
set -u
cd "$(dirname "$0")/../.." || exit 1
bin=$TMPDIR/bin
mkdir -p "$bin"

stub() {
	printf '#!/bin/bash\ncd "%s"\n%s\n' "$TMPDIR" "$2" >"$bin/$1"
	chmod +x "$bin/$1"
}
stub dpkg-query 'sed "s/^/installed /" have'
stub id 'cat uid'
stub apt-cache '[[ -e known ]]'
stub apt-get '
echo "apt-get $*" >>log
[[ " $* " == *" update "* ]] && { touch known; exit 0; }
n=$(cat fail); if [[ $n -gt 0 || ! -e known ]]; then echo $((n - 1)) >fail; echo "E: stub failure" >&2; exit 100; fi
for p in "$@"; do [[ $p == -* || $p == *=* || $p == install ]] || echo "$p" >>have; done'

check() { # what
	if ! eval "$2"; then
		echo "$1"
		sed 's/^/| /' "$TMPDIR/said" "$TMPDIR/log"
		exit 1
	fi
}
start() { # uid failures
	rm -f "$TMPDIR"/{log,known,said}
	: >"$TMPDIR/log"
	echo gcc >"$TMPDIR/have"
	echo "$1" >"$TMPDIR/uid"
	echo "$2" >"$TMPDIR/fail"
}
run() {
	PATH=$bin:$PATH scripts/install-deps "$@" >"$TMPDIR/said" 2>&1
	status=$?
}

start 1000 0
run build
check "not root: one command, nothing done" \
	'[[ $status -eq 1 && ! -s $TMPDIR/log ]] && grep -q "^    sudo apt-get install .* make .*libzydis-dev" $TMPDIR/said'
check "what is there is not asked for" '! grep -qw gcc $TMPDIR/said'
run --print build
check "--print names what is missing" '[[ $status -eq 1 ]] && grep -qx libelf-dev $TMPDIR/said'

start 0 0
run
check "root without lists: update, then install" \
	'[[ $status -eq 0 && $(grep -c . $TMPDIR/log) -eq 2 ]] && head -n 1 $TMPDIR/log | grep -q " update"'
check "no question can be asked" 'tail -n 1 $TMPDIR/log | grep -q -- " install -y "'
check "the test group came too" 'grep -qx libcmocka-dev $TMPDIR/have'
: >"$TMPDIR/log"
run
check "everything there: no apt at all, no word" '[[ $status -eq 0 && ! -s $TMPDIR/log && ! -s $TMPDIR/said ]]'

start 0 1
touch "$TMPDIR/known"
run build
check "a failure is tried once more, with fresh lists" \
	'[[ $status -eq 0 && $(grep -c " install " $TMPDIR/log) -eq 2 && $(grep -c " update" $TMPDIR/log) -eq 1 ]]'

start 0 9
run build
check "two failures: says so, names what is missing, fails" \
	'[[ $status -eq 1 && $(grep -c " install " $TMPDIR/log) -eq 2 ]] && grep -q "still missing: make " $TMPDIR/said'

run everything
check "an unknown group is a usage error" '[[ $status -eq 2 ]]'

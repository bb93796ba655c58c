# SPDX-License-Identifier: GPL-3.0-or-later
# timeout: 120
# What `make demo` shows without a terminal: the tour runs to its end, and each part of it shows something.
set -u
cd "$(dirname "$0")/../.." || exit 1
must() { # extended regular expression
	if ! grep -qE -- "$1" "$TMPDIR/said"; then
		echo "exit status $status; nothing matches: $1"
		cat "$TMPDIR/said"
		exit 1
	fi
}
ended_well() {
	if [[ $status -ne 0 ]]; then
		echo "exit status $status"
		tail -n 20 "$TMPDIR/said"
		exit 1
	fi
}

# Where no guest can run it says so, and shows the image.
"$VMSCOPE" run --plain --kvm "$TMPDIR/nosuch" demo <scripts/demo-image.tour >"$TMPDIR/said" 2>&1
status=$?
must 'no KVM here'
must '^ +[0-9]+ +NOINLINE uint64_t work_round'
must '<mix\+0x[0-9a-f]+>:  '
must 'would have been a session'
ended_well

if [[ ! -r /dev/kvm || ! -w /dev/kvm ]]; then
	echo "no access to /dev/kvm"
	exit 77
fi
"$VMSCOPE" run --batch scripts/demo.tour demo >"$TMPDIR/said" 2>&1 </dev/null
status=$?
must '^vCPU 0 stopped before its first instruction at 0x[0-9a-f]+ <pvh_start>'
must '^mode of vCPU 0: prot32'
must '^\[console\] vmscope demo guest: hello from vcpu 1'
must '^vCPU [01] hit breakpoint 1 at 0x[0-9a-f]+ <work_round>'
must '^#1 .* <work\+0x[0-9a-f]+> at main.c:'
must 'made 6 steps at'
must '^returned rax = '
must 'stops only if .* \(checked [0-9]+ times?\)'
must '^  PTE    at '
must '^  LVT timer .* periodic '
must 'hit catchpoint [0-9]+ \(io\)'
must '^\+[0-9.]+ vcpu[01] vm.exit.io port=0x3f8 '
must 'hit watchpoint [0-9]+ '
must '^vCPU [01] interrupted at '
must 'That was the tour'
ended_well

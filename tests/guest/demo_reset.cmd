# The demo guest asks for a reset, is put back to its start, and powers off by ACPI.
# guest: demo
# args: --console stdio --append quiet --smp 1
# sed: s/0x[0-9a-f]{4,}/ADDR/g
# sed: s/ at ADDR <.*/ at/
# sed: /^(=>|main.c|demo.h)/d
break work_round
continue
type r
delete
continue
reset
tbreak work_round
continue
type p
continue

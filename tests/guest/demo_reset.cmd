# The demo guest asks for a reset, is put back to its start, and powers off by ACPI.
# guest: demo
# args: --console stdio --append quiet --smp 1
# sed: s/0x[0-9a-f]{4,}/ADDR/g
# sed: s/ at ADDR <.*/ at/
# sed: /^(=>|main.c|demo.h)/d
continue &
wait 300
type r
wait 10s
reset
continue &
wait 300
type p
wait 10s

# A guest that loops for ever: interrupted by a time limit, stepped, freed; then one that halts for ever.
# guest: build/tests/guest/loops.elf
# sed: s/0x[0-9a-f]\{6,\}/ADDR/g
continue &
wait 100
interrupt
assert $rax > 100
set $rax = 0
stepi 10
assert $rax == 5 || $rax == 6
set $rip = halt
continue
reset
stepi
x/i $pc

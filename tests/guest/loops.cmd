# A guest that loops for ever: interrupted by a time limit, stepped, freed; then one that halts for ever.
# guest: build/tests/guest/loops.elf
# sed: /interrupted at/,+2d
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue &
wait 300
interrupt
assert $rax > 0
set $rax = 0
set $rip = spin
stepi 10
assert $rax == 5
set $rip = halt
continue
reset
stepi
x/i $pc

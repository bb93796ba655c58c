# A guest that floods both consoles with every byte there is: stopped at once, memory and registers readable.
# guest: build/tests/guest/flood.elf
# args: --console none
# sed: s/0x10[0-9a-f]{4}/ADDR/g
# sed: /interrupted at/,+2d
# sed: s/ at ADDR <main.*//
continue &
wait 300
interrupt
assert $cs == 0x10
delete
xp/2xw 0x100000
kill

# A guest that floods both consoles with every byte there is: stopped at once, memory and registers readable.
# guest: build/tests/guest/flood.elf
# args: --console none
# sed: s/0x[0-9a-f]\{6,\}/ADDR/g
# sed: s/^.*interrupted.*$/interrupted/
continue &
wait 300
interrupt
assert $cs == 0x10
delete
xp/2xw 0x100000
kill

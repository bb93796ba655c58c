# A guest that writes over all of its memory, its own code and the boot tables among it.
# guest: build/tests/guest/wild.elf
# args: --console stdio --mem 2M
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue
xp/4xw 0x100000
xp/xw 0x1ffffc
x/i $pc

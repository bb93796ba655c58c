# A guest that writes over all of its memory, its own code and the boot tables among it.
# guest: build/tests/guest/wild.elf
# args: --console stdio --mem 2M
# sed: s/0x[0-9a-f]\{6,\}/ADDR/g
continue
xp/4xw 0
xp/xw 0x1ffffc
print $edi

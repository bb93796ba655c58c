# A guest that asks for a reset is put back to its start and runs again.
# guest: build/tests/guest/poweroff.elf
# args: --console stdio --append 8042
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue
reset
break main
continue
continue

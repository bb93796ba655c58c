# Device models: their registers, and accesses nobody answered.
# guest: build/tests/guest/mmio_nowhere.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
info device uart0
info device debug-exit
continue
info device uart0
info device debug-exit
info unclaimed

# MMIO to nowhere, and catching it.
# guest: build/tests/guest/mmio_nowhere.elf
# args: --console stdio
# sed: s/0x[0-9a-f]\{6,\}/ADDR/g
# sed: s/^+[0-9.]*/+T/
# sed: s/handle_ns=[0-9]*/handle_ns=N/
catch mmio if write && value == 0x12345678
continue
delete
continue
info exits

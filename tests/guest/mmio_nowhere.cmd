# MMIO to nowhere, and catching it.
# guest: build/tests/guest/mmio_nowhere.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
# sed: s/^[+][0-9.]+/+T/
# sed: /^vCPU 0 .*to user space/d
# sed: s/handle_ns=[0-9]*/handle_ns=N/
catch mmio if write && value == 0x12345678
continue
delete
continue
info exits

# isa-debug-exit: the process ends with the guest's status.
# guest: build/tests/guest/poweroff.elf
# args: --console stdio --append exit2 --exit-from-guest
# status: 67
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue

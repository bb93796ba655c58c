# isa-debug-exit: the process ends with the guest's status.
# guest: build/tests/guest/poweroff.elf
# args: --console stdio --append exit4 --exit-from-guest
# status: 69
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue

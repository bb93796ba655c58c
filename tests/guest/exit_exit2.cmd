# isa-debug-exit: the process ends with the guest's status.
# guest: build/tests/guest/poweroff.elf
# args: --console stdio --append exit2 --exit-from-guest
# status: 67
# sed: s/0x[0-9a-f]\{6,\}/ADDR/g
continue

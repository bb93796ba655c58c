# A guest that crashes is no success for --exit-from-guest.
# guest: build/tests/guest/poweroff.elf
# args: --console none --exit-from-guest --append triple
# status: 4
# sed: s/0x10[0-9a-f]{4}/ADDR/g
# sed: s/^[+][0-9.]+/+T/
continue

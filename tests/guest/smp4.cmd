# 4 vCPUs brought up by INIT and SIPI one after the other.
# guest: build/tests/guest/smp.elf
# args: --console stdio --smp 4
# sed: s/0x10[0-9a-f]{4}/ADDR/g
info vcpus
continue

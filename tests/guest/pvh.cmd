# PVH: the 32-bit entry and what the ABI promises there.
# guest: build/tests/guest/pvh.elf
# args: --console stdio --append from-the-command-line
info mode
xp/xw $ebx
continue

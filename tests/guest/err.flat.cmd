# Real mode can not reach above 1 MiB.
# sed: s,/[^ ':]*/,,g
# guest: build/tests/guest/sector.bin
# args: --flat 0x100000
continue

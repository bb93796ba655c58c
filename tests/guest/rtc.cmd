# CMOS memory sizes, time, the periodic interrupt.
# guest: build/tests/guest/rtc.elf
# args: --console stdio --mem 128M
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue

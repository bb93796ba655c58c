# String and wide port instructions, devices that take bytes only, ports where nobody is.
# guest: build/tests/guest/string_io.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue

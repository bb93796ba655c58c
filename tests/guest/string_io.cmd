# String and wide port instructions, devices that take bytes only, ports where nobody is.
# guest: build/tests/guest/string_io.elf
# args: --console stdio
# sed: s/0x[0-9a-f]\{6,\}/ADDR/g
continue

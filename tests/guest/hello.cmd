# Long mode: breakpoints, backtrace, finish, memory, expressions, the end by debug exit.
# guest: build/tests/guest/hello.elf
# args: --console stdio --append a=1
# sed: s/0x10[0-9a-f]{4}/ADDR/g
info mode
break middle
continue
x/dw &counter
x/4xw &pattern
tbreak leaf if $edi == 2
continue
backtrace
finish
finish
assert *(u32 *)&counter == 3
continue

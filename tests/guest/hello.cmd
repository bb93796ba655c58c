# Long mode: breakpoints, backtrace, finish, memory, expressions, the end by debug exit.
# guest: build/tests/guest/hello.elf
# args: --console stdio --append a=1
# sed: s/0x[0-9a-f]\{6,\}/ADDR/g
info mode
break middle
continue
backtrace
print counter
print/x pattern
x/4xw &pattern
finish
assert counter == 3
tbreak leaf if a == 2
continue
continue

# step, next, until, finish, nexti by source lines, in recursion and over a repeated instruction.
# guest: build/tests/guest/lines.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}\b/ADDR/g
break main
continue
next
step
next
# over a recursive call: stops in this frame, not in an inner one
next
assert $edi == 5 || $ebx == 5
list
tbreak fact if $edi == 2
run
continue
backtrace
finish
up 2
list
frame 0
finish
finish
assert $eax == 24
delete
tbreak sum_to
continue
next 3
until
until
info line
finish
assert $eax == 55
tbreak fill
continue
nexti
nexti
info registers rcx
finish
assert b[&buffer + 63] == 0xa5
x/4xb &buffer
continue

# C variables: conditions on them run on the vCPU's thread; frames without frame pointers; finish at once.
# guest: build/tests/guest/locals.elf
# sed: s|0x0*10[0-9a-f]{4}|ADDR|g
# sed: s|[+]0x[0-9a-f]+>|+N>|g
# sed: s|0x7[0-9a-f]{4}|STACK|g
tbreak plain
continue
info args
print small
print *(u8 *)items
tbreak fast if weight == 3 && item->id == 9
continue
backtrace
info args
print item
assert item->id == 9 && item->name == "nine"
print *item
ptype item
up
info locals
assert n == 3
up
info args
assert small == -1
assert $rsp > 0
down 2
finish
finish
set small = 1
next 2
print signed_sum
assert signed_sum == 46
set signed_sum = -46
continue

# Stepping over halts: the timer's handler is run through, its return is in the line, no trap flag stays.
# guest: build/tests/guest/irq_lapic.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
break wait_irq
continue
next
next
next
assert ($rflags & 0x100) == 0
assert d[&timer_count] >= 1
delete
continue

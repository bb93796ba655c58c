# Typing at the demo guest: a page fault it survives, an echo, the end with a status.
# guest: demo
# args: --console stdio --append quiet --smp 1
# sed: s/0x[0-9a-f]{4,}/ADDR/g
tbreak work_round
continue
type f
type abc
type q
continue

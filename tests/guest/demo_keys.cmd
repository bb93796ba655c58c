# Typing at the demo guest: a page fault it survives, an echo, the end with a status.
# guest: demo
# args: --console stdio --append quiet --smp 1
# sed: s/0x[0-9a-f]{4,}/ADDR/g
continue &
wait 300
type f
wait 200
type abc
wait 200
type q
wait 10s

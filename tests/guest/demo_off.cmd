# Without a local APIC (irqchip off) the demo guest polls: typing works there too.
# guest: demo
# args: --console stdio --append quiet --smp 1 --irqchip off
# sed: s/0x[0-9a-f]{4,}/ADDR/g
tbreak work_round
continue
type f
type abc
type q
continue

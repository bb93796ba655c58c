# PIT and PIC, irqchip off.
# guest: build/tests/guest/irq_pit.elf
# args: --console stdio --irqchip off
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue

# PIT and PIC, irqchip split.
# guest: build/tests/guest/irq_pit.elf
# args: --console stdio --irqchip split
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue

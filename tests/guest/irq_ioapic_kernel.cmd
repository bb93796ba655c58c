# PIT and serial port through the IOAPIC, irqchip kernel.
# guest: build/tests/guest/irq_ioapic.elf
# args: --console stdio --irqchip kernel
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue

# Serial input by interrupt: what is typed arrives.
# guest: build/tests/guest/irq_uart.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
tbreak wait_irq
continue
type hello there
continue

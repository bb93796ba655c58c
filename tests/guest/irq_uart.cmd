# Serial input by interrupt: what is typed arrives.
# guest: build/tests/guest/irq_uart.elf
# args: --console stdio
# sed: s/0x10[0-9a-f]{4}/ADDR/g
continue &
wait 200
type hello there
wait 10s

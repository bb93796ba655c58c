info xive
info xive irq 0x1201
info xive irq 0x1200
info xive-irq 0x1210
info xive irq 0x1220
info xive esb 0x1210
info esb 0x1200

# json
info xive
info xive irq 0x1201
info xive esb 0x1200
xive trigger 0x1200
info xive log

xive trigger 0x1200
xive trigger 0x1200
xive irq 0x1200
xive eoi 0x1200
xive eoi 0x0
xive mask 0x1
xive trigger 0x1
xive unmask 0x1
xive set-pq 0x1201 00
xive set-pq 0x1201 11
info xive log
info xive
catch xive hcall if lisn == 0x1200
catch xive
catch xive.eoi
info breakpoints

info target
info mode
info gdt
info idt 14
info lapic
info ioapic
info pic
info pit
info routes
info pending

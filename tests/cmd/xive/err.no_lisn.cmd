info xive irq

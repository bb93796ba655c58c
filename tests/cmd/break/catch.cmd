catch io if port == 0xe9 && value == 0x2e
info breakpoints
continue
continue
delete
catch hlt mmio
catch io if port == 0xf4
info breakpoints
continue

break leaf if *(u8 *)0xdead00000 == 1
continue

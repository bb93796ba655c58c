print *(u64 *)0xdead00000

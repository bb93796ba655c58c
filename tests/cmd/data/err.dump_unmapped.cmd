dump memory /dev/null 0x3ffff0 0x700000

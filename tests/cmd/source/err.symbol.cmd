info symbol 0x300000

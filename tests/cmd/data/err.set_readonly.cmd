set q[0xdead00000] = 1

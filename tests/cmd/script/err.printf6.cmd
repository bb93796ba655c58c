printf "%s", 0xdead00000

printf "%999d", 1

printf "%n", 1

continue 3

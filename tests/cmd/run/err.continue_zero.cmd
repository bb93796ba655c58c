continue 0

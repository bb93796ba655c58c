watch counter 0

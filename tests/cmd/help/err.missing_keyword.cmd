break leaf if

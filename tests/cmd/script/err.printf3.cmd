printf %d

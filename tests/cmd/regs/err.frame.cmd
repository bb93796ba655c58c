frame 12

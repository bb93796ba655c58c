x/4x

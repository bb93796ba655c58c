# the readable part of a row comes before the error
x/4xg 0x3ffff0
xp/4xg 0x3ffff0

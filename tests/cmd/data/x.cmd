x/4xw table
x
x/2
x/8xb main
x/3xh main
x/2xg table
x/2dw table
x/3ub main
x/2ob main
x/2tb main
x/2tw table
x/4c message
x/2a $rsp
x/2fg table
x/fw table
x/s message
x/2s message
x/3i main
x/i
x/2z table
print $_
xp/2xg 0x1000
xp/s 0x200040
xp/2i 0x100000

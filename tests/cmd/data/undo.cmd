set $rax = 1
set $al = 0xff
set q[counter] = 7
set d[table] = 9
set phys(0x200040, 1) = 0x48
set $xmm0 = 3
undo
print $xmm0
undo 2
x/s message
x/xw table
undo
print q[counter]
undo
print $rax
undo
print $rax

# pc, sp and fp of an outer frame
break leaf
continue
up
info registers rip rsp rbp
print $pc
x/i $pc
frame 2
frame
down
up 5

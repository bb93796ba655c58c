display/x $rcx
display/2i $pc
display q[counter]
display *(u64 *)0xdead00000
info display
stepi
undisplay 2
undisplay 4
stepi
display
undisplay
stepi
info display

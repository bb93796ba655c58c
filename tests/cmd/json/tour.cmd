# json
break leaf if $rdi == 3
info breakpoints
continue
info registers
info registers rip xmm0
print/x $rip
x/2xw table
x/s message
x/i $pc
backtrace
finish
display/i $pc
stepi
vtop main
info mtree
info events 2
info vcpus
watch counter
info target
show
help quit
continue
continue

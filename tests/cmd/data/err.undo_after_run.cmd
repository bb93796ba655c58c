set $rax = 1
stepi
undo

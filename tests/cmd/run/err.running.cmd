set $rip = spin
continue &
set $rax = 1

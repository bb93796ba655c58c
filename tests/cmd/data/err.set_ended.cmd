continue
set $rax = 1

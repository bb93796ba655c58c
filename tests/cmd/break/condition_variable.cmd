# a $variable counts with the value it had when the breakpoint was made
set $n = 2
break leaf if $rdi == $n
set $n = 3
continue
print $rdi

break leaf if $rdi == 2
break *0x100212 if q[counter] > 1 && $rax != 0
info breakpoints
continue
print $rdi
condition 1 $rdi == 1
info breakpoints
continue
continue
condition 1
info breakpoints

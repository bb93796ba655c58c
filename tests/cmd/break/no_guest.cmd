# no-target
break leaf
info breakpoints
run
continue

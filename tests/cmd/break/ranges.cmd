break main
break work
break leaf
disable 1-2
info breakpoints
delete 2-3
info breakpoints

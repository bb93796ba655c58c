break leaf
break leaf
break work
clear leaf
info breakpoints
continue
clear
info breakpoints
